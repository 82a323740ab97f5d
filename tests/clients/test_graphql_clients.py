"""Three releases of the real CopilotKit GraphQL client, in Node, against a running server.

By nature the reference, @copilotkit/runtime 1.10.6, differs in the tests that begin with ``not_the_reference``.
"""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.clients.server import Server
from tests.support.node import drive

pytestmark = pytest.mark.clients

VERSIONS = ("1.10.6", "1.8.14", "1.3.15")
ALL = pytest.mark.parametrize("version", VERSIONS)
WITH_QUERIES = pytest.mark.parametrize("version", ["1.10.6", "1.8.14"])
GENERIC = "An unexpected error occurred. Please check the logs for more details."
SUCCESS = {"code": "Success"}
SET_COLOR = {
    "name": "setColor",
    "description": "Set the colour",
    "jsonSchema": {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]},
    "result": "painted",
}


def _chat(server: Server, version: str, *turns: str, **scenario: Any) -> list[dict[str, Any]]:
    """The turns of a chat on a thread of its own; nothing may have gone wrong inside the client."""
    scenario = {"threadId": str(uuid4()), **scenario, "turns": turns}
    answer = drive(version, server.url, {key: value for key, value in scenario.items() if value is not None})
    assert answer["unhandled"] == []
    turns_seen: list[dict[str, Any]] = answer["turns"]
    return turns_seen


def _ask(server: Server, version: str, operation: str, **scenario: Any) -> dict[str, Any]:
    answer = drive(version, server.url, {"operation": operation, **scenario})
    assert answer["supported"]
    assert answer["unhandled"] == []
    return answer


def _assert_went_well(turn: dict[str, Any]) -> None:
    assert (turn["status"], turn["errors"], turn["streamError"]) == (SUCCESS, [], None)
    assert {message["status"]["code"] for message in turn["messages"]} <= {"Success"}


def _inspected(turn: dict[str, Any]) -> Any:
    """What the model or the agent was given, as its ``inspect`` scenario printed it."""
    _assert_went_well(turn)
    return json.loads(turn["messages"][-1]["content"])


def _brief(turn: dict[str, Any]) -> list[tuple[Any, ...]]:
    forms = {
        "TextMessage": ("content",),
        "ActionExecutionMessage": ("name", "arguments"),
        "ResultMessage": ("actionName", "result"),
        "AgentStateMessage": ("agentName", "state"),
    }
    return [(message["id"], *(message[key] for key in forms[message["type"]])) for message in turn["messages"]]


@ALL
def test_a_text_arrives_whole(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "text:5")
    _assert_went_well(turn)
    assert _brief(turn) == [("msg-1", "chunk0 chunk1 chunk2 chunk3 chunk4 ")]


@ALL
def test_a_slow_text_arrives_piece_by_piece(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "slow:6:60")
    _assert_went_well(turn)
    assert turn["updates"] >= 6


@ALL
def test_a_text_keeps_every_character(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "unicode")
    _assert_went_well(turn)
    text = 'héllo 🌍 \r\n---\r\n"quoted" \\ back\t\u2028\u0000end日本'
    assert _brief(turn) == [("msg-1", text)]


@ALL
def test_interleaved_messages_are_told_apart(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "interleaved")
    _assert_went_well(turn)
    assert _brief(turn) == [("msg-1", "a1 a2"), ("msg-2", "b1 b2")]


@ALL
def test_a_long_burst_arrives_whole(server: Server, version: str) -> None:
    server.not_the_reference("it cuts a burst at 1024 chunks")
    (turn,) = _chat(server, version, "long:3000")
    _assert_went_well(turn)
    assert _brief(turn) == [("msg-1", "".join(f"chunk-{index:06}-abcdef " for index in range(3000)))]


@ALL
def test_no_client_is_told_of_another_version(server: Server, version: str) -> None:
    server.not_the_reference("it names its own version to clients of every version")
    (turn,) = _chat(server, version, "text:1")
    assert turn["warnings"] == []


@ALL
def test_a_frontend_tools_call_arrives_whole(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "tool", actions=[SET_COLOR])
    _assert_went_well(turn)
    assert _brief(turn) == [("call-1", "setColor", {"color": "red"})]


@WITH_QUERIES
def test_a_frontend_tools_result_reaches_the_model_behind_its_call(server: Server, version: str) -> None:
    _, turn = _chat(server, version, "texttool", "inspect", actions=[SET_COLOR])
    given = _inspected(turn)
    assert [message["type"] for message in given["messages"]] == [
        "TextMessage", "TextMessage", "ActionExecutionMessage", "ResultMessage", "TextMessage",
    ]  # fmt: skip
    call, result = given["messages"][2:4]
    assert (call["id"], call["parentMessageId"], call["arguments"]) == ("call-1", "msg-1", {"color": "red"})
    assert (result["actionExecutionId"], result["actionName"], result["result"]) == ("call-1", "setColor", "painted")
    assert [action["name"] for action in given["actions"] if "available" in action] == ["setColor"]


@ALL
@pytest.mark.parametrize(
    ("scenario", "tool", "result"),
    [
        ("serveraction-object", "serverObject", '{"echo":"x","list":[1,2]}'),
        ("serveraction-string", "serverString", "plain text"),
        ("serveraction-undefined", "serverUndefined", ""),
        (
            "serveraction-throw",
            "serverThrow",
            '{"error":{"code":"HANDLER_ERROR","message":"handler exploded"},"result":""}',
        ),
    ],
)
def test_a_server_actions_result_follows_its_call(
    server: Server, version: str, scenario: str, tool: str, result: str
) -> None:
    (turn,) = _chat(server, version, scenario)
    _assert_went_well(turn)
    assert [(message["type"], *brief[1:2]) for message, brief in zip(turn["messages"], _brief(turn), strict=True)] == [
        ("ActionExecutionMessage", tool),
        ("ResultMessage", tool),
    ]
    assert _brief(turn)[1] == ("result-call-1", tool, result)


@ALL
def test_what_follows_a_slow_server_action_comes_behind_its_result(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "serveraction-slow")
    _assert_went_well(turn)
    assert _brief(turn) == [
        ("call-1", "serverSlow", {}),
        ("result-call-1", "serverSlow", "late"),
        ("msg-2", "after slow"),
    ]


@ALL
def test_a_server_action_may_return_a_number(server: Server, version: str) -> None:
    server.not_the_reference("it takes a number for an object and fails")
    (turn,) = _chat(server, version, "serveraction-then-text")
    _assert_went_well(turn)
    assert _brief(turn)[1:] == [("result-call-1", "serverAdd", "3"), ("msg-2", "after action")]


@ALL
def test_bad_arguments_of_a_server_action_are_told_and_the_response_ends(server: Server, version: str) -> None:
    server.not_the_reference("its response never ends")
    (turn,) = _chat(server, version, "serveraction-badargs")
    assert turn["status"] == SUCCESS
    assert json.loads(turn["messages"][1]["result"])["error"] == {
        "code": "INVALID_ARGUMENTS",
        "message": "Failed to parse action arguments",
    }


@ALL
def test_an_agents_state_arrives_and_goes_back_in_the_next_turn(server: Server, version: str) -> None:
    first, second = _chat(server, version, "state", "inspect", agent="echo")
    _assert_went_well(first)
    (message,) = first["messages"]
    assert (message["agentName"], message["state"]) == ("echo", {"count": 1, "items": ["a"]})
    assert (message["active"], message["running"]) == (False, True)
    assert _inspected(second)["state"] == {"count": 1, "items": ["a"]}


@ALL
def test_an_agents_steps_end_in_its_last_state(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "steps", agent="echo")
    _assert_went_well(turn)
    texts = [message["content"] for message in turn["messages"] if message["type"] == "TextMessage"]
    states = [message["state"] for message in turn["messages"] if message["type"] == "AgentStateMessage"]
    assert (texts, states) == (["working"], [{"phase": "act"}])


@WITH_QUERIES
def test_an_interrupts_answer_reaches_the_agent(server: Server, version: str) -> None:
    first, second = _chat(server, version, "interrupt", "inspect", agent="echo", interruptResponse="yes")
    assert [(event["name"], event["value"]) for event in first["metaEvents"]] == [
        ("LangGraphInterruptEvent", '{"question":"ok?"}')
    ]
    assert _inspected(second)["forwardedProps"]["command"]["resume"] == "yes"


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
    (turn,) = _chat(server, version, scenario)
    assert (turn["messages"], turn["updates"]) == ([], 0)
    assert [(error["code"], error["shown"]) for error in turn["errors"]] == [(code, message)]


@ALL
@pytest.mark.parametrize(
    ("scenario", "agent", "description"),
    [("error-mid", None, GENERIC), ("error-mid-structured", None, "bad key"), ("throw", "echo", "agent threw")],
)
def test_a_failure_amid_the_stream_fails_the_response(
    server: Server, version: str, scenario: str, agent: str | None, description: str
) -> None:
    (turn,) = _chat(server, version, scenario, agent=agent)
    status = turn["status"]
    assert (status["code"], status["reason"]) == ("Failed", "UNKNOWN_ERROR")
    assert status["details"]["description"] == description
    assert (turn["errors"], turn["streamError"]) == ([], None)


@ALL
def test_a_text_cut_by_a_failure_keeps_what_it_had_and_is_failed(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "error-mid")
    assert _brief(turn) == [("msg-1", "one two ")]
    assert turn["messages"][0]["status"] == {"code": "Failed", "reason": "Error streaming message content"}


@ALL
def test_a_call_cut_by_a_failure_is_failed(server: Server, version: str) -> None:
    (turn,) = _chat(server, version, "error-mid-tool")
    reason = "An unknown error has occurred in the action execution argument stream"
    assert turn["messages"][0]["status"] == {"code": "Failed", "reason": reason}


@ALL
def test_a_stopped_chat_is_told_to_the_host_and_can_go_on(server: Server, version: str) -> None:
    thread = str(uuid4())
    (turn,) = _chat(server, version, "slow:200:50", threadId=thread, stopAfter=4)
    assert turn["aborted"]
    assert turn["updates"] < 20
    server.wait_for(lambda seen: {"threadId": thread, "agentName": None} in seen["stops"])
    (again,) = _chat(server, version, "text:1", threadId=thread)
    _assert_went_well(again)


@ALL
def test_a_stopped_agent_is_cancelled(server: Server, version: str) -> None:
    server.not_the_reference("its agents are never slow enough to be stopped")
    thread = str(uuid4())
    (turn,) = _chat(server, version, "slow:200:50", threadId=thread, agent="echo", stopAfter=4)
    assert turn["aborted"]
    server.wait_for(lambda seen: {"threadId": thread, "agentName": "echo"} in seen["stops"])
    server.wait_for(lambda seen: thread in seen["cancelled"])


@ALL
def test_a_chat_that_ended_is_no_stop(server: Server, version: str) -> None:
    thread = str(uuid4())
    _chat(server, version, "text:3", threadId=thread)
    assert thread not in {stop["threadId"] for stop in server.debug()["stops"]}


@ALL
def test_two_turns_share_a_thread_and_its_history(server: Server, version: str) -> None:
    thread = str(uuid4())
    first, second = _chat(server, version, "text:2", "inspect", threadId=thread)
    assert (first["threadId"], second["threadId"]) == (thread, thread)
    given = _inspected(second)
    assert given["threadId"] == thread
    assert [(message["role"], message["content"]) for message in given["messages"]] == [
        ("user", "text:2"),
        ("assistant", "chunk0 chunk1 "),
        ("user", "inspect"),
    ]


def test_a_client_without_a_thread_is_given_one_and_keeps_it(server: Server) -> None:
    server.not_the_reference("it refuses a thread id of null")
    first, second = _chat(server, "1.3.15", "text:1", "inspect", threadId=None)
    assert first["threadId"]
    assert first["threadId"] == second["threadId"] == _inspected(second)["threadId"]


@ALL
def test_a_denied_topic_fails_the_response_with_the_reason(server: Server, version: str) -> None:
    rules = {"guardrails": {"inputValidationRules": {"allowList": [], "denyList": ["politics"]}}}
    (turn,) = _chat(server, version, "slow:10:50:forbidden", publicApiKey="key", cloud=rules)
    assert (turn["status"]["code"], turn["status"]["reason"]) == ("Failed", "GUARDRAILS_VALIDATION_FAILED")
    assert turn["status"]["details"]["guardrailsReason"] == "Topic not allowed"


@WITH_QUERIES
def test_the_agents_are_listed(server: Server, version: str) -> None:
    server.not_the_reference("it lists the agents of remote endpoints only")
    agents = _ask(server, version, "availableAgents")["data"]["availableAgents"]["agents"]
    assert [(agent["name"], agent["description"]) for agent in agents] == [
        ("echo", "Echo agent"),
        ("stateful", "Agent with stored state"),
    ]


@WITH_QUERIES
def test_a_stored_thread_is_loaded(server: Server, version: str) -> None:
    answer = _ask(server, version, "loadAgentState", threadId="thread-stored", agent="stateful")
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
    answer = _ask(server, version, "loadAgentState", threadId=thread, agent="stateful")
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
    answer = _ask(server, version, "loadAgentState", threadId=thread, agent=agent)
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["code"] == code
    assert words in error["shown"]
