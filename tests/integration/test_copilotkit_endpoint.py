"""``RemoteEndpoint`` in front of CopilotKit's own endpoint (PyPI ``copilotkit``), in its own process."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import pytest

from agui_runtime.adapters.remote import RemoteEndpoint
from agui_runtime.application.ports import StatefulAgent
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.messages import AssistantMessage, ToolCall, ToolMessage, UserMessage
from agui_runtime.domain.runs import Finished, RunInput
from agui_runtime.domain.tools import Tool
from tests.support.aio import run
from tests.support.remote import context
from tests.support.servers import python_server

CALLER = Caller(ANONYMOUS, Scope("s"))
WEATHER = Tool("weather", "The weather.")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with python_server("tests.support.copilotkit_endpoint") as url:
        yield url


def given(text: str, *, thread: str, props: Mapping[str, Any] | None = None) -> RunInput:
    call = AssistantMessage(id="a0", content="let me see", tool_calls=(ToolCall("c0", "weather", '{"city":"Rome"}'),))
    result = ToolMessage(id="t0", tool_call_id="c0", content="sunny", tool_name="weather")
    said = (UserMessage(id="u0", content="before"), call, result, UserMessage(id="u1", content=text))
    return RunInput(
        ThreadId(thread), RunId("r"), messages=said, tools=(WEATHER,), state={"a": 1}, forwarded_props=props or {}
    )


def drive(base: str, name: str, run_input: RunInput, seen: list[e.Event] | None = None) -> list[e.Event]:
    """All events of one run, each passed by a lifecycle, which refuses a wrong order."""
    events: list[e.Event] = [] if seen is None else seen

    async def main() -> Lifecycle:
        endpoint = RemoteEndpoint("python", f"{base}/copilotkit")
        try:
            agent = await endpoint.agents.get(AgentName(name), CALLER)
            lifecycle = Lifecycle()
            async for event in (await agent.start(run_input, context())).events:
                events.extend(lifecycle.feed(event))
            return lifecycle
        finally:
            await endpoint.close()

    assert outcome_of(run(main()).ending) == Finished()
    return events


def text_of(events: list[e.Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, e.TextMessageContent))


def test_its_agents_and_actions_are_found(base: str) -> None:
    async def main() -> None:
        endpoint = RemoteEndpoint("python", f"{base}/copilotkit/")
        agents = [agent.describe() for agent in await endpoint.agents.list(CALLER)]
        tools = [tool.tool for tool in await endpoint.tools.list(CALLER, {})]
        await endpoint.close()
        assert [(str(agent.name), agent.description) for agent in agents] == [("crew", "A crew"), ("graph", "A graph")]
        text = {"type": "string", "description": ""}
        parameters = {"type": "object", "properties": {"text": text}, "required": ["text"]}
        assert tools[0] == Tool("shout", "Upper-case a text", parameters)
        status = endpoint.status
        assert (status.name, status.error, status.agents, status.actions) == ("python", None, 2, 2)

    run(main())


@pytest.mark.parametrize("name", ["crew", "graph"])
def test_text_streams_piece_by_piece(base: str, name: str) -> None:
    events = drive(base, name, given("hello", thread=f"{name}-text"))
    assert text_of(events) == "you said hello"
    assert len([event for event in events if isinstance(event, e.TextMessageContent)]) > 2
    assert [type(event) for event in events].count(e.TextMessageEnd) == 1


@pytest.mark.parametrize("name", ["crew", "graph"])
def test_a_frontend_tool_is_called(base: str, name: str) -> None:
    events = drive(base, name, given("tool", thread=f"{name}-tool"))
    (start,) = (event for event in events if isinstance(event, e.ToolCallStart))
    arguments = "".join(event.delta for event in events if isinstance(event, e.ToolCallArgs))
    assert (start.tool_call_id, start.tool_call_name, arguments) == ("call-1", "weather", '{"city":"Paris"}')


def test_the_state_goes_there_and_comes_back_changed(base: str) -> None:
    events = drive(base, "crew", given("hello", thread="crew-state"))
    reports = [event for event in events if isinstance(event, e.AgentStateMessage)]
    assert reports[0].state == {"a": 1}
    assert reports[-1].state == {"a": 1, "said": "hello"}
    assert (reports[-1].node_name, reports[-1].run_id, reports[-1].active) == ("talk", "crew-run", False)


def test_what_a_graph_emits_by_hand_is_a_message(base: str) -> None:
    assert text_of(drive(base, "graph", given("emit", thread="graph-emit"))) == "by hand"


def test_a_graph_s_question_is_asked_and_its_answer_gets_there(base: str) -> None:
    asked = drive(base, "graph", given("interrupt", thread="graph-ask"))
    assert [(event.name, event.value) for event in asked if isinstance(event, e.Custom)] == [
        ("on_interrupt", "approve?")
    ]
    answered = drive(base, "graph", given("interrupt", thread="graph-ask", props={"command": {"resume": "yes"}}))
    reports = [event for event in answered if isinstance(event, e.AgentStateMessage)]
    assert reports[-1].state == {"approved": "yes"}


def test_an_agent_that_breaks_in_the_middle_is_told_as_such_with_what_was_received(base: str) -> None:
    seen: list[e.Event] = []
    with pytest.raises(AgentError, match=r"^The stream of the agent 'crew' broke off\.$"):
        drive(base, "crew", given("fail", thread="crew-fail"), seen)
    assert text_of(seen) == "so far "


def test_a_run_that_nobody_reads_any_more_ends_at_the_endpoint(base: str) -> None:
    async def main() -> None:
        endpoint = RemoteEndpoint("python", f"{base}/copilotkit")
        agent = await endpoint.agents.get(AgentName("crew"), CALLER)
        events: Any = (await agent.start(given("forever", thread="crew-forever"), context())).events
        while not isinstance(await anext(events), e.TextMessageContent):
            pass
        await events.aclose()
        async with aiohttp.ClientSession() as session, asyncio.timeout(10):
            while "crew-forever" not in await (await session.get(f"{base}/cancelled")).json():  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)
        await endpoint.close()

    run(main())


def test_an_action_runs_there_and_its_result_comes_back(base: str) -> None:
    async def main() -> None:
        endpoint = RemoteEndpoint("python", f"{base}/copilotkit")
        tools = {tool.tool.name: tool for tool in await endpoint.tools.list(CALLER, {})}
        try:
            assert await tools["shout"].handler({"text": "hey"}) == "HEY"
            with pytest.raises(AgentError, match=r"^The remote endpoint 'python' answered with HTTP 500\.$"):
                await tools["explode"].handler({})
        finally:
            await endpoint.close()

    run(main())


@pytest.mark.parametrize(("thread", "known"), [("known", True), ("unknown", False)])
def test_an_agent_is_asked_for_what_it_remembers(base: str, thread: str, known: bool) -> None:
    async def main() -> None:
        endpoint = RemoteEndpoint("python", f"{base}/copilotkit")
        agent = await endpoint.agents.get(AgentName("crew"), CALLER)
        assert isinstance(agent, StatefulAgent)
        conversation = await agent.load_state(ThreadId(thread), CALLER)
        await endpoint.close()
        if not known:
            assert conversation is None
            return
        assert conversation is not None
        assert conversation.values == {"topic": "cats"}
        assert conversation.messages == (
            UserMessage(id="h1", content="hello"),
            AssistantMessage(id="a1", content="hi"),
        )

    run(main())
