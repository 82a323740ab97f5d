"""The parts of the conformance host that no recording shows on its own."""

import asyncio
from datetime import UTC, datetime

import pytest

from agui_runtime.application.ports import Guardrail, LanguageModel, StatefulAgent
from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.application.values import GuardrailRequest, ModelRequest, RunContext, Verdict
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import DeniedError, ErrorCode, UnavailableError
from agui_runtime.domain.identity import ANONYMOUS, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.runs import RunInput
from tests.conformance.guardrail import WordGuardrail
from tests.conformance.inspection import legacy_messages
from tests.conformance.picking import scenario_of
from tests.conformance.scenarios import conformance_agents, conformance_model, conformance_tools
from tests.support.aio import run

CALLER = Caller(ANONYMOUS, Scope("default"))


def _request(text: str, thread: str | None = "thread-1") -> ModelRequest:
    thread_id = None if thread is None else ThreadId(thread)
    return ModelRequest((m.UserMessage(id="u", content=text),), thread_id=thread_id, run_id=RunId("run-in"))


def test_a_tool_call_without_a_parent_is_a_message_of_its_own() -> None:
    lone = m.AssistantMessage(id="c", created_at=datetime.now(UTC), tool_calls=(m.ToolCall("c", "f", '{"a":1}'),))
    assert list(legacy_messages((lone,))) == [
        {"id": "c", "createdAt": "Date", "type": "ActionExecutionMessage", "name": "f", "arguments": {"a": 1}}
    ]


def test_a_result_without_a_name_is_named_by_its_call() -> None:
    calling = m.AssistantMessage(id="a", content="", tool_calls=(m.ToolCall("c", "f"),))
    found, unknown = (m.ToolMessage(id=i, tool_call_id=i, content="ok") for i in ("c", "other"))
    call, first, second = legacy_messages((calling, found, unknown))
    assert (call["parentMessageId"], first["actionName"], second["actionName"]) == ("a", "f", "unknown")


@pytest.mark.parametrize(
    ("messages", "scenario"),
    [
        ((), ("text", ["1"])),
        ((m.UserMessage(id="u", content=" slow:2:3 "),), ("slow", ["2", "3"])),
        (
            (m.UserMessage(id="u", content="two"), m.UserMessage(id="i", content=(m.MediaPart("image"),))),
            ("two", []),
        ),
    ],
)
def test_a_scenario_is_picked_by_the_newest_text_of_the_user(
    messages: tuple[m.Message, ...], scenario: tuple[str, list[str]]
) -> None:
    assert scenario_of(messages) == scenario


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("error-before", "boom before stream"),
        ("error-401", "status code 401"),
        ("error-econnrefused", "ECONNREFUSED"),
    ],
)
def test_a_refusal_comes_before_the_stream(text: str, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        run(conformance_model().start(_request(text)))


def test_a_structured_refusal_has_its_code() -> None:
    with pytest.raises(DeniedError, match="bad key") as caught:
        run(conformance_model().start(_request("error-structured")))
    assert caught.value.code == ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("text", "thread", "reply"),
    [
        ("text:1", "thread-1", ("thread-1", "run-in", None)),
        ("threadid", "thread-1", ("adapter-thread", None, None)),
        (
            "extensions",
            None,
            (
                "adapter-thread",
                "adapter-run",
                {"openaiAssistantAPI": {"runId": "oa-run", "threadId": "oa-thread"}},
            ),
        ),
    ],
)
def test_the_models_ids_are_the_peers(text: str, thread: str | None, reply: tuple[object, ...]) -> None:
    model = conformance_model()
    assert isinstance(model, LanguageModel)
    started = run(model.start(_request(text, thread)))
    assert (started.thread_id, started.run_id, started.extensions) == reply


def test_only_the_stateful_agent_keeps_state() -> None:
    echo, stateful = conformance_agents()
    assert not isinstance(echo, StatefulAgent)
    assert isinstance(stateful, StatefulAgent)
    stored = run(stateful.load_state(ThreadId("thread-stored"), CALLER))
    assert stored is not None
    assert stored.values == {"topic": "cats"}
    assert [message.id for message in stored.messages] == ["h1", "a1", "a2", "tr1"]
    assert run(stateful.load_state(ThreadId("other"), CALLER)) is None
    with pytest.raises(RuntimeError, match="store unavailable"):
        run(stateful.load_state(ThreadId("thread-broken"), CALLER))


def test_a_cut_run_is_told_and_a_whole_one_is_not() -> None:
    cut: list[str] = []
    agent = conformance_agents(cut.append)[0]

    async def play(text: str, thread: str, *, steps: int | None) -> None:
        given = RunInput(ThreadId(thread), RunId("r"), messages=(m.UserMessage(id="u", content=text),))
        events = (await agent.start(given, RunContext(CALLER, ToolExecutor({}, default_seconds=1.0)))).events
        async for event in events:
            if isinstance(event, e.RunFinished) or (steps is not None and (steps := steps - 1) == 0):
                break
        await events.aclose()  # type: ignore[attr-defined]

    async def scenario() -> None:
        await play("slow:50:1", "closed", steps=4)
        await play("text:1", "whole", steps=None)
        task = asyncio.create_task(play("slow:1:60000", "cancelled", steps=None))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scenario())
    assert cut == ["closed", "cancelled"]


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("serverAdd", '{"a":1,"b":2}', "3"),
        ("serverObject", '{"q":"x"}', '{"echo":"x","list":[1,2]}'),
        ("serverString", "{}", "plain text"),
        ("serverUndefined", "{}", ""),
        ("serverThrow", "{}", '{"error":{"code":"HANDLER_ERROR","message":"handler exploded"},"result":""}'),
        ("serverSlow", "{}", "late"),
    ],
)
def test_the_tools_answer_as_the_peers_do(name: str, arguments: str, text: str) -> None:
    executor = ToolExecutor({tool.tool.name: tool for tool in conformance_tools()}, default_seconds=5.0)
    assert run(executor.execute("c", name, arguments)) == text


def test_the_guardrail_judges_by_words() -> None:
    guardrail = WordGuardrail()
    assert isinstance(guardrail, Guardrail)
    assert run(guardrail.check(GuardrailRequest("fine", ()))) == Verdict(allowed=True)
    assert run(guardrail.check(GuardrailRequest("forbidden", ()))) == Verdict(False, "Topic not allowed")
    with pytest.raises(UnavailableError, match="guardrails down"):
        run(guardrail.check(GuardrailRequest("unavailable", ())))
