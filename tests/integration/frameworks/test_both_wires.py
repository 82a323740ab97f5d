"""One LangGraph graph behind the runtime, used by frontends of both generations over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agui_runtime.adapters.langgraph import LangGraphAgent
from tests.integration.frameworks.graphs import asker, shopper, sleeper, talker
from tests.support.agui_client import HEADERS, WireEvent, events_of, run_input
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange
from tests.support.serving import runtime, serving

pytestmark = pytest.mark.filterwarnings("ignore:.get_config_jsonschema. is deprecated")


@asynccontextmanager
async def host(graph: Any) -> AsyncIterator[str]:
    async with serving(runtime(agents=(LangGraphAgent(graph, "writer"),))) as url:
        yield url


async def agui(url: str, text: str, thread: str, **given: Any) -> list[WireEvent]:
    return events_of(
        await exchange(f"{url}/agent/writer/run", run_input(text, thread=thread, **given), headers=HEADERS)
    )


async def graphql(url: str, text: str, thread: str, **given: Any) -> Answer:
    answer = await exchange(url, chat(text, thread=thread, agent="writer", **given))
    assert answer.response()["status"]["code"] == "Success", answer.text
    return answer


def streamed(events: list[WireEvent]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")


def spoken(answer: Answer) -> list[str]:
    messages = answer.response()["messages"]
    return ["".join(message["content"]) for message in messages if "content" in message]


def test_both_generations_hear_the_graph() -> None:
    async def main() -> None:
        async with host(talker(checkpointer=InMemorySaver())) as url:
            assert streamed(await agui(url, "one", "a")) == "You said one."
            assert spoken(await graphql(url, "two", "g")) == ["You said two."]

    run(main())


def test_both_generations_see_the_graphs_state() -> None:
    async def main() -> None:
        async with host(shopper(checkpointer=InMemorySaver())) as url:
            snapshots = [event["snapshot"] for event in await agui(url, "buy", "a") if "snapshot" in event]
            assert snapshots[-1]["basket"] == ["pear"]
            states = [m for m in (await graphql(url, "buy", "g")).response()["messages"] if "state" in m]
            assert json.loads(states[-1]["state"])["basket"] == ["pear"]

    run(main())


def test_a_graphql_frontend_is_asked_once_and_its_answer_reaches_the_graph() -> None:
    async def main() -> None:
        async with host(asker()) as url:
            (asked,) = (await graphql(url, "fruit?", "g")).response()["metaEvents"]
            assert asked["name"] == "LangGraphInterruptEvent"
            assert json.loads(asked["value"]) == {"question": "Which fruit?"}
            answered = {"name": "LangGraphInterruptEvent", "value": asked["value"], "response": "plum"}
            answer = await graphql(url, "fruit?", "g", metaEvents=[answered])
            assert answer.response()["metaEvents"] == []
            states = [message for message in answer.response()["messages"] if "state" in message]
            assert json.loads(states[-1]["state"])["basket"] == ["plum"]

    run(main())


def test_an_ag_ui_frontend_is_asked_in_both_forms_and_answers_by_id() -> None:
    async def main() -> None:
        async with host(asker()) as url:
            events = await agui(url, "fruit?", "a")
            assert len([event for event in events if event.get("name") == "on_interrupt"]) == 1
            (asked,) = events[-1]["outcome"]["interrupts"]
            resume = [{"interruptId": asked["id"], "status": "resolved", "payload": "plum"}]
            events = await agui(url, "fruit?", "a", resume=resume)
            assert [event["snapshot"] for event in events if "snapshot" in event][-1]["basket"] == ["plum"]
            assert "outcome" not in events[-1] or events[-1]["outcome"]["type"] == "success"

    run(main())


@pytest.mark.parametrize("wire", ["GraphQL", "AG-UI"])
def test_a_frontend_that_stops_cancels_the_node(wire: str) -> None:
    async def main() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()
        async with host(sleeper(begun, ended)) as url:
            asking = (
                agui(url, "wait", "t") if wire == "AG-UI" else exchange(url, chat("wait", thread="t", agent="writer"))
            )
            reading = asyncio.create_task(asking)
            await asyncio.wait_for(begun.wait(), 20)
            if wire == "AG-UI":
                await exchange(f"{url}/agent/writer/stop/t", {}, headers=HEADERS)
                await asyncio.wait_for(reading, 20)
            else:
                # Hanging up is that protocol's stop.
                reading.cancel()
                await asyncio.wait({reading})
            await asyncio.wait_for(ended.wait(), 20)

    run(main())
