"""A run as a response that grows: nothing is left open, whatever happens to the run or to its reader."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql.live_response import LiveResponse
from agui_runtime.adapters.graphql.projection import Projection
from agui_runtime.adapters.scripted import call, say
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import GENERIC_MESSAGE, UnavailableError
from agui_runtime.domain.identity import RunKey, Scope, ThreadId
from tests.support.aio import run
from tests.support.clock import START

DONE = e.RunFinished("t", "r")
UNFINISHED = e.TextMessageEnd("m", closed_by_runtime=True)


def response() -> LiveResponse:
    return LiveResponse(Projection(thread_id="t", run_id="r", agent_name="writer", state={}))


async def batches(*events: e.Event, then: Exception | None = None) -> AsyncIterator[Sequence[LogEntry]]:
    key = RunKey(Scope("s"), ThreadId("t"), 1)
    for number, event in enumerate(events, 1):
        yield [LogEntry(number, key, event, START)]
        await asyncio.sleep(0)
    if then is not None:
        raise then


async def shown(live: LiveResponse) -> list[Any]:
    """All messages, each with its pieces and its status."""
    result: list[Any] = []
    async for message in live.messages:
        if isinstance(message, o.TextMessageOutput):
            pieces = [piece async for piece in message.content]
            result.append((message.id, pieces, await message.status))
        elif isinstance(message, o.ActionExecutionMessageOutput):
            pieces = [piece async for piece in message.arguments]
            result.append((message.id, pieces, await message.status))
        else:
            result.append(message)
    return result


def pumped(*events: e.Event, then: Exception | None = None) -> tuple[list[Any], o.ResponseStatus, LiveResponse]:
    async def test() -> tuple[list[Any], o.ResponseStatus, LiveResponse]:
        live = response()
        pump = asyncio.create_task(live.pump(batches(*events, then=then)))
        async with asyncio.timeout(5):
            messages, status = await shown(live), await live.status
        await asyncio.gather(pump, return_exceptions=True)
        return messages, status, live

    return run(test())


def test_messages_grow_and_close_and_the_response_succeeds() -> None:
    messages, status, live = pumped(*say("m", ["a", "b"]), *call("c", "add", ["{}"]), DONE)
    assert messages == [("m", ["a", "b"], o.SUCCESS), ("c", ["{}"], o.SUCCESS)]
    assert status == o.SuccessResponseStatus()
    assert live.is_complete


def test_a_result_has_the_id_that_clients_expect() -> None:
    messages, _, _ = pumped(*call("c", "add", ["{}"]), e.ToolCallResult("own-id", "c", "3"), DONE)
    result = messages[1]
    assert (result.id, result.action_execution_id, result.action_name, result.result) == ("result-c", "c", "add", "3")


def test_every_state_report_has_an_id_of_its_own() -> None:
    messages, _, _ = pumped(e.StateSnapshot({"a": 1}), e.StateSnapshot({"a": 1}), DONE)
    assert len({message.id for message in messages}) == 3
    assert all(message.id.startswith("ck-") for message in messages)


@pytest.mark.parametrize(
    ("opening", "reason"),
    [
        (say("m", ["a"])[:2], "Error streaming message content"),
        (call("m", "add", ["a"])[:2], "An unknown error has occurred in the action execution argument stream"),
    ],
)
def test_an_open_message_of_a_failed_run_fails_with_its_kinds_reason(opening: Any, reason: str) -> None:
    closer = UNFINISHED if isinstance(opening[0], e.TextMessageStart) else e.ToolCallEnd("m", closed_by_runtime=True)
    messages, status, live = pumped(*opening, closer, e.RunError("broke"))
    assert messages == [("m", ["a"], o.FailedMessageStatus(reason))]
    assert isinstance(status, o.FailedResponseStatus)
    assert status.details["description"] == "broke"
    assert live.is_complete


def test_a_denied_run_tells_the_guardrails_reason_in_its_messages() -> None:
    messages, status, _ = pumped(*say("m", ["a"])[:2], UNFINISHED, e.RunError("off topic", "GUARDRAIL_DENIED"))
    assert messages[0][2].reason == "Interrupted due to Guardrails validation failure. Reason: off topic"
    assert status == o.FailedResponseStatus("GUARDRAILS_VALIDATION_FAILED", {"guardrailsReason": "off topic"})


def test_a_cursor_that_breaks_leaves_no_reader_waiting_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    messages, status, live = pumped(*say("m", ["a"])[:2], then=RuntimeError("the log broke"))
    assert messages == [("m", ["a"], o.FailedMessageStatus("Error streaming message content"))]
    assert isinstance(status, o.FailedResponseStatus)
    assert status.details["description"] == GENERIC_MESSAGE
    assert not live.is_complete, "the run has not told its end"
    assert "could not be shown" in caplog.text


def test_a_cursor_that_ends_without_a_terminal_event_is_a_failure() -> None:
    _, status, live = pumped(*say("m", ["a"]))
    assert isinstance(status, o.FailedResponseStatus)
    assert not live.is_complete


def test_a_pump_that_is_cancelled_leaves_no_reader_waiting() -> None:
    async def forever() -> AsyncIterator[Sequence[LogEntry]]:
        async for batch in batches(*say("m", ["a"])[:2]):
            yield batch
        await asyncio.sleep(3600)

    async def test() -> None:
        live = response()
        pump = asyncio.create_task(live.pump(forever()))
        await asyncio.sleep(0.01)
        pump.cancel()
        async with asyncio.timeout(5):
            assert [message[0] for message in await shown(live)] == ["m"]
            assert isinstance(await live.status, o.FailedResponseStatus)

    run(test())


def test_a_message_of_an_id_that_was_used_before_is_another_message() -> None:
    messages, _, _ = pumped(*say("m", ["a"]), *say("m", ["b"]), DONE)
    assert messages == [("m", ["a"], o.SUCCESS), ("m", ["b"], o.SUCCESS)]


def test_questions_go_into_their_own_list() -> None:
    async def test() -> None:
        live = response()
        await live.pump(batches(e.Custom("on_interrupt", "sure?"), DONE))
        assert [event async for event in live.meta_events] == [o.LangGraphInterruptEvent("sure?")]

    run(test())


def test_a_log_that_goes_away_is_told_in_its_own_words() -> None:
    messages, status, live = pumped(*say("m", ["a"])[:2], then=UnavailableError("The log is away."))
    assert messages == [("m", ["a"], o.FailedMessageStatus("Error streaming message content"))]
    assert isinstance(status, o.FailedResponseStatus)
    assert status.details["description"] == "The log is away."
    assert status.details["originalError"]["code"] == "NETWORK_ERROR"
    assert not live.is_complete
