"""Variables coerced by compiled functions are what graphql-core makes of them, or are left to it."""

import os
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
)
from graphql.type.definition import is_required_input_field
from hypothesis import given, settings
from hypothesis import strategies as st

from agui_runtime.adapters.graphql.schema import load_schema
from agui_runtime.adapters.graphql.variables import VariableCompiler
from benchmarks import wire

EXAMPLES = int(os.environ.get("AGUI_TEST_EXAMPLES", "200"))
SCHEMA = load_schema()
ODD = build_schema("""
    input Deep { below: Deep, text: String }
    input One @oneOf { a: String, b: Int }
    input Plain { numbers: [Int!] = [1, 2], flag: Boolean! = true, float: Float, id: ID, deep: Deep, one: One }
    type Query { a(plain: Plain, list: [[String!]]): String }
""")


def operation(text: str) -> OperationDefinitionNode:
    (definition,) = parse(text).definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition


GENERATE = operation(
    "mutation m($data: GenerateCopilotResponseInput!, $properties: JSONObject) { generateCopilotResponse(data: $data) }"
)
ODDITIES = operation("query q($plain: Plain, $list: [[String!]]!, $count: Int = 3, $other: Float) { a }")

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
LEAVES = {
    "String": st.text(max_size=5),
    "ID": st.text(max_size=5) | st.integers(),
    "Int": st.integers(-(2**31), 2**31 - 1),
    "Float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5),
    "Boolean": st.booleans(),
    "JSONObject": st.dictionaries(st.text(max_size=3), ANYTHING, max_size=2),
    "JSON": ANYTHING,
    "DateTimeISO": st.sampled_from(["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+02:00", "2026-13-02T03:04:05Z"]),
}


def value_of(draw: Any, type_: Any, faults: int) -> Any:
    """A value of the type, or, one time in ``faults``, just anything."""
    if faults and draw(st.integers(1, faults)) == 1:
        return draw(ANYTHING)
    if isinstance(type_, GraphQLNonNull):
        return _some_value_of(draw, type_.of_type, faults)
    return None if draw(st.integers(0, 5)) == 0 else _some_value_of(draw, type_, faults)


def _some_value_of(draw: Any, type_: Any, faults: int) -> Any:
    if isinstance(type_, GraphQLList):
        return [value_of(draw, type_.of_type, faults) for _ in range(draw(st.integers(0, 2)))]
    if isinstance(type_, GraphQLInputObjectType):
        fields = {
            name: value_of(draw, field.type, faults)
            for name, field in type_.fields.items()
            if is_required_input_field(field) or draw(st.integers(0, 2)) == 0
        }
        return {**fields, "unknown": 1} if faults and draw(st.integers(1, 4 * faults)) == 1 else fields
    if isinstance(type_, GraphQLEnumType):
        return draw(st.sampled_from(list(type_.values)))
    return draw(LEAVES[type_.name])


@st.composite
def requests(draw: Any, schema: GraphQLSchema, asked: OperationDefinitionNode, faults: int) -> dict[str, Any]:
    variables = VariableCompiler(schema).variables(asked).variables
    return {
        each.signature.name: value_of(draw, each.signature.type, faults)
        for each in variables
        if draw(st.integers(0, 4)) or not faults
    }


def exactly(value: Any) -> Any:
    """A form in which ``1``, ``1.0`` and ``True`` differ."""
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exactly(item) for item in value]
    return (type(value), value)


def check_against_graphql_core(schema: GraphQLSchema, asked: OperationDefinitionNode, sent: dict[str, Any]) -> bool:
    """Whether it was coerced here."""
    ours = VariableCompiler(schema).variables(asked).coerced(sent)
    theirs = get_variable_values(schema, asked.variable_definitions or (), sent)
    if ours is None:
        return False
    assert not isinstance(theirs, list), f"graphql-core finds faults: {theirs}"
    assert exactly(ours.coerced) == exactly(theirs.coerced)
    assert list(ours.coerced) == list(theirs.coerced)
    assert {name: source.value for name, source in ours.sources.items()} == {
        name: source.value for name, source in theirs.sources.items()
    }
    return True


@settings(max_examples=EXAMPLES, deadline=None)
@given(requests(SCHEMA, GENERATE, 12))
def test_a_chat_request_has_the_values_that_graphql_core_gives_it(sent: dict[str, Any]) -> None:
    check_against_graphql_core(SCHEMA, GENERATE, sent)


@settings(max_examples=EXAMPLES, deadline=None)
@given(requests(ODD, ODDITIES, 6))
def test_so_has_every_other_kind_of_variable(sent: dict[str, Any]) -> None:
    check_against_graphql_core(ODD, ODDITIES, sent)


def chat(**changes: Any) -> dict[str, Any]:
    data = orjson.loads(wire.chat("hi", "thread", 3))["variables"]["data"]
    return {"data": {**data, **changes}, "properties": {"a": [1.5, None]}}


def test_an_ordinary_request_is_coerced_here() -> None:
    assert check_against_graphql_core(SCHEMA, GENERATE, chat())
    assert check_against_graphql_core(SCHEMA, GENERATE, chat(streaming={}, cloud={"guardrails": None}, threadId=None))


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": None},
        chat(unknown=1),
        chat(messages=None),
        chat(messages=[None]),
        chat(messages={"id": "1", "createdAt": "2026-01-02T03:04:05.678Z"}),
        chat(threadId=1),
        chat(metadata={"requestType": "Nonsense"}),
        chat(messages=[{"id": "1", "createdAt": "yesterday"}]),
        chat(streaming={"bufferSize": 2.5}),
    ],
    ids=["absent", "null", "unknown", "no list", "null item", "one for a list", "number", "enum", "date", "fraction"],
)
def test_what_is_wrong_or_unusual_is_left_to_graphql_core(sent: dict[str, Any]) -> None:
    assert not check_against_graphql_core(SCHEMA, GENERATE, sent)


@pytest.mark.parametrize(
    "plain", [{"deep": {"below": {"text": "a"}}}, {"one": {"a": "b"}}], ids=["nested in itself", "one of several"]
)
def test_types_with_rules_of_their_own_are_left_to_graphql_core(plain: dict[str, Any]) -> None:
    sent = {"plain": plain, "list": [], "count": 1}
    assert not check_against_graphql_core(ODD, ODDITIES, sent)


def test_a_variable_with_a_default_is_left_to_graphql_core_when_it_is_not_sent() -> None:
    assert not check_against_graphql_core(ODD, ODDITIES, {"list": []})
    assert check_against_graphql_core(ODD, ODDITIES, {"list": [["a"], None], "count": None})
