"""One LangGraph graph behind the runtime; the real clients of both generations talk to it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agui_runtime.adapters.langgraph import LangGraphAgent
from tests.clients.agui_chats import assert_went_well, said, say, talk
from tests.clients.chats import assert_went_well as assert_turn_went_well
from tests.clients.chats import chat
from tests.clients.server import Server
from tests.integration.frameworks.graphs import asker, talker
from tests.support.aio import run
from tests.support.serving import runtime, serving

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore:.get_config_jsonschema. is deprecated")]


def told_with(graph: Any, story: Callable[[str], None]) -> None:
    async def tell() -> None:
        async with serving(runtime(agents=(LangGraphAgent(graph, "writer"),))) as url:
            await asyncio.to_thread(story, url)

    run(tell())


@pytest.mark.usefixtures("clients", "agui_server")
def test_both_clients_talk_to_the_graph_on_one_thread() -> None:
    thread = str(uuid4())

    def story(url: str) -> None:
        (turn,) = chat(Server(url, names_own_version=False), "1.10.6", "one", threadId=thread, agent="writer")
        assert_turn_went_well(turn)
        answer = talk(url, "core", {"open": True}, *say("two"), threadId=thread, agent="writer")
        assert_went_well(answer)
        assert [text for _, text in said(answer)] == ["one", "You said one.", "two", "You said two."]

    told_with(talker(checkpointer=InMemorySaver()), story)


@pytest.mark.usefixtures("clients", "agui_server")
def test_both_clients_are_asked_by_the_graph_and_answer_it() -> None:
    def story(url: str) -> None:
        answer = talk(url, "core", *say("fruit?"), {"answer": {"payload": "plum"}}, agent="writer")
        assert answer["errors"] == []
        assert answer["state"]["basket"] == ["plum"]
        server = Server(url, names_own_version=False)
        asked, answered = chat(
            server, "1.10.6", "fruit?", "fruit?", threadId=str(uuid4()), agent="writer", interruptResponse="plum"
        )
        assert json.loads(asked["metaEvents"][0]["value"]) == {"question": "Which fruit?"}
        states = [message for message in answered["messages"] if message["type"] == "AgentStateMessage"]
        assert states[-1]["state"]["basket"] == ["plum"]

    told_with(asker(), story)
