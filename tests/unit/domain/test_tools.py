import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.tools import NO_PARAMETERS, Tool, ToolFault, fault_text, first_of_each_name, result_text


class Weather(StrEnum):
    SUNNY = "sunny"


@pytest.mark.parametrize("text", ["", "plain", '{"already": "json"}', "ä🎈", Weather.SUNNY])
def test_text_is_the_result_as_it_is(text: str) -> None:
    assert result_text(text) == text


def test_nothing_is_an_empty_result() -> None:
    assert result_text(None) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ([], "[]"),
        ([1, None, "a"], '[1,null,"a"]'),
        ({}, "{}"),
        ({"b": 1, "a": "ä"}, '{"b":1,"a":"ä"}'),
        ((1, 2), "[1,2]"),
    ],
)
def test_anything_else_is_written_as_json(value: Any, text: str) -> None:
    assert result_text(value) == text


def cycle() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    return values


def very_deep() -> list[Any]:
    values: list[Any] = []
    for _ in range(100_000):
        values = [values]
    return values


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", datetime(2026, 1, 1, tzinfo=UTC), [object()], {"a": float("nan")}, {("a",): 1}],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_json_is_refused_with_its_type(value: Any) -> None:
    with pytest.raises(InvalidError, match=f"The tool returned a {type(value).__name__} that is not a JSON value"):
        result_text(value)


@pytest.mark.parametrize("make", [cycle, very_deep])
def test_what_cannot_be_followed_to_its_end_is_refused(make: Any) -> None:
    with pytest.raises(InvalidError, match="list that is not a JSON value"):
        result_text(make())


def test_a_fault_is_a_result_with_its_code_and_message() -> None:
    text = fault_text(ToolFault("HANDLER_ERROR", 'it "broke"'))
    assert text == '{"error":{"code":"HANDLER_ERROR","message":"it \\"broke\\""},"result":""}'
    assert json.loads(text)["error"]["message"] == 'it "broke"'


def test_of_tools_with_one_name_the_first_is_kept() -> None:
    first, second, other = Tool("a", "first"), Tool("a", "second"), Tool("b")
    assert first_of_each_name((first, other), (second,)) == (first, other)
    assert first_of_each_name((second,), (first, other)) == (second, other)


def test_tools_keep_the_order_in_which_they_come() -> None:
    names = [tool.name for tool in first_of_each_name((Tool("z"), Tool("a")), (Tool("m"), Tool("z")))]
    assert names == ["z", "a", "m"]


def test_no_groups_are_no_tools() -> None:
    assert first_of_each_name() == first_of_each_name((), ()) == ()


def test_a_tool_takes_nothing_unless_it_says_so() -> None:
    assert Tool("a").parameters == NO_PARAMETERS == {"type": "object", "properties": {}, "required": []}
