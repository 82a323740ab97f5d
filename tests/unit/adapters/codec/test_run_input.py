"""Run inputs: what goes to agents, and what comes from clients (contract agui §4, §10)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agui_runtime.adapters.codec.decoding import decode_run_input, decode_stored_event, decode_stored_run_input
from agui_runtime.adapters.codec.runs import encode_run_input, encode_stored_run_input
from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.messages import AssistantMessage, UserMessage
from agui_runtime.domain.runs import Resume, RunInput
from agui_runtime.domain.tools import NO_PARAMETERS, Tool

SMALLEST: dict[str, Any] = {"threadId": "t", "runId": "r", "messages": []}


def run_input(**fields: Any) -> RunInput:
    return RunInput(ThreadId("t"), RunId("r"), **fields)


def fault_of(value: Any) -> str:
    with pytest.raises(InvalidError) as caught:
        decode_run_input(value)
    assert caught.value.code is ErrorCode.INVALID_INPUT
    return caught.value.message


def test_an_empty_run_input_has_every_key_that_old_agents_require_and_no_other() -> None:
    assert encode_run_input(run_input()) == {
        "threadId": "t",
        "runId": "r",
        "state": {},
        "messages": [],
        "tools": [],
        "context": [],
        "forwardedProps": {},
    }


def test_parent_and_resume_go_along_where_there_are_any() -> None:
    encoded = encode_run_input(run_input(parent_run_id="p", resume=(Resume("i", "resolved", {"ok": True}),)))
    assert encoded["parentRunId"] == "p"
    assert encoded["resume"] == [{"interruptId": "i", "status": "resolved", "payload": {"ok": True}}]


def test_an_answer_without_an_id_goes_as_langgraph_s_command() -> None:
    encoded = encode_run_input(run_input(resume=(Resume(None, "resolved", "yes"),), forwarded_props={"a": 1}))
    assert encoded["forwardedProps"] == {"a": 1, "command": {"resume": "yes"}}
    assert "resume" not in encoded


def test_a_command_that_the_client_wrote_is_kept() -> None:
    props = {"command": {"resume": "mine", "interruptEvent": {}}}
    assert (
        encode_run_input(run_input(resume=(Resume(None, "resolved", "x"),), forwarded_props=props))["forwardedProps"]
        == props
    )


def test_side_fields_do_not_reach_agents() -> None:
    message = UserMessage(id="m", content="hi", created_at=datetime(2026, 1, 1, tzinfo=UTC), parent_message_id="p")
    encoded = encode_run_input(run_input(agent_name=AgentName("a"), messages=(message,)))
    assert "agentName" not in encoded
    assert encoded["messages"] == [{"role": "user", "id": "m", "content": "hi"}]


def test_all_but_ids_and_messages_may_be_absent() -> None:
    assert decode_run_input(SMALLEST) == run_input()


def test_null_is_absent() -> None:
    nothing = dict.fromkeys(["state", "tools", "context", "forwardedProps", "resume", "parentRunId"])
    assert decode_run_input({**SMALLEST, **nothing}) == run_input()


def test_a_tool_without_parameters_takes_none() -> None:
    decoded = decode_run_input({**SMALLEST, "tools": [{"name": "t", "description": "", "parameters": None}]})
    assert decoded.tools == (Tool("t", "", NO_PARAMETERS),)


def test_an_agent_name_on_the_wire_is_ignored() -> None:
    assert decode_run_input({**SMALLEST, "agentName": "other"}).agent_name is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"messages": None}, "required field missing @ $.messages"),
        ({"messages": {}}, "expected an array, not an object @ $.messages"),
        ({"messages": [7]}, "expected an object, not a number @ $.messages[0]"),
        ({"messages": [{"role": "user", "content": "x"}]}, "required field missing @ $.messages[0].id"),
        ({"threadId": None}, "The thread id must be a string, not NoneType @ $.threadId"),
        ({"threadId": ""}, "The thread id must have 1 to 256 characters; this one has 0 @ $.threadId"),
        ({"runId": "a" * 257}, "The run id must have 1 to 256 characters; this one has 257 @ $.runId"),
        ({"tools": [{"description": "x"}]}, "required field missing @ $.tools[0].name"),
        ({"tools": [{"name": "t", "parameters": []}]}, "expected an object, not an array @ $.tools[0].parameters"),
        ({"context": [{"description": "d", "value": {}}]}, "expected a string, not an object @ $.context[0].value"),
        ({"forwardedProps": 1}, "expected an object, not a number @ $.forwardedProps"),
        (
            {"resume": [{"interruptId": None, "status": "resolved"}]},
            "expected a string, not null @ $.resume[0].interruptId",
        ),
        ({"resume": [{"interruptId": "i", "status": "maybe"}]}, "expected resolved or cancelled @ $.resume[0].status"),
    ],
)
def test_a_broken_run_input_is_refused_with_the_path_of_its_fault(changes: dict[str, Any], fault: str) -> None:
    assert fault_of({**SMALLEST, **changes}) == f"The run input is invalid: {fault}."


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_object_is_no_run_input(value: Any) -> None:
    assert fault_of(value).startswith("The run input is invalid: expected an object, not ")


def test_a_message_names_at_most_five_faults() -> None:
    assert fault_of({**SMALLEST, "messages": [{}] * 9}).count("@ $") == 5


def test_a_stored_run_input_keeps_an_answer_without_an_id() -> None:
    stored = {**SMALLEST, "resume": [{"interruptId": None, "status": "resolved"}]}
    assert decode_stored_run_input(stored).resume == (Resume(None, "resolved"),)


def test_a_stored_event_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(InvalidError, match="unknown type 'X'"):
        decode_stored_event({"type": "X"})


def test_what_is_sealed_with_a_call_comes_in_and_goes_out() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    sealed = {**call, "id": "d", "encryptedValue": "sealed"}
    sent = {**SMALLEST, "messages": [{"id": "a", "role": "assistant", "toolCalls": [call, sealed]}]}
    (message,) = decode_run_input(sent).messages
    assert isinstance(message, AssistantMessage)
    assert [call.encrypted_value for call in message.tool_calls] == [None, "sealed"]
    assert encode_run_input(run_input(messages=(message,)))["messages"] == sent["messages"]


KNOWN = {"encryptedValue": "sealed", "subagentRunId": "s", "metadata": {"k": [1]}}


@pytest.mark.parametrize(
    "message",
    [
        {"id": "1", "role": "user", "content": "hi", **KNOWN},
        {"id": "1", "role": "system", "content": "hi", **KNOWN},
        {"id": "1", "role": "developer", "content": "hi", **KNOWN},
        {"id": "1", "role": "assistant", "content": "hi", **KNOWN},
        {"id": "1", "role": "tool", "content": "hi", "toolCallId": "c", **KNOWN},
        {"id": "1", "role": "reasoning", "content": "hi", **KNOWN},
        {
            "id": "1",
            "role": "activity",
            "activityType": "plan",
            "content": {},
            "subagentRunId": "s",
            "metadata": {"k": 1},
        },
        {
            "id": "1",
            "role": "assistant",
            "toolCalls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": "f", "arguments": "{}"},
                    "encryptedValue": "sealed",
                    "metadata": {"k": 1},
                }
            ],
        },
    ],
)
def test_what_the_schemas_know_of_a_message_goes_on_to_agents_and_into_the_log(message: dict[str, Any]) -> None:
    decoded = decode_run_input({**SMALLEST, "messages": [message]})
    assert encode_run_input(decoded)["messages"] == [message]
    assert decode_stored_run_input(encode_stored_run_input(decoded)) == decoded


def test_what_the_schemas_know_of_tools_and_answers_goes_on_too() -> None:
    tool = {"name": "t", "description": "d", "parameters": {"type": "object"}, "metadata": {"k": 1}}
    answer = {"interruptId": "i", "status": "resolved", "payload": 1, "metadata": {"k": 1}}
    decoded = decode_run_input({**SMALLEST, "tools": [tool], "resume": [answer]})
    encoded = encode_run_input(decoded)
    assert (encoded["tools"], encoded["resume"]) == ([tool], [answer])
    assert decode_stored_run_input(encode_stored_run_input(decoded)) == decoded


@pytest.mark.parametrize("content", ["text", 1, [], True])
def test_an_activity_is_an_object(content: Any) -> None:
    message = {"id": "1", "role": "activity", "activityType": "plan", "content": content}
    assert "expected an object" in fault_of({**SMALLEST, "messages": [message]})
