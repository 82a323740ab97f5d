"""What the real GraphQL clients see of refusals, failures, stops and verdicts, and of the state queries."""

import json
from uuid import uuid4

import pytest

from tests.clients.chats import ALL, GENERIC, WITH_QUERIES, ask, assert_went_well, brief, chat
from tests.clients.server import Server

pytestmark = pytest.mark.clients


@ALL
@pytest.mark.parametrize(
    ("scenario", "code", "message"),
    [
        ("error-before", "UNKNOWN", GENERIC),
        ("error-structured", "AUTHENTICATION_ERROR", "bad key"),
    ],
)
def test_a_refusal_is_an_error_instead_of_a_stream(
    server: Server, version: str, scenario: str, code: str, message: str
) -> None:
    (turn,) = chat(server, version, scenario)
    assert (turn["messages"], turn["updates"]) == ([], 0)
    # Client 1.9.3 tells each error twice, whichever server it talks to.
    assert {(error["code"], error["shown"]) for error in turn["errors"]} == {(code, message)}


@ALL
@pytest.mark.parametrize(
    ("scenario", "agent", "description"),
    [("error-mid", None, GENERIC), ("error-mid-structured", None, "bad key"), ("throw", "echo", "agent threw")],
)
def test_a_failure_amid_the_stream_fails_the_response(
    server: Server, version: str, scenario: str, agent: str | None, description: str
) -> None:
    (turn,) = chat(server, version, scenario, agent=agent)
    status = turn["status"]
    assert (status["code"], status["reason"]) == ("Failed", "UNKNOWN_ERROR")
    assert status["details"]["description"] == description
    assert (turn["errors"], turn["streamError"]) == ([], None)


@ALL
def test_a_text_cut_by_a_failure_keeps_what_it_had_and_is_failed(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "error-mid")
    assert brief(turn) == [("msg-1", "one two ")]
    assert turn["messages"][0]["status"] == {"code": "Failed", "reason": "Error streaming message content"}


@ALL
def test_a_call_cut_by_a_failure_is_failed(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "error-mid-tool")
    reason = "An unknown error has occurred in the action execution argument stream"
    assert turn["messages"][0]["status"] == {"code": "Failed", "reason": reason}


@ALL
def test_a_stopped_chat_is_told_to_the_host_and_can_go_on(server: Server, version: str) -> None:
    thread = str(uuid4())
    (turn,) = chat(server, version, "slow:200:50", threadId=thread, stopAfter=4)
    assert turn["aborted"]
    assert turn["updates"] < 20
    server.wait_for(lambda seen: {"threadId": thread, "agentName": None} in seen["stops"])
    (again,) = chat(server, version, "text:1", threadId=thread)
    assert_went_well(again)


@ALL
def test_a_stopped_agent_is_cancelled(server: Server, version: str) -> None:
    server.not_the_reference("its agents are never slow enough to be stopped")
    thread = str(uuid4())
    (turn,) = chat(server, version, "slow:200:50", threadId=thread, agent="echo", stopAfter=4)
    assert turn["aborted"]
    # Told by the agent itself, from where its cancellation reached it.
    server.wait_for(lambda seen: {"threadId": thread, "agentName": "echo"} in seen["stops"])


@ALL
def test_a_chat_that_ended_is_no_stop(server: Server, version: str) -> None:
    thread = str(uuid4())
    chat(server, version, "text:3", threadId=thread)
    assert thread not in {stop["threadId"] for stop in server.debug()["stops"]}


@WITH_QUERIES
def test_the_agents_are_listed(server: Server, version: str) -> None:
    server.not_the_reference("it lists the agents of remote endpoints only")
    agents = ask(server, version, "availableAgents")["data"]["availableAgents"]["agents"]
    assert [(agent["name"], agent["description"]) for agent in agents] == [
        ("echo", "Echo agent"),
        ("stateful", "Agent with stored state"),
    ]


@WITH_QUERIES
def test_a_stored_thread_is_loaded(server: Server, version: str) -> None:
    answer = ask(server, version, "loadAgentState", threadId="thread-stored", agent="stateful")
    loaded = answer["data"]["loadAgentState"]
    assert (loaded["threadId"], loaded["threadExists"]) == ("thread-stored", True)
    assert json.loads(loaded["state"]) == {"topic": "cats"}
    assert json.loads(loaded["messages"]) == [
        {"role": "user", "content": "hello", "id": "h1"},
        {"role": "assistant", "content": "hi", "id": "a1", "parentMessageId": "a1"},
        {"id": "tc1", "name": "lookup", "arguments": {"q": 1}, "parentMessageId": "a2"},
        {"actionExecutionId": "tc1", "actionName": "lookup", "result": "found", "id": "tr1"},
    ]


@WITH_QUERIES
def test_an_unknown_thread_has_no_state(server: Server, version: str) -> None:
    thread = str(uuid4())
    answer = ask(server, version, "loadAgentState", threadId=thread, agent="stateful")
    assert answer["data"]["loadAgentState"] == {
        "threadId": thread,
        "threadExists": False,
        "state": "{}",
        "messages": "[]",
    }


@WITH_QUERIES
@pytest.mark.parametrize(
    ("thread", "agent", "code", "words"),
    [
        (
            "thread-1",
            "nobody",
            "AGENT_NOT_FOUND",
            "Agent 'nobody' was not found. Available agents are: echo, stateful.",
        ),
        ("thread-broken", "stateful", "CONFIGURATION_ERROR", "store unavailable"),
    ],
    ids=["unknown agent", "broken store"],
)
def test_a_state_that_cannot_be_loaded_is_an_error_with_a_code(
    server: Server, version: str, thread: str, agent: str, code: str, words: str
) -> None:
    answer = ask(server, version, "loadAgentState", threadId=thread, agent=agent)
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["code"] == code
    assert words in error["shown"]
