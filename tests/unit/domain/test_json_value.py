import json
from collections import OrderedDict, deque
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given

from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.json_value import check_json, copy_of, dumps, is_array, is_object, is_same
from tests.unit.domain.json_values import json_values


@given(json_values)
def test_every_json_value_passes(value: Any) -> None:
    check_json(value, name="state", max_depth=64)


@given(json_values)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert is_same(json.loads(dumps(value)), value)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "state.a[1] is nan, which is not a JSON number"),
        (float("inf"), "state.a[1] is inf, which is not a JSON number"),
        (float("-inf"), "state.a[1] is -inf, which is not a JSON number"),
        (b"bytes", "state.a[1] is a bytes, which is not a JSON value"),
        (bytearray(b"x"), "state.a[1] is a bytearray, which is not a JSON value"),
        (memoryview(b"x"), "state.a[1] is a memoryview, which is not a JSON value"),
        (datetime(2026, 1, 1, tzinfo=UTC), "state.a[1] is a datetime, which is not a JSON value"),
        (Decimal(1), "state.a[1] is a Decimal, which is not a JSON value"),
        ({1, 2}, "state.a[1] is a set, which is not a JSON value"),
        (object(), "state.a[1] is a object, which is not a JSON value"),
        ({"ok": {1: "x"}}, "state.a[1].ok has the key 1; JSON keys are strings"),
        ({None: "x"}, "state.a[1] has the key None; JSON keys are strings"),
        (1 << 5000, "state.a[1] is an integer of more than 4096 bits"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(value: Any, told: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_json({"a": [0, value]}, name="state", max_depth=8)
    assert caught.value.message.startswith(told)
    assert caught.value.code is ErrorCode.INVALID_INPUT


def test_a_value_at_the_top_is_named_by_its_name_alone() -> None:
    with pytest.raises(InvalidError, match=r"^state is nan"):
        check_json(float("nan"), name="state", max_depth=1)


@pytest.mark.parametrize("value", [{}, [], {"a": 1, "b": "x"}, [1, None, True]])
def test_a_flat_container_has_depth_one(value: Any) -> None:
    check_json(value, name="state", max_depth=1)


@pytest.mark.parametrize(("value", "place"), [({"a": {}}, "state.a"), ([[]], "state[0]"), ({"a": []}, "state.a")])
def test_a_container_too_many_is_refused_as_too_deep(value: Any, place: str) -> None:
    check_json(value, name="state", max_depth=2)
    with pytest.raises(InvalidError) as caught:
        check_json(value, name="state", max_depth=1)
    assert caught.value.message == f"{place} is nested deeper than 1 levels."
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    assert caught.value.details == {"limit": "depth", "maximum": 1}


@pytest.mark.parametrize("max_depth", [8, 64, 20_000])
def test_a_value_that_contains_itself_is_too_deep_whatever_the_limit(max_depth: int) -> None:
    cycle: dict[str, Any] = {"name": "x"}
    cycle["self"] = [cycle, cycle]
    with pytest.raises(InvalidError, match="nested deeper"):
        check_json(cycle, name="state", max_depth=max_depth)


def test_a_value_that_contains_itself_very_often_is_refused_without_being_spread_out() -> None:
    cycle: dict[str, Any] = {}
    cycle.update((f"key-{number}", cycle) for number in range(20_000))
    with pytest.raises(InvalidError, match="nested deeper"):
        check_json(cycle, name="state", max_depth=8)


def test_an_object_of_very_many_keys_is_json_and_a_wrong_one_among_them_is_found() -> None:
    values: dict[Any, Any] = {f"key-{number}": number for number in range(150_000)}
    check_json(values, name="state", max_depth=8)
    values[7] = "x"
    with pytest.raises(InvalidError, match="has the key 7"):
        check_json(values, name="state", max_depth=8)


def test_a_very_deep_value_is_too_deep_and_no_crash() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidError, match="nested deeper than 64 levels"):
        check_json(deep, name="state", max_depth=64)


@pytest.mark.parametrize("value", [MappingProxyType({"a": (1, 2)}), OrderedDict(a=deque([1, 2]))])
def test_other_mappings_and_sequences_are_json_and_can_be_written(value: Any) -> None:
    check_json(value, name="state", max_depth=8)
    assert dumps(value) == '{"a":[1,2]}'


def test_text_is_compact_in_order_and_without_escapes() -> None:
    assert dumps({"b": 1, "a": [True, None, 1.5, "ä🎈\n"]}) == '{"b":1,"a":[true,null,1.5,"ä🎈\\n"]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_not_written(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps([value])


@pytest.mark.parametrize("value", [b"x", {1}, object()])
def test_what_is_no_json_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match="is not a JSON value"):
        dumps({"a": value})


@pytest.mark.parametrize(
    ("left", "right"), [(1, 1.0), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ([1, [2]], (1, (2,))), (None, None), ("", "")]
)
def test_the_same_json_is_the_same_however_it_is_held(left: Any, right: Any) -> None:
    assert is_same(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (True, 1),
        (False, 0),
        (0, None),
        ("", None),
        ("1", 1),
        ({}, []),
        ([], ""),
        ([1], [1, 2]),
        ({"a": True}, {"a": 1}),
    ],
)
def test_other_json_is_not_the_same_even_where_python_says_so(left: Any, right: Any) -> None:
    assert not is_same(left, right)
    assert not is_same(right, left)


@given(json_values)
def test_a_copy_is_the_same_and_shares_no_container(value: Any) -> None:
    copied = copy_of(value)
    assert is_same(copied, value)
    assert not (containers(copied) & containers(value))


@pytest.mark.parametrize(
    ("value", "of_object", "of_array"),
    [
        ({}, True, False),
        ([], False, True),
        ((), False, True),
        ("", False, False),
        (b"", False, False),
        (None, False, False),
    ],
)
def test_objects_and_arrays_are_told_apart(value: Any, of_object: bool, of_array: bool) -> None:
    assert (is_object(value), is_array(value)) == (of_object, of_array)


def containers(value: Any) -> set[int]:
    if isinstance(value, dict):
        return {id(value)}.union(*map(containers, value.values()))
    if isinstance(value, list):
        return {id(value)}.union(*map(containers, value))
    return set()
