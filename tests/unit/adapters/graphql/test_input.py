"""From the mutation's variables to a request: contract graphql §3, message by message."""

import json
from typing import Any

import pytest
from graphql import GraphQLInputType, coerce_input_value

from agui_runtime.adapters.graphql.input import generate_request
from agui_runtime.adapters.graphql.schema import load_schema
from agui_runtime.application.generate_request import GenerateRequest, GuardrailTopics
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, Scope
from agui_runtime.domain.runs import ContextEntry, Resume
from tests.unit.adapters.graphql.wire import OPERATIONS, variables

CALLER = Caller(ANONYMOUS, Scope("s"))
AT = "2026-01-02T03:04:05.678Z"
SESSION = {"agentSession": {"agentName": "writer"}}


def read(properties: dict[str, Any] | None = None, *, credentials: str = "", **data: Any) -> GenerateRequest:
    given = {"messages": [], "frontend": {"actions": []}, "metadata": {"requestType": "Chat"}, **data}
    type_: GraphQLInputType = load_schema().type_map["GenerateCopilotResponseInput"]  # type: ignore[assignment]
    return generate_request(
        coerce_input_value(given, type_),
        properties or {},
        caller=CALLER,
        credentials=credentials,
        headers={"x-a": "1"},
        correlation_id="corr-1",
    )


def message(kind: str, message_id: str = "m", **content: Any) -> dict[str, Any]:
    return {"id": message_id, "createdAt": AT, kind: content}


def call(message_id: str, arguments: str = '{"a": 1}', parent: str | None = None) -> dict[str, Any]:
    return message("actionExecutionMessage", message_id, name="t", arguments=arguments, parentMessageId=parent)


def messages(*entries: dict[str, Any], **data: Any) -> tuple[m.Message, ...]:
    return read(messages=list(entries), **data).messages


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("user", m.UserMessage),
        ("assistant", m.AssistantMessage),
        ("system", m.SystemMessage),
        ("developer", m.DeveloperMessage),
        ("tool", m.AssistantMessage),
    ],
)
def test_a_text_message_keeps_its_role(role: str, kind: type) -> None:
    (found,) = messages(message("textMessage", content="hi", role=role, parentMessageId="p"))
    assert type(found) is kind
    assert (found.id, getattr(found, "content", None), found.parent_message_id) == ("m", "hi", "p")
    assert found.created_at is not None
    assert found.created_at.year == 2026


def test_a_call_without_a_parent_is_a_message_of_its_own() -> None:
    (found,) = messages(call("c"))
    assert isinstance(found, m.AssistantMessage)
    assert (found.id, found.tool_calls) == ("c", (m.ToolCall("c", "t", '{"a":1}'),))


def test_calls_are_folded_into_their_parent() -> None:
    text = message("textMessage", "p", content="let me see", role="assistant")
    (found,) = messages(text, call("c1", parent="p"), call("c2", parent="p"))
    assert isinstance(found, m.AssistantMessage)
    assert (found.content, [each.id for each in found.tool_calls]) == ("let me see", ["c1", "c2"])


def test_calls_of_an_absent_parent_make_it() -> None:
    (found,) = messages(call("c1", parent="gone"), call("c2", parent="gone"))
    assert isinstance(found, m.AssistantMessage)
    assert (found.id, [each.id for each in found.tool_calls]) == ("gone", ["c1", "c2"])


def test_a_call_whose_parent_is_the_users_stays_alone() -> None:
    found = messages(message("textMessage", "p", content="hi", role="user"), call("c", parent="p"))
    assert [each.id for each in found] == ["p", "c"]


@pytest.mark.parametrize("arguments", ["", "{", "nonsense", "[" * 100_000])
def test_a_call_whose_arguments_are_no_json_is_dropped_silently(arguments: str) -> None:
    assert messages(call("c", arguments), message("textMessage", content="hi", role="user"))[0].id == "m"


def test_a_result_knows_its_call_and_its_tool() -> None:
    (found,) = messages(
        message("resultMessage", actionExecutionId="c", actionName="t", result="3", parentMessageId="x")
    )
    assert isinstance(found, m.ToolMessage)
    assert (found.tool_call_id, found.tool_name, found.content, found.parent_message_id) == ("c", "t", "3", None)


def test_a_message_of_no_kind_and_an_agent_state_are_dropped() -> None:
    state = message(
        "agentStateMessage", threadId="t", agentName="a", role="assistant", state="{}", running=True, nodeName="n",
        runId="r", active=True,
    )  # fmt: skip
    assert messages({"id": "m", "createdAt": AT}, state) == ()


IMAGE = {"format": "png", "bytes": "aGk=", "role": "user"}


def test_images_go_to_models_and_not_to_agents() -> None:
    (found,) = messages(message("imageMessage", **IMAGE))
    assert isinstance(found, m.UserMessage)
    assert found.content == (m.MediaPart("image", mime_type="image/png", data="aGk="),)
    assert messages(message("imageMessage", **IMAGE), **SESSION) == ()


def test_the_first_kind_of_a_message_counts() -> None:
    both = {
        **message("textMessage", content="hi", role="user"),
        "resultMessage": {"actionExecutionId": "c", "actionName": "t", "result": ""},
    }
    assert isinstance(messages(both)[0], m.UserMessage)


def action(name: str, available: str | None = None, schema: str = '{"type":"object"}') -> dict[str, Any]:
    given = {"name": name, "description": "d", "jsonSchema": schema}
    return given if available is None else {**given, "available": available}


ACTIONS = {
    "frontend": {
        "url": "http://page",
        "actions": [action("a"), action("b", "enabled"), action("c", "disabled"), action("d", "remote")],
    }
}


def test_disabled_actions_are_never_offered_and_remote_ones_to_agents_only() -> None:
    assert [tool.name for tool in read(**ACTIONS).tools] == ["a", "b"]
    assert [tool.name for tool in read(**ACTIONS, **SESSION).tools] == ["a", "b", "d"]
    assert read(**ACTIONS).frontend_url == "http://page"


@pytest.mark.parametrize("schema", ["", "{", "[]", "1", "null", '{"x":NaN}', "[" * 100_000])
def test_an_action_whose_schema_is_no_json_object_is_named(schema: str) -> None:
    with pytest.raises(InvalidError, match="jsonSchema of the action 'broken'"):
        read(frontend={"actions": [action("broken", schema=schema)]})


def test_a_broken_schema_of_a_disabled_action_does_not_matter() -> None:
    assert read(frontend={"actions": [action("off", "disabled", schema="{")]}).tools == ()


@pytest.mark.parametrize("data", [{}, {"threadId": None, "runId": None}, {"threadId": "", "runId": ""}])
def test_no_thread_null_and_empty_are_the_same(data: dict[str, Any]) -> None:
    request = read(**data)
    assert (request.thread_id, request.run_id) == (None, None)


def test_the_requests_thread_comes_before_the_sessions() -> None:
    session = {"agentSession": {"agentName": "writer", "threadId": "of session"}}
    assert read(**session).thread_id == "of session"
    assert read(threadId="of request", **session).thread_id == "of request"
    assert read(threadId=None, **session).agent_name == AgentName("writer")


@pytest.mark.parametrize("bad", ["a\nb", "x" * 300, "\x00"])
def test_an_id_that_breaks_its_syntax_is_refused(bad: str) -> None:
    with pytest.raises(InvalidError):
        read(threadId=bad)
    with pytest.raises(InvalidError):
        read(agentSession={"agentName": bad})


@pytest.mark.parametrize("text", ["{", "[]", "1", "null", "", '"x"', '{"x":NaN}', '{"x":1e999}'])
def test_a_state_that_is_no_json_object_counts_as_empty(text: str) -> None:
    (state,) = read(agentStates=[{"agentName": "a", "state": text, "config": text}]).agent_states
    assert (state.state, state.config) == ({}, {})


def test_states_and_configs_are_parsed() -> None:
    (state,) = read(agentStates=[{"agentName": "a", "state": '{"n":1}', "config": '{"c":1}'}]).agent_states
    assert (state.agent_name, state.state, state.config) == ("a", {"n": 1}, {"c": 1})


def test_an_agent_is_forwarded_its_config_the_resume_command_and_the_properties() -> None:
    states = [{"agentName": "writer", "state": "{}", "config": '{"c":1,"streamSubgraphs":true}'}]
    request = read(
        {"p": 1},
        agentSession={"agentName": "writer", "nodeName": "node"},
        agentStates=states,
        metaEvents=[{"name": "LangGraphInterruptEvent", "value": "?", "response": "yes"}],
    )
    assert request.forwarded_props_for(AgentName("writer")) == {
        "config": {"c": 1},
        "threadMetadata": {},
        "command": {"resume": "yes"},
        "nodeName": "node",
        "streamSubgraphs": True,
        "p": 1,
    }
    assert request.forwarded_props_for(AgentName("other"))["config"] == {}
    assert request.resume == (Resume(None, "resolved", "yes"),)


def test_a_question_without_an_answer_resumes_nothing() -> None:
    assert read(metaEvents=[{"name": "LangGraphInterruptEvent", "value": "?"}]).resume == ()


def test_forwarded_parameters_lose_nulls_and_floats_that_are_whole() -> None:
    request = read(forwardedParameters={"model": "m", "maxTokens": 12, "temperature": 0.5, "stop": None})
    assert dict(request.forwarded_parameters) == {"model": "m", "maxTokens": 12, "temperature": 0.5}
    assert isinstance(request.forwarded_parameters["maxTokens"], int)


@pytest.mark.parametrize(
    ("kind", "stateless"),
    [("Chat", False), ("Task", True), ("Suggestion", True), ("TextareaCompletion", True), ("TextareaPopover", True)],
)
def test_tasks_and_suggestions_store_nothing(kind: str, stateless: bool) -> None:
    assert read(metadata={"requestType": kind}).is_stateless is stateless


@pytest.mark.parametrize("metadata", [{}, {"requestType": None}])
def test_a_request_of_no_type_is_a_chat(metadata: dict[str, Any]) -> None:
    assert not read(metadata=metadata).is_stateless


def test_guardrail_topics_come_with_the_callers_key() -> None:
    rules = {"inputValidationRules": {"allowList": ["cats"], "denyList": None}}
    assert read(cloud={"guardrails": rules}, credentials="key").guardrail == GuardrailTopics(("cats",), (), "key")
    assert read(cloud={}).guardrail is None
    assert read().guardrail is None


def test_context_headers_and_correlation_go_along() -> None:
    request = read(context=[{"description": "d", "value": "v"}])
    assert request.context == (ContextEntry("d", "v"),)
    assert (dict(request.headers), request.correlation_id) == ({"x-a": "1"}, "corr-1")


@pytest.mark.parametrize("version", sorted(path.name for path in OPERATIONS.iterdir()))
def test_what_each_client_version_sends_can_be_read(version: str) -> None:
    data = variables(version)["data"]
    request = read(**data)
    assert request.messages
    assert json.dumps(list(map(str, request.messages)))


def test_messages_of_one_id_are_all_kept() -> None:
    found = messages(
        message("textMessage", "u", content="one", role="user"),
        message("textMessage", "u", content="two", role="user"),
    )
    assert [text.content for text in found if isinstance(text, m.UserMessage)] == ["one", "two"]


def test_a_call_goes_into_the_newest_message_of_its_parents_id() -> None:
    found = messages(
        message("textMessage", "a", content="one", role="assistant"),
        message("textMessage", "a", content="two", role="assistant"),
        call("c", parent="a"),
    )
    assert [len(text.tool_calls) for text in found if isinstance(text, m.AssistantMessage)] == [0, 1]


def test_what_is_told_of_an_agent_that_can_be_none_is_ignored() -> None:
    found = read(agentStates=[{"agentName": "", "state": "{}"}, {"agentName": "writer", "state": "{}"}])
    assert [state.agent_name for state in found.agent_states] == ["writer"]


@pytest.mark.parametrize(
    ("event", "command"),
    [({"response": "yes"}, {"resume": "yes"}), ({"response": None}, {"resume": None}), ({}, {})],
)
def test_only_an_answer_resumes(event: dict[str, Any], command: dict[str, Any]) -> None:
    request = read(**SESSION, metaEvents=[{"name": "LangGraphInterruptEvent", "value": "ok?", **event}])
    assert request.forwarded_props_for(AgentName("writer"))["command"] == command
