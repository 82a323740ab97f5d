"""``HttpAgent`` in front of real Pydantic AI agents, in their own process, behind their own AG-UI adapter."""

from collections.abc import Iterator

import pytest
from aiohttp import web

from agui_runtime.adapters.remote import HttpAgent
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from agui_runtime.domain.runs import Failed, Finished, RunInput
from agui_runtime.domain.tools import Tool
from tests.support.aio import run
from tests.support.remote import FINISHED, STARTED, agent_before, context, streaming
from tests.support.servers import python_server

WEATHER = Tool("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
HI = UserMessage(id="u1", content="hi")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with python_server("tests.support.pydantic_ai_agents") as url:
        yield url


def drive(
    url: str, *messages: Message, tools: tuple[Tool, ...] = (), state: object = None
) -> tuple[Lifecycle, list[e.Event]]:
    """All events of one run, each passed by a lifecycle, which refuses a wrong order."""

    async def main() -> tuple[Lifecycle, list[e.Event]]:
        agent = HttpAgent("pydantic", url)
        try:
            run_input = RunInput(ThreadId("t"), RunId("r"), messages=messages or (HI,), tools=tools, state=state or {})
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
    lifecycle, events = drive(f"{base}/words")
    deltas = [event.delta for event in events if isinstance(event, e.TextMessageContent)]
    assert deltas == [f"word{number} " for number in range(30)]
    assert [type(events[0]), type(events[-1])] == [e.TextMessageStart, e.TextMessageEnd]
    assert outcome_of(lifecycle.ending) == Finished()


def test_a_frontend_tool_is_called_and_the_run_ends_without_its_result(base: str) -> None:
    lifecycle, events = drive(f"{base}/caller", tools=(WEATHER,))
    (start,) = (event for event in events if isinstance(event, e.ToolCallStart))
    arguments = "".join(event.delta for event in events if isinstance(event, e.ToolCallArgs))
    assert (start.tool_call_id, start.tool_call_name, arguments) == ("call-1", "weather", '{"city":"Paris"}')
    assert not any(isinstance(event, e.ToolCallResult) for event in events)
    assert outcome_of(lifecycle.ending) == Finished()


def test_a_frontend_tool_s_result_reaches_the_agent(base: str) -> None:
    call = AssistantMessage(id="a1", tool_calls=(ToolCall("call-1", "weather", '{"city":"Paris"}'),))
    result = ToolMessage(id="t1", tool_call_id="call-1", content="sunny", tool_name="weather")
    _, events = drive(f"{base}/caller", HI, call, result, tools=(WEATHER,))
    assert text_of(events) == "The tool said sunny."


def test_the_client_s_state_reaches_the_agent_and_comes_back_changed(base: str) -> None:
    _, events = drive(f"{base}/keeper", state={"fruits": ["apple"]})
    assert [event.snapshot for event in events if isinstance(event, e.StateSnapshot)] == [{"fruits": ["apple", "pear"]}]


@pytest.mark.parametrize("version", ["0.1.10", "1.0.0"])
def test_thoughts_of_old_and_new_protocol_versions_are_reasoning(base: str, version: str) -> None:
    lifecycle, events = drive(f"{base}/thinker?version={version}")
    assert [type(event) for event in events] == [
        e.ReasoningStart,
        e.ReasoningMessageStart,
        e.ReasoningMessageContent,
        e.ReasoningMessageContent,
        e.ReasoningMessageEnd,
        e.ReasoningEnd,
        e.TextMessageStart,
        e.TextMessageContent,
        e.TextMessageEnd,
    ]
    assert outcome_of(lifecycle.ending) == Finished()


def test_an_agent_that_fails_says_so_in_its_own_words(base: str) -> None:
    lifecycle, events = drive(f"{base}/failing")
    assert text_of(events) == "so far "
    assert outcome_of(lifecycle.ending) == Failed("the model broke", "AGENT_FAILED")


def test_a_call_that_the_user_passed_over_does_not_break_the_agent(base: str) -> None:
    call = AssistantMessage(id="a1", tool_calls=(ToolCall("call-1", "weather", '{"city":"Paris"}'),))
    lifecycle, events = drive(f"{base}/words", HI, call, UserMessage(id="u2", content="never mind"), tools=(WEATHER,))
    assert outcome_of(lifecycle.ending) == Finished()
    assert text_of(events).startswith("word0")


def test_a_call_that_waits_for_the_user_at_the_end_goes_out_open() -> None:
    bodies: list[dict[str, object]] = []

    async def record(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return await streaming(STARTED, FINISHED)(request)

    passed_over = AssistantMessage(id="a1", tool_calls=(ToolCall("c1", "weather"),))
    waiting = AssistantMessage(id="a2", tool_calls=(ToolCall("c2", "weather"),))

    async def main() -> None:
        async with agent_before(record) as agent:
            given = RunInput(ThreadId("t"), RunId("r"), messages=(passed_over, HI, waiting))
            async for _ in (await agent.start(given, context())).events:
                pass

    run(main())
    roles = [message["role"] for message in bodies[0]["messages"]]  # type: ignore[attr-defined]
    assert roles == ["assistant", "tool", "user", "assistant"]
