"""Three releases of the real CopilotKit GraphQL client, in Node, against a running server.

By nature the reference, @copilotkit/runtime 1.10.6, differs in the tests that begin with ``not_the_reference``.
"""

import json
from uuid import uuid4

import pytest

from tests.clients.chats import ALL, SET_COLOR, SUCCESS, WITH_QUERIES, assert_went_well, brief, chat, inspected
from tests.clients.server import Server

pytestmark = pytest.mark.clients


@ALL
def test_a_text_arrives_whole(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "text:5")
    assert_went_well(turn)
    assert brief(turn) == [("msg-1", "chunk0 chunk1 chunk2 chunk3 chunk4 ")]


@ALL
def test_a_slow_text_arrives_piece_by_piece(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "slow:6:60")
    assert_went_well(turn)
    assert turn["updates"] >= 6


@ALL
def test_a_text_keeps_every_character(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "unicode")
    assert_went_well(turn)
    text = 'héllo 🌍 \r\n---\r\n"quoted" \\ back\t\u2028\u0000end日本'
    assert brief(turn) == [("msg-1", text)]


@ALL
def test_interleaved_messages_are_told_apart(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "interleaved")
    assert_went_well(turn)
    assert brief(turn) == [("msg-1", "a1 a2"), ("msg-2", "b1 b2")]


@ALL
def test_a_long_burst_arrives_whole(server: Server, version: str) -> None:
    server.not_the_reference("it cuts a burst at 1024 chunks")
    (turn,) = chat(server, version, "long:3000")
    assert_went_well(turn)
    assert brief(turn) == [("msg-1", "".join(f"chunk-{index:06}-abcdef " for index in range(3000)))]


@ALL
def test_no_client_is_told_of_another_version(server: Server, version: str) -> None:
    server.not_the_reference("it names its own version to clients of every version")
    (turn,) = chat(server, version, "text:1")
    assert turn["warnings"] == []


@ALL
def test_a_frontend_tools_call_arrives_whole(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "tool", actions=[SET_COLOR])
    assert_went_well(turn)
    assert brief(turn) == [("call-1", "setColor", {"color": "red"})]


@WITH_QUERIES
def test_a_frontend_tools_result_reaches_the_model_behind_its_call(server: Server, version: str) -> None:
    _, turn = chat(server, version, "texttool", "inspect", actions=[SET_COLOR])
    given = inspected(turn)
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
    (turn,) = chat(server, version, scenario)
    assert_went_well(turn)
    assert [(message["type"], said[1]) for message, said in zip(turn["messages"], brief(turn), strict=True)] == [
        ("ActionExecutionMessage", tool),
        ("ResultMessage", tool),
    ]
    assert brief(turn)[1] == ("result-call-1", tool, result)


@ALL
def test_what_follows_a_slow_server_action_comes_behind_its_result(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "serveraction-slow")
    assert_went_well(turn)
    assert brief(turn) == [
        ("call-1", "serverSlow", {}),
        ("result-call-1", "serverSlow", "late"),
        ("msg-2", "after slow"),
    ]


@ALL
def test_a_server_action_may_return_a_number(server: Server, version: str) -> None:
    server.not_the_reference("it takes a number for an object and fails")
    (turn,) = chat(server, version, "serveraction-then-text")
    assert_went_well(turn)
    assert brief(turn)[1:] == [("result-call-1", "serverAdd", "3"), ("msg-2", "after action")]


@ALL
def test_bad_arguments_of_a_server_action_are_told_and_the_response_ends(server: Server, version: str) -> None:
    server.not_the_reference("its response never ends")
    (turn,) = chat(server, version, "serveraction-badargs")
    assert turn["status"] == SUCCESS
    assert json.loads(turn["messages"][1]["result"])["error"] == {
        "code": "INVALID_ARGUMENTS",
        "message": "Failed to parse action arguments",
    }


@ALL
def test_an_agents_state_arrives_and_goes_back_in_the_next_turn(server: Server, version: str) -> None:
    first, second = chat(server, version, "state", "inspect", agent="echo")
    assert_went_well(first)
    (message,) = first["messages"]
    assert (message["agentName"], message["state"]) == ("echo", {"count": 1, "items": ["a"]})
    assert (message["active"], message["running"]) == (False, True)
    assert inspected(second)["state"] == {"count": 1, "items": ["a"]}


@ALL
def test_an_agents_steps_end_in_its_last_state(server: Server, version: str) -> None:
    (turn,) = chat(server, version, "steps", agent="echo")
    assert_went_well(turn)
    texts = [message["content"] for message in turn["messages"] if message["type"] == "TextMessage"]
    states = [message["state"] for message in turn["messages"] if message["type"] == "AgentStateMessage"]
    assert (texts, states) == (["working"], [{"phase": "act"}])


@WITH_QUERIES
def test_an_interrupts_answer_reaches_the_agent(server: Server, version: str) -> None:
    first, second = chat(server, version, "interrupt", "inspect", agent="echo", interruptResponse="yes")
    assert [(event["name"], event["value"]) for event in first["metaEvents"]] == [
        ("LangGraphInterruptEvent", '{"question":"ok?"}')
    ]
    assert inspected(second)["forwardedProps"]["command"]["resume"] == "yes"


@ALL
def test_two_turns_share_a_thread_and_its_history(server: Server, version: str) -> None:
    thread = str(uuid4())
    first, second = chat(server, version, "text:2", "inspect", threadId=thread)
    assert (first["threadId"], second["threadId"]) == (thread, thread)
    given = inspected(second)
    assert given["threadId"] == thread
    assert [(message["role"], message["content"]) for message in given["messages"]] == [
        ("user", "text:2"),
        ("assistant", "chunk0 chunk1 "),
        ("user", "inspect"),
    ]


def test_a_client_without_a_thread_is_given_one_and_keeps_it(server: Server) -> None:
    server.not_the_reference("it refuses a thread id of null")
    first, second = chat(server, "1.3.15", "text:1", "inspect", threadId=None)
    assert first["threadId"]
    assert first["threadId"] == second["threadId"] == inspected(second)["threadId"]


@ALL
def test_a_denied_topic_fails_the_response_with_the_reason(server: Server, version: str) -> None:
    rules = {"guardrails": {"inputValidationRules": {"allowList": [], "denyList": ["politics"]}}}
    (turn,) = chat(server, version, "slow:10:50:forbidden", publicApiKey="key", cloud=rules)
    assert (turn["status"]["code"], turn["status"]["reason"]) == ("Failed", "GUARDRAILS_VALIDATION_FAILED")
    assert turn["status"]["details"]["guardrailsReason"] == "Topic not allowed"
