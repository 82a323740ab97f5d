"""What outlives a request, as CopilotKit's core sees it: a thread is opened again, followed, stopped, and busy."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve

from tests.clients.agui_chats import HTTP, assert_went_well, last_text, said, say, talk, types
from tests.clients.chats import ask, chat
from tests.clients.server import Server
from tests.support.agui import events, run_input
from tests.support.aio import run

pytestmark = pytest.mark.clients

OPEN = {"open": True}


def reopened(url: str, *steps: dict[str, Any], **scenario: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chat, and the same thread opened by a client that knows nothing."""
    thread = str(uuid4())
    before = talk(url, "core", *steps, threadId=thread, **scenario)
    return before, talk(url, "core", OPEN, threadId=thread, **scenario)


@pytest.mark.parametrize("transport", ["auto", "single"])
def test_a_thread_opened_again_has_its_conversation_and_its_state(agui_server: str, transport: str) -> None:
    before, after = reopened(agui_server, *say("text:3", "state", "tool"), transport=transport)
    assert_went_well(after)
    assert after["messages"] == before["messages"]
    assert after["state"] == before["state"]


@pytest.mark.parametrize("scenario", ["reasoning", "activity", "subagent", "chunks", "snapshot", "backend-tool"])
def test_every_kind_of_message_comes_back(agui_server: str, scenario: str) -> None:
    before, after = reopened(agui_server, *say(scenario))
    assert_went_well(after)
    assert said(after) == said(before)


@pytest.mark.parametrize("scenario", ["error-mid", "error-event", "error-before", "no-finish", "bad-order"])
def test_what_came_after_a_failed_run_comes_back(agui_server: str, scenario: str) -> None:
    _, after = reopened(agui_server, *say("text:1", scenario, "text:3"))
    assert after["errors"] == []
    assert said(after)[0] == ("user", "text:1")
    assert last_text(after) == "w0 w1 w2 "


def test_a_thread_whose_last_run_failed_can_be_opened(agui_server: str) -> None:
    _, after = reopened(agui_server, *say("text:1", "error-event"))
    assert [text for _, text in said(after)] == ["text:1", "w0 ", "error-event", "partial"]


def test_an_open_question_comes_back_and_is_answered(agui_server: str) -> None:
    thread = str(uuid4())
    talk(agui_server, "core", *say("interrupt"), threadId=thread)
    answer = talk(agui_server, "core", OPEN, {"answer": {"payload": 7}}, threadId=thread)
    assert_went_well(answer)
    assert last_text(answer).endswith("=resolved:7")


def test_an_unknown_thread_opens_empty(agui_server: str) -> None:
    answer = talk(agui_server, "core", OPEN, *say("text:1"))
    assert_went_well(answer)
    assert last_text(answer) == "w0 "


def test_a_stopped_run_ends_and_the_next_one_runs_at_once(agui_server: str) -> None:
    answer = talk(agui_server, "core", {"say": "slow:200:50", "stopAfter": 4}, *say("text:2"))
    stopped, then = answer["steps"]
    assert types(stopped)[-1] == "RUN_FINISHED"
    assert types(then)[-1] == "RUN_FINISHED"
    assert last_text(answer) == "w0 w1 "
    assert "w150" not in str(answer["messages"])


def test_what_came_after_a_stopped_run_comes_back(agui_server: str) -> None:
    before, after = reopened(agui_server, {"say": "slow:200:50", "stopAfter": 4}, *say("text:2"))
    assert_went_well(after)
    assert said(after) == said(before)


@HTTP
def test_a_client_that_hangs_up_loses_nothing(agui_server: str, client: str) -> None:
    thread = str(uuid4())
    talk(agui_server, client, {"say": "slow:20:50", "stopAfter": 2}, threadId=thread)
    after = talk(agui_server, "core", OPEN, threadId=thread)
    assert last_text(after) == "".join(f"w{index} " for index in range(20))


def beside_a_live_run(url: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """What a client sees on a thread whose run is under way for another one."""

    async def tell() -> dict[str, Any]:
        thread = str(uuid4())
        async with events(url, "agent/default/run", run_input(thread, "slow:100:50")) as stream:
            async for event in stream:
                if event["type"] == "TEXT_MESSAGE_CONTENT":
                    break
            return await asyncio.to_thread(talk, url, "core", *steps, threadId=thread)

    return run(tell())


def test_a_second_client_follows_a_live_run_to_its_end(agui_server: str) -> None:
    second = beside_a_live_run(agui_server, OPEN)
    assert_went_well(second)
    assert said(second) == [("user", "slow:100:50"), ("assistant", "".join(f"w{index} " for index in range(100)))]
    assert types(second["steps"][0]).count("TEXT_MESSAGE_CONTENT") > 1


def test_a_second_run_on_a_busy_thread_is_told_so(agui_server: str) -> None:
    second = beside_a_live_run(agui_server, *say("text:1"))
    refusal = second["steps"][0]["events"][-1]
    assert (refusal["type"], refusal["code"]) == ("RUN_ERROR", "THREAD_BUSY")


def test_what_a_graphql_client_said_comes_back_and_the_other_way_round(agui_server: str, server: Server) -> None:
    both = evolve(server, url=agui_server)
    thread = str(uuid4())
    chat(both, "1.10.6", "text:2", threadId=thread, agent="default")
    answer = talk(both.url, "core", OPEN, *say("backend-tool"), threadId=thread)
    assert_went_well(answer)
    assert said(answer)[:2] == [("user", "text:2"), ("assistant", "w0 w1 ")]
    loaded = ask(both, "1.10.6", "loadAgentState", threadId=thread, agent="default")
    assert "it is noon" in loaded["data"]["loadAgentState"]["messages"]
