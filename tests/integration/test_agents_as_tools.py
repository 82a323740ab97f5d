"""A model agent calls a remote agent as a tool, asked by frontends of both generations over real sockets."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agui_runtime.adapters.remote import HttpAgent, RemoteClient
from agui_runtime.adapters.scripted import ScriptedModel, call, say
from agui_runtime.application.model_agent import ModelAgent
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain.events import Event
from agui_runtime.domain.messages import ToolMessage
from tests.support.agui_client import HEADERS, events_of, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, new_thread
from tests.support.remote import FINISHED, STARTED, streaming
from tests.support.servers import aiohttp_server, python_server
from tests.support.serving import runtime, serving

STATE = b'data: {"type":"STATE_SNAPSHOT","snapshot":{"fruits":["pear"]}}\n\n'
TEXT = (
    b'data: {"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}\n\n'
    b'data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"It is sunny."}\n\n'
    b'data: {"type":"TEXT_MESSAGE_END","messageId":"m"}\n\n'
)


async def plan(request: ModelRequest) -> AsyncIterator[Event]:
    """Calls each agent that it is offered, one after the other, then tells what it read."""
    read = [message.content for message in request.messages if isinstance(message, ToolMessage)]
    step = len(read)
    if step < len(request.tools):
        for event in call(f"call-{step}", request.tools[step].name, ["{}"]):
            yield event
    else:
        for event in say("answer", [f"Read: {' / '.join(read)}"]):
            yield event


@asynccontextmanager
async def planning(*agents: Any) -> AsyncIterator[str]:
    planner = ModelAgent(ScriptedModel(plan), "planner", agents="all")
    async with serving(runtime(agents=(planner, *agents))) as url:
        yield url


@pytest.fixture(scope="module")
def graphs() -> Iterator[str]:
    with python_server("tests.support.langgraph_agui") as url:
        yield url


async def told(wire: str, url: str, thread: str) -> tuple[str, Any]:
    """All the text that came, and the state that was told for ``far``."""
    if wire == "GraphQL":
        answer = await exchange(url, chat("hi", thread=thread, agent="planner"))
        messages = answer.response()["messages"]
        said = ["".join(each["content"]) for each in messages if each["__typename"] == "TextMessageOutput"]
        states = [each["state"] for each in messages if each.get("agentName") == "far"]
        return "|".join(said), states[-1] if states else None
    body = run_input("hi", thread=thread)
    events = events_of(await exchange(f"{url}/agent/planner/run", body, headers=HEADERS))
    assert types_of(events).count("RUN_STARTED") == 1
    assert types_of(events)[-1] == "RUN_FINISHED"
    assert "STATE_SNAPSHOT" not in types_of(events)[1:-2], "the planner's own state is not the agent's"
    text: dict[str, str] = {}
    for event in events:
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            text[event["messageId"]] = text.get(event["messageId"], "") + event["delta"]
    states = [event["value"]["state"] for event in events if event.get("name") == "AgentStateMessage"]
    return "|".join(text.values()), states[-1] if states else None


@pytest.mark.parametrize("wire", ["GraphQL", "AG-UI"])
def test_what_a_remote_agent_says_is_shown_and_read_and_its_state_is_its_own(wire: str) -> None:
    async def main() -> None:
        client = RemoteClient(private_addresses=True)
        async with aiohttp_server(streaming(STARTED, STATE, TEXT, FINISHED)) as base:
            far = HttpAgent("far", base, description="Knows the weather", client=client)
            async with planning(far) as url:
                text, state = await told(wire, url, new_thread())
        await client.close()
        assert text == "It is sunny.|Read: It is sunny."
        assert state in ({"fruits": ["pear"]}, '{"fruits":["pear"]}')

    run(main())


@pytest.mark.parametrize("wire", ["GraphQL", "AG-UI"])
def test_several_agents_are_called_one_after_the_other(wire: str, graphs: str) -> None:
    async def main() -> None:
        client = RemoteClient(private_addresses=True)
        words = HttpAgent("words", f"{graphs}/words", client=client)
        broken = HttpAgent("broken", f"{graphs}/nowhere", client=client)
        async with planning(words, broken) as url:
            thread = new_thread()
            text, _ = await told(wire, url, thread)
            assert text.startswith("word0 word1 ")
            assert "Read: word0 " in text
            assert "The agent 'broken' was not found at its address (HTTP 404)." in text
            again, _ = await told(wire, url, thread)
            assert "Read: word0 " in again
        await client.close()

    run(main())


def test_a_thread_with_a_called_agent_is_replayed_whole(graphs: str) -> None:
    async def main() -> None:
        client = RemoteClient(private_addresses=True)
        async with planning(HttpAgent("words", f"{graphs}/words", client=client)) as url:
            thread = new_thread()
            await told("AG-UI", url, thread)
            answer = await exchange(f"{url}/agent/planner/connect", run_input(thread=thread), headers=HEADERS)
            assert "Read: word0 " in answer.text
            assert types_of(events_of(answer)).count("TOOL_CALL_RESULT") == 1
        await client.close()

    run(main())
