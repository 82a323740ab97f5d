"""Faults of variables in graphql-yoga's words, with a location and without a code."""

from typing import Any

import pytest
from graphql import parse
from graphql.execution import get_variable_values

from agui_runtime.adapters.graphql.request_errors import format_variable_fault
from agui_runtime.adapters.graphql.schema import load_schema
from tests.unit.adapters.graphql.wire import operation

DATA: dict[str, Any] = {"messages": [], "frontend": {"actions": []}, "metadata": {"requestType": "Chat"}}


def faults(variables: dict[str, Any]) -> list[dict[str, Any]]:
    schema = load_schema()
    definition: Any = parse(operation("1.10.6")).definitions[0]
    found: Any = get_variable_values(schema, definition.variable_definitions, variables)
    assert isinstance(found, list), "nothing is wrong with these variables"
    return [format_variable_fault(error, schema, variables) for error in found]


def message_of(variables: dict[str, Any]) -> str:
    (fault,) = faults(variables)
    assert fault["locations"]
    assert "extensions" not in fault or not fault["extensions"]
    text: str = fault["message"]
    return text


def test_a_missing_variable() -> None:
    expected = 'Variable "$data" of required type "GenerateCopilotResponseInput!" was not provided.'
    assert message_of({}) == expected


def test_a_variable_that_is_null() -> None:
    expected = 'Variable "$data" of non-null type "GenerateCopilotResponseInput!" must not be null.'
    assert message_of({"data": None}) == expected


def test_an_unknown_field() -> None:
    text = message_of({"data": {**DATA, "surprise": 1}})
    assert text.startswith('Variable "$data" got invalid value { ')
    assert 'Field "surprise" is not defined by type "GenerateCopilotResponseInput".' in text


def test_a_missing_field() -> None:
    text = message_of({"data": {key: value for key, value in DATA.items() if key != "messages"}})
    assert 'Field "messages" of required type "[MessageInput!]!" was not provided.' in text


def test_a_wrong_enum_value_says_where() -> None:
    text = message_of({"data": {**DATA, "metadata": {"requestType": "Nonsense"}}})
    assert 'got invalid value "Nonsense" at "data.metadata.requestType"' in text
    assert 'Value "Nonsense" does not exist in "CopilotRequestType" enum' in text


def test_a_wrong_date_says_where() -> None:
    message = {"id": "m", "createdAt": "tomorrow", "textMessage": {"content": "", "role": "user"}}
    text = message_of({"data": {**DATA, "messages": [message]}})
    assert 'got invalid value "tomorrow" at "data.messages[0].createdAt"' in text


def test_a_scalar_in_place_of_an_object() -> None:
    assert 'Expected type "FrontendInput" to be an object.' in message_of({"data": {**DATA, "frontend": 1}})


def test_a_null_in_place_of_a_value() -> None:
    text = message_of({"data": {**DATA, "messages": [None]}})
    assert 'Expected non-nullable type "MessageInput!" not to be null.' in text


def test_properties_must_be_an_object() -> None:
    assert "JSONObject cannot represent non-object value" in message_of({"data": DATA, "properties": "text"})


def test_several_faults_are_several_errors() -> None:
    assert len(faults({"data": {**DATA, "surprise": 1, "other": 2}})) == 2


@pytest.mark.parametrize("value", [1, "text", [], True])
def test_a_variable_of_another_kind(value: Any) -> None:
    assert faults({"data": value})[0]["message"].startswith('Variable "$data" got invalid value ')


def test_no_message_keeps_graphql_cores_single_quotes() -> None:
    for data in ({**DATA, "surprise": 1}, {**DATA, "frontend": 1}, {**DATA, "messages": None}):
        assert all("'" not in fault["message"] for fault in faults({"data": data}))


@pytest.mark.parametrize(
    ("value", "shown"), [(7, "7"), (1.5, "1.5"), (True, "true"), (["x"], '["x"]'), ({"a": 1}, "{ a: 1 }")]
)
def test_an_enum_that_is_no_string(value: Any, shown: str) -> None:
    text = message_of({"data": {**DATA, "metadata": {"requestType": value}}})
    assert text.endswith(f'Enum "CopilotRequestType" cannot represent non-string value: {shown}.')


@pytest.mark.parametrize(("value", "shown"), [(True, "true"), ({"a": [1, True]}, '{"a":[1,true]}'), (7, "7")])
def test_a_date_that_is_no_string(value: Any, shown: str) -> None:
    message = {"id": "m", "createdAt": value, "textMessage": {"content": "", "role": "user"}}
    text = message_of({"data": {**DATA, "messages": [message]}})
    assert text.endswith(f"DateTime cannot represent non string or Date type {shown}")


@pytest.mark.parametrize(("value", "shown"), [([], ""), ([1, "a", [True]], "1,a,true"), (False, "false"), ("x", "x")])
def test_properties_that_are_no_object(value: Any, shown: str) -> None:
    text = message_of({"data": DATA, "properties": value})
    assert text.endswith(f"JSONObject cannot represent non-object value: {shown}")
