"""Faults of variables in the words that CopilotKit's developers know from graphql-yoga (contract graphql §8)."""

import json
import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLInputObjectType, GraphQLSchema

from agui_runtime.domain.json_value import is_array, is_object

_FAULT = re.compile(r"Variable '\$(\w+)' has invalid value(?: at (\S+?))?: (.*)", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_NULL = re.compile(r"Expected value of non-null type '(.+?)' not to be None\.")
_ABSENT = re.compile(r"Expected a value of non-null type '(.+?)' to be provided\.")
_UNKNOWN_FIELD = re.compile(r"Expected value of type '(\w+)' not to include unknown field '(\w+)'")
_MISSING_FIELD = re.compile(r"Expected value of type '(\w+)' to include required field '(\w+)'")
_NOT_OBJECT = re.compile(r"Expected value of type '(\w+)' to be an object")
_NOT_ENUM_NAME = re.compile(r"Enum '(\w+)' cannot represent non-string value")
_NESTING_SHOWN = 3


def format_variable_fault(error: GraphQLError, schema: GraphQLSchema, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A fault that graphql-core found in the variables, with its location and without a code."""
    formatted: dict[str, Any] = dict(error.formatted)
    fault = _FAULT.fullmatch(error.message)
    if fault is not None:
        name, at, reason = fault[1], fault[2] or "", fault[3]
        formatted["message"] = _message(name, at, reason, schema, variables.get(name))
    return formatted


def _message(name: str, at: str, reason: str, schema: GraphQLSchema, value: Any) -> str:
    if not at:
        if (null := _NULL.match(reason)) is not None:
            return f'Variable "${name}" of non-null type "{null[1]}" must not be null.'
        if (absent := _ABSENT.match(reason)) is not None:
            return f'Variable "${name}" of required type "{absent[1]}" was not provided.'
    found = _value_at(value, at)
    place = f' at "{name}{at}"' if at else ""
    return f'Variable "${name}" got invalid value {_shown(found)}{place}; {_reason(reason, schema, found)}'


def _reason(reason: str, schema: GraphQLSchema, found: Any) -> str:
    if (unknown := _UNKNOWN_FIELD.match(reason)) is not None:
        return f'Field "{unknown[2]}" is not defined by type "{unknown[1]}".'
    if (missing := _MISSING_FIELD.match(reason)) is not None:
        type_ = schema.type_map.get(missing[1])
        expected = type_.fields[missing[2]].type if isinstance(type_, GraphQLInputObjectType) else missing[2]
        return f'Field "{missing[2]}" of required type "{expected}" was not provided.'
    if (not_object := _NOT_OBJECT.match(reason)) is not None:
        return f'Expected type "{not_object[1]}" to be an object.'
    if (enum := _NOT_ENUM_NAME.match(reason)) is not None:
        return f'Enum "{enum[1]}" cannot represent non-string value: {_shown(found)}.'
    if (null := _NULL.match(reason)) is not None:
        return f'Expected non-nullable type "{null[1]}" not to be null.'
    head, colon, _ = reason.partition(": ")
    if colon and head.endswith("value") and not head.startswith("JSONObject"):
        return f"{head}: {_shown(found)}"
    return re.sub(r"'([^']*)'", r'"\1"', reason)


def _value_at(value: Any, at: str) -> Any:
    for key, index in _STEP.findall(at):
        if key and is_object(value):
            value = value.get(key)
        elif index and is_array(value) and int(index) < len(value):
            value = value[int(index)]
    return value


def _shown(value: Any, depth: int = 0) -> str:
    """A value as JavaScript developers know it from their consoles, nested ones abridged."""
    if is_object(value):
        if value and depth >= _NESTING_SHOWN:
            return "[Object]"
        pairs = ", ".join(f"{key}: {_shown(item, depth + 1)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if is_array(value):
        if depth >= _NESTING_SHOWN and value:
            return "[Array]"
        return "[" + ", ".join(_shown(item, depth + 1) for item in value[:10]) + "]"
    return json.dumps(value, ensure_ascii=False)
