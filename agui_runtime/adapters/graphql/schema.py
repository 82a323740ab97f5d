"""The executable schema: ``schema.graphql`` as people read it, with scalars, enum values and type names bound."""

import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    is_abstract_type,
)

from agui_runtime.domain.json_value import dumps, is_array, is_object

_RFC3339 = re.compile(
    r"(\d{4}-(0[1-9]|1[012])-(0[1-9]|[12]\d|3[01]))T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def sdl() -> str:
    """The text of ``schema.graphql``."""
    return files("agui_runtime.adapters.graphql").joinpath("schema.graphql").read_text(encoding="utf-8")


@cache
def load_schema() -> GraphQLSchema:
    """The schema without resolvers of root fields: those are bound per runtime."""
    schema = build_schema(sdl())
    date_time, json_object = _scalar(schema, "DateTimeISO"), _scalar(schema, "JSONObject")
    date_time.coerce_output_value = serialize_date_time
    date_time.coerce_input_value = parse_date_time
    json_object.coerce_input_value = _parse_json_object
    for name in ("MessageStatusCode", "ResponseStatusCode"):
        enum = schema.type_map[name]
        assert isinstance(enum, GraphQLEnumType)  # noqa: S101 - the SDL is ours
        for wire_name, value in enum.values.items():
            value.value = wire_name.lower()
    for type_ in schema.type_map.values():
        if type_.name.startswith("__"):
            # The types of introspection are graphql-core's own, and shared by every schema of the process.
            continue
        if is_abstract_type(type_):
            type_.resolve_type = type_name
        elif isinstance(type_, GraphQLObjectType) and type_.name not in {"Query", "Mutation"}:
            _bind_attributes(type_)
    return schema


def snake_case(name: str) -> str:
    """``createdAt`` to ``created_at``; ``openaiAssistantAPI`` to ``openai_assistant_api``."""
    return _CAPITAL.sub(r"_\1", name).lower()


def serialize_date_time(value: Any) -> str:
    """UTC with milliseconds (contract graphql §1)."""
    if not isinstance(value, datetime):
        raise GraphQLError(f"DateTime cannot represent {value!r}")
    # Six times as fast as a format, and years before 1000 have their zeros.
    return value.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_date_time(value: Any) -> datetime:
    """An RFC 3339 string with ``Z`` or an offset; anything else is refused (contract graphql §1)."""
    if not isinstance(value, str):
        raise GraphQLError(f"DateTime cannot represent non string or Date type {_as_json(value)}")
    if _RFC3339.fullmatch(value) is None:
        raise GraphQLError(f"DateTime cannot represent an invalid date-time-string {value}.")
    try:
        return datetime.fromisoformat(value.upper().replace(":60", ":59"))
    except ValueError as error:
        raise GraphQLError(f"DateTime cannot represent an invalid date-time-string {value}.") from error


def _parse_json_object(value: Any) -> Any:
    if not is_object(value):
        raise GraphQLError(f"JSONObject cannot represent non-object value: {_as_text(value)}")
    return value


def _as_json(value: Any) -> str:
    """As ``JSON.stringify`` writes it, but for a value that has a text of its own."""
    return dumps(value) if isinstance(value, dict | bool) else str(value)


def _as_text(value: Any) -> str:
    """As JavaScript's ``String`` writes it."""
    if is_array(value):
        return ",".join(map(_as_text, value))
    return dumps(value) if isinstance(value, bool) else str(value)


def _scalar(schema: GraphQLSchema, name: str) -> GraphQLScalarType:
    scalar = schema.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)  # noqa: S101 - the SDL is ours
    return scalar


def type_name(value: Any, *_: Any) -> str:
    """The GraphQL type of an output value."""
    return getattr(value, "graphql_type", None) or type(value).__name__


def _bind_attributes(type_: GraphQLObjectType) -> None:
    for name, field in type_.fields.items():
        field.resolve = _reader(snake_case(name))


def _reader(attribute: str) -> Any:
    read = attrgetter(attribute)

    def resolve(source: Any, _info: Any) -> Any:
        return read(source)

    return resolve
