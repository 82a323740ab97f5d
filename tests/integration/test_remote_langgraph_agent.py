"""``HttpAgent`` in front of real LangGraph graphs, in their own process, behind ``ag-ui-langgraph``."""

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from agui_runtime.adapters.remote import HttpAgent
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from agui_runtime.domain.runs import Failed, Finished, Interrupted, RunInput
from agui_runtime.domain.tools import Tool
from tests.support.aio import run
from tests.support.remote import context
from tests.support.servers import python_server

WEATHER = Tool("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
HI = UserMessage(id="u1", content="hi")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with python_server("tests.support.langgraph_agui") as url:
        yield url


def drive(
    url: str, *messages: Message, thread: str, state: Any = None, props: dict[str, Any] | None = None
) -> tuple[Lifecycle, list[e.Event]]:
    """All events of one run, each passed by a lifecycle, which refuses a wrong order."""

    async def main() -> tuple[Lifecycle, list[e.Event]]:
        agent = HttpAgent("graph", url)
        run_input = RunInput(
            ThreadId(thread),
            RunId("r"),
            messages=messages or (HI,),
            tools=(WEATHER,),
            state=state or {},
            forwarded_props=props or {},
        )
        try:
            started = await agent.start(run_input, context())
            lifecycle = Lifecycle()
            events = [out async for event in started.events for out in lifecycle.feed(event)]
            return lifecycle, [*events, *lifecycle.end_of_stream()]
        finally:
            await agent.close()

    return run(main())


def text_of(events: list[e.Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, e.TextMessageContent))


def test_text_streams_in_order_and_the_run_finishes(base: str) -> None:
    lifecycle, events = drive(f"{base}/words", thread="words")
    deltas = [event.delta for event in events if isinstance(event, e.TextMessageContent)]
    assert deltas == [f"word{number} " for number in range(20)]
    assert outcome_of(lifecycle.ending) == Finished()


def test_a_frontend_tool_is_called(base: str) -> None:
    lifecycle, events = drive(f"{base}/caller", thread="caller")
    (start,) = (event for event in events if isinstance(event, e.ToolCallStart))
    arguments = "".join(event.delta for event in events if isinstance(event, e.ToolCallArgs))
    assert (start.tool_call_id, start.tool_call_name, arguments) == ("call-1", "weather", '{"city":"Paris"}')
    assert outcome_of(lifecycle.ending) == Finished()


def test_a_frontend_tool_s_result_reaches_the_graph(base: str) -> None:
    call = AssistantMessage(id="a1", tool_calls=(ToolCall("call-1", "weather", '{"city":"Paris"}'),))
    result = ToolMessage(id="t1", tool_call_id="call-1", content="sunny", tool_name="weather")
    _, events = drive(f"{base}/caller", HI, call, result, thread="caller-result")
    assert text_of(events) == "The tool said sunny."


def test_the_client_s_state_reaches_the_graph_and_comes_back_changed(base: str) -> None:
    _, events = drive(f"{base}/keeper", thread="keeper", state={"fruits": ["apple"]})
    snapshots = [event.snapshot for event in events if isinstance(event, e.StateSnapshot)]
    assert snapshots[-1]["fruits"] == ["apple", "pear"]


def test_a_question_is_asked_and_its_answer_gets_there(base: str) -> None:
    lifecycle, events = drive(f"{base}/asker", thread="asker")
    asked = [event for event in events if isinstance(event, e.Custom) and event.name == "on_interrupt"]
    outcome = outcome_of(lifecycle.ending)
    assert [event.value for event in asked] == ["approve?"] or isinstance(outcome, Interrupted)
    _, events = drive(f"{base}/asker", thread="asker", props={"command": {"resume": "yes"}})
    snapshots = [event.snapshot for event in events if isinstance(event, e.StateSnapshot)]
    assert snapshots[-1]["approved"] == "yes"


def test_a_step_is_told_and_closed(base: str) -> None:
    _, events = drive(f"{base}/words", thread="steps")
    assert [event.step_name for event in events if isinstance(event, e.StepStarted)] == ["work"]
    assert [event.step_name for event in events if isinstance(event, e.StepFinished)] == ["work"]


def test_a_graph_that_fails_fails_the_run_with_what_was_said(base: str) -> None:
    seen: list[e.Event] = []

    async def main() -> object:
        agent = HttpAgent("graph", f"{base}/failing")
        lifecycle = Lifecycle()
        try:
            run_input = RunInput(ThreadId("failing"), RunId("r"), messages=(HI,))
            async for event in (await agent.start(run_input, context())).events:
                seen.extend(lifecycle.feed(event))
        except Exception as error:  # noqa: BLE001 - either way of failing is the agent's
            return error
        finally:
            await agent.close()
        return outcome_of(lifecycle.ending)

    failed = run(main())
    assert isinstance(failed, Failed | Exception)
    assert text_of(seen).startswith("word0 ")


def test_a_run_that_nobody_reads_any_more_is_hung_up_on(base: str) -> None:
    async def main() -> None:
        agent = HttpAgent("graph", f"{base}/forever")
        events: Any = (await agent.start(RunInput(ThreadId("gone"), RunId("r"), messages=(HI,)), context())).events
        while not isinstance(await anext(events), e.TextMessageContent):
            pass
        await events.aclose()
        async with aiohttp.ClientSession() as session, asyncio.timeout(10):
            while "/forever" not in await (await session.get(f"{base}/gone")).json():  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)
        await agent.close()

    run(main())
