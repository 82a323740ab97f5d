"""The schema against the recorded one: nothing that clients ask for is missing, renamed or of another type."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    is_required_argument,
    is_required_input_field,
    parse,
    validate,
)

from agui_runtime.adapters.graphql.schema import load_schema, parse_date_time, sdl, serialize_date_time, snake_case
from tests.unit.adapters.graphql.wire import DATA, recorded_operations

RECORDED = build_schema((DATA / "schema.graphql").read_text(encoding="utf-8"))
OURS = load_schema()
TYPES = sorted(name for name in RECORDED.type_map if not name.startswith("__"))
OPERATIONS = recorded_operations()


def fields_of(type_: GraphQLNamedType) -> dict[str, Any]:
    return getattr(type_, "fields", {})


@pytest.mark.parametrize("name", TYPES)
def test_every_recorded_type_is_there_and_of_the_same_kind(name: str) -> None:
    assert type(OURS.type_map.get(name)) is type(RECORDED.type_map[name])


@pytest.mark.parametrize("name", [name for name in TYPES if fields_of(RECORDED.type_map[name])])
def test_every_recorded_field_is_there_with_the_same_type(name: str) -> None:
    ours = fields_of(OURS.type_map[name])
    for field_name, field in fields_of(RECORDED.type_map[name]).items():
        assert field_name in ours, f"{name}.{field_name}"
        assert str(ours[field_name].type) == str(field.type), f"{name}.{field_name}"
        for argument_name, argument in getattr(field, "args", {}).items():
            assert str(ours[field_name].args[argument_name].type) == str(argument.type)


@pytest.mark.parametrize("name", [name for name in TYPES if fields_of(RECORDED.type_map[name])])
def test_nothing_of_ours_has_to_be_sent_that_old_clients_do_not_know(name: str) -> None:
    recorded, ours = RECORDED.type_map[name], OURS.type_map[name]
    for field_name, field in fields_of(ours).items():
        if field_name not in fields_of(recorded):
            assert not (isinstance(ours, GraphQLInputObjectType) and is_required_input_field(field))
            continue
        known = getattr(fields_of(recorded)[field_name], "args", {})
        for argument_name, argument in getattr(field, "args", {}).items():
            assert argument_name in known or not is_required_argument(argument)


@pytest.mark.parametrize("name", [name for name in TYPES if isinstance(RECORDED.type_map[name], GraphQLEnumType)])
def test_every_recorded_enum_has_its_values(name: str) -> None:
    recorded, ours = RECORDED.type_map[name], OURS.type_map[name]
    assert isinstance(recorded, GraphQLEnumType)
    assert isinstance(ours, GraphQLEnumType)
    assert set(recorded.values) <= set(ours.values)


@pytest.mark.parametrize(
    "name",
    [n for n in TYPES if isinstance(RECORDED.type_map[n], GraphQLInterfaceType | GraphQLUnionType)],
)
def test_every_recorded_abstract_type_has_its_members(name: str) -> None:
    recorded, ours = RECORDED.type_map[name], OURS.type_map[name]
    assert isinstance(recorded, GraphQLInterfaceType | GraphQLUnionType)
    assert isinstance(ours, GraphQLInterfaceType | GraphQLUnionType)
    members = {member.name for member in RECORDED.get_possible_types(recorded)}
    assert members <= {member.name for member in OURS.get_possible_types(ours)}


def test_the_recordings_are_of_fifteen_versions() -> None:
    assert len({path.parent.name for path in OPERATIONS}) == 15


@pytest.mark.parametrize("path", OPERATIONS, ids=[f"{path.parent.name}-{path.stem}" for path in OPERATIONS])
def test_every_recorded_operation_is_valid(path: Path) -> None:
    assert validate(OURS, parse(path.read_text(encoding="utf-8"))) == []


def test_the_schema_text_is_what_people_read() -> None:
    assert "type CopilotResponse" in sdl()


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("createdAt", "created_at"),
        ("openaiAssistantAPI", "openai_assistant_api"),
        ("id", "id"),
        ("threadId", "thread_id"),
    ],
)
def test_attributes_are_the_fields_names_in_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_every_field_of_an_output_type_is_read_from_an_attribute() -> None:
    for type_ in OURS.type_map.values():
        if isinstance(type_, GraphQLObjectType) and type_.name not in {"Query", "Mutation"} and type_.name[:2] != "__":
            assert all(field.resolve is not None for field in type_.fields.values()), type_.name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC), "2026-01-02T03:04:05.678Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T01:04:05.000Z"),
    ],
)
def test_a_date_goes_out_in_utc_with_milliseconds(value: datetime, text: str) -> None:
    assert serialize_date_time(value) == text


@pytest.mark.parametrize("value", [None, 1, "2026-01-02T03:04:05Z"])
def test_only_dates_go_out_as_dates(value: Any) -> None:
    with pytest.raises(GraphQLError):
        serialize_date_time(value)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-02T03:04:05Z", 3),
        ("2026-01-02T03:04:05.678Z", 3),
        ("2026-01-02T03:04:05.678901+02:00", 1),
        ("2026-01-02t03:04:05z", 3),
        ("2026-01-02T03:04:60Z", 3),
        ("2026-01-02T03:04:05.6Z", 3),
        ("2026-01-02T03:04:05.123456789Z", 3),
    ],
)
def test_a_date_comes_in_with_z_or_an_offset(text: str, hour: int) -> None:
    assert parse_date_time(text).astimezone(UTC).hour == hour


@pytest.mark.parametrize(
    "value",
    [1735787045678, 1.5, True, None, {}, "", "tomorrow", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
     "2026-02-31T03:04:05Z", "2026-01-02T25:04:05Z", "2026-01-02 03:04:05Z", "x2026-01-02T03:04:05Z"],
)  # fmt: skip
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(GraphQLError, match="DateTime cannot represent"):
        parse_date_time(value)
