"""The schema of the state API, name by name; and that what older clients know is unchanged."""

from pathlib import Path

import pytest
from graphql import (
    InputObjectTypeDefinitionNode,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
    is_input_object_type,
    is_object_type,
    is_union_type,
    parse,
    value_from_ast_untyped,
)

from agui_runtime.adapters.graphql.schema import load_schema, sdl
from tests.support.commands import command

CONTRACT = (Path(__file__).parents[3] / "data" / "graphql" / "schema.graphql").read_text()

FIELDS = {
    "RuntimeInfo": {
        "version": "String!",
        "runtime": "String!",
        "providers": "[String!]!",
        "agentsCount": "Int!",
        "protocols": "[String!]!",
    },
    "Agent": {
        "id": "String!",
        "name": "String!",
        "description": "String!",
        "version": "String!",
        "capabilities": "[String!]!",
    },
    "SaveAgentStateInput": {
        "threadId": "String!",
        "agentName": "String!",
        "stateData": "String!",
        "mergeWithExisting": "Boolean!",
        "expectedVersion": "Int",
        "expiresAt": "DateTimeISO",
        "metadata": "MetadataInput",
    },
    "SaveAgentStateResponse": {
        "threadId": "String!",
        "agentName": "String!",
        "success": "Boolean!",
        "stateKey": "String",
        "version": "Int",
        "savedAt": "DateTimeISO",
        "errorMessage": "String",
        "errorCode": "String",
    },
    "DeleteAgentStateInput": {"threadId": "String!", "agentName": "String!"},
    "DeleteAgentStateResponse": {
        "success": "Boolean!",
        "existed": "Boolean!",
        "errorMessage": "String",
        "errorCode": "String",
    },
    "LoadAgentStateInput": {"threadId": "String!", "agentName": "String!", "includeHistory": "Boolean!"},
    "LoadAgentStateResponse": {
        "threadId": "String!",
        "threadExists": "Boolean!",
        "state": "String!",
        "messages": "String!",
        "agentName": "String!",
        "stateKey": "String",
        "stateData": "String",
        "stateFound": "Boolean!",
        "lastUpdated": "DateTimeISO",
        "version": "Int",
        "errorMessage": "String",
        "history": "[MessageUnion!]",
    },
    "AgentStateSummary": {
        "threadId": "String!",
        "agentName": "String!",
        "stateKey": "String!",
        "version": "Int!",
        "size": "Int!",
        "createdAt": "DateTimeISO!",
        "updatedAt": "DateTimeISO!",
        "expiresAt": "DateTimeISO",
    },
    "ExecuteAgentInput": {
        "threadId": "String",
        "agentName": "String!",
        "input": "String!",
        "metadata": "MetadataInput",
    },
    "AgentExecutionResponse": {
        "executionId": "String!",
        "threadId": "String!",
        "agentName": "String!",
        "status": "String!",
        "result": "JSON",
        "messages": "[MessageUnion!]!",
        "startedAt": "DateTimeISO!",
        "completedAt": "DateTimeISO",
        "errorMessage": "String",
    },
    "MetaEventResponse": {
        "eventId": "String!",
        "eventType": "String!",
        "threadId": "String!",
        "agentName": "String",
        "eventData": "JSON",
        "timestamp": "DateTimeISO!",
        "handled": "Boolean!",
    },
    "MetadataInput": {
        "userId": "String",
        "sessionId": "String",
        "clientVersion": "String",
        "platform": "String",
        "customProperties": "JSON",
    },
    "StreamingConfigInput": {
        "enabled": "Boolean!",
        "bufferSize": "Int!",
        "flushIntervalMs": "Int!",
        "includeIntermediateResults": "Boolean!",
    },
}
ROOT_FIELDS = {
    "runtimeInfo": ({}, "RuntimeInfo!"),
    "agentStates": ({"threadId": "String!"}, "[AgentStateSummary!]!"),
    "metaEvents": ({"threadId": "String!", "agentName": "String"}, "[MetaEventResponse!]!"),
    "saveAgentState": ({"data": "SaveAgentStateInput!"}, "SaveAgentStateResponse!"),
    "deleteAgentState": ({"data": "DeleteAgentStateInput!"}, "DeleteAgentStateResponse!"),
    "executeAgent": ({"data": "ExecuteAgentInput!"}, "AgentExecutionResponse!"),
}
DEFAULTS = {
    ("SaveAgentStateInput", "mergeWithExisting"): True,
    ("LoadAgentStateInput", "includeHistory"): False,
    ("StreamingConfigInput", "enabled"): True,
    ("StreamingConfigInput", "bufferSize"): 1024,
    ("StreamingConfigInput", "flushIntervalMs"): 0,
    ("StreamingConfigInput", "includeIntermediateResults"): True,
}
UNION = {
    "Message": {"content"},
    "ActionMessage": {"actionName", "actionInput", "actionOutput"},
    "AgentStateMessage": {"threadId", "agentName", "state"},
    "ImageMessage": {"format", "bytes"},
    "ActionExecutionMessage": {"name", "arguments"},
    "ResultMessage": {"actionExecutionId", "actionName", "result"},
}


def breaking(new_sdl: str) -> list[str]:
    """What a client of the contract's schema would miss."""
    return [change.description for change in find_breaking_changes(build_schema(CONTRACT), build_schema(new_sdl))]


@pytest.mark.parametrize("name", FIELDS)
def test_a_type_has_the_fields_that_were_agreed(name: str) -> None:
    type_ = load_schema().type_map[name]
    assert is_object_type(type_) or is_input_object_type(type_)
    assert {field: str(found.type) for field, found in type_.fields.items()} == FIELDS[name]


@pytest.mark.parametrize("name", ROOT_FIELDS)
def test_a_root_field_has_the_arguments_and_the_type_that_were_agreed(name: str) -> None:
    schema = load_schema()
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    field = {**schema.query_type.fields, **schema.mutation_type.fields}[name]
    assert ({key: str(argument.type) for key, argument in field.args.items()}, str(field.type)) == ROOT_FIELDS[name]


@pytest.mark.parametrize("place", DEFAULTS, ids=".".join)
def test_a_default_is_the_one_that_was_agreed(place: tuple[str, str]) -> None:
    (found,) = [
        value_from_ast_untyped(field.default_value)
        for definition in parse(sdl()).definitions
        if isinstance(definition, InputObjectTypeDefinitionNode) and definition.name.value == place[0]
        for field in definition.fields or ()
        if field.name.value == place[1] and field.default_value
    ]
    assert found == DEFAULTS[place]


def test_a_history_has_six_kinds_of_messages_with_four_fields_in_common() -> None:
    schema = load_schema()
    union = schema.type_map["MessageUnion"]
    assert is_union_type(union)
    assert {type_.name for type_ in union.types} == set(UNION)
    common = {"id": "String!", "role": "MessageRole!", "createdAt": "DateTimeISO!", "status": "MessageStatus!"}
    for type_ in union.types:
        shown = {name: str(field.type) for name, field in type_.fields.items()}
        assert common.items() <= shown.items()
        assert UNION[type_.name] <= set(shown)


def test_a_request_may_say_how_it_is_streamed() -> None:
    type_ = load_schema().type_map["GenerateCopilotResponseInput"]
    assert is_input_object_type(type_)
    assert str(type_.fields["streaming"].type) == "StreamingConfigInput"


def test_nothing_that_older_clients_know_was_removed_or_changed() -> None:
    assert breaking(sdl()) == []


def test_all_that_was_added_is_optional() -> None:
    dangerous = find_dangerous_changes(build_schema(CONTRACT), build_schema(sdl()))
    assert {change.type.name for change in dangerous} <= {"OPTIONAL_INPUT_FIELD_ADDED"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  threadExists: Boolean!\n", ""),
        ("  threadExists: Boolean!\n", "  threadExists: Boolean\n"),
        ("  hello: String!\n", "  hello(name: String!): String!\n"),
        ("  developer\n", ""),
        ("type ResultMessageOutput implements BaseMessageOutput {", "type ResultMessageOutput {"),
        ("  parentMessageId: String\n  role: MessageRole!\n}", "  parentMessageId: String\n}"),
        ("(properties: JSONObject, data:", "(data:"),
        ("union ResponseStatus = PendingResponseStatus | ", "union ResponseStatus = "),
    ],
    ids=["field", "null", "argument added", "enum value", "interface", "input field", "argument", "member"],
)
def test_a_removal_or_a_change_would_be_seen(old: str, new: str) -> None:
    if old not in sdl():
        pytest.fail(f"not in the schema: {old!r}")
    assert breaking(sdl().replace(old, new, 1)) != []


def test_the_command_prints_the_schema_and_nothing_else(tmp_path: Path) -> None:
    with command("schema", cwd=tmp_path, environment={}) as process:
        assert process.exit_code() == 0
    printed = "\n".join(process.out)
    assert printed.rstrip() == sdl().rstrip()
    assert process.err == []
    assert breaking(printed) == []
