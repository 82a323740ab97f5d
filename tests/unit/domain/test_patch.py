from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.json_value import is_same
from agui_runtime.domain.patch import apply_patch, difference, merge_patch
from tests.unit.domain.json_values import json_objects, json_values

RFC_7396_APPENDIX_A = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396_APPENDIX_A)
def test_merging_follows_the_examples_of_rfc_7396(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@given(json_objects, json_objects)
def test_merging_changes_neither_input(target: Any, patch: Any) -> None:
    before = deepcopy((target, patch))
    merge_patch(target, patch)
    assert (target, patch) == before


@given(json_objects, json_objects)
def test_merging_twice_is_merging_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert is_same(merge_patch(once, patch), once)


@pytest.mark.parametrize(
    ("document", "operation", "result"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1]}),
        ({"a": 1}, {"op": "remove", "path": "/a"}, {}),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": None}, {"a": None}),
        ({"a": 1}, {"op": "replace", "path": "", "value": [1]}, [1]),
        ({"a": 1}, {"op": "move", "from": "/a", "path": "/b"}, {"b": 1}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1}, {"a": 1}),
        ({"a/b": 1, "m~n": 2}, {"op": "remove", "path": "/a~1b"}, {"m~n": 2}),
        ({"a/b": 1, "m~n": 2}, {"op": "remove", "path": "/m~0n"}, {"a/b": 1}),
    ],
)
def test_each_operation_of_rfc_6902_does_its_work(document: Any, operation: Any, result: Any) -> None:
    assert apply_patch(document, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/missing"},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "add", "path": "/missing/deep", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "add", "path": "/list/-1", "value": 1},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "add", "path": "/text/x", "value": 1},
        {"op": "add", "path": "/nothing/x", "value": 1},
        {"op": "remove", "path": "/list/-"},
        {"op": "test", "path": "/one", "value": True},
        {"op": "test", "path": "/one", "value": 2},
        {"op": "move", "from": "/missing", "path": "/x"},
        {"op": "move", "from": "/object", "path": "/object/x"},
        {"op": "copy", "path": "/x"},
        {"op": "add", "path": "/x"},
        {"op": "add", "path": "no-slash", "value": 1},
        {"op": "add", "path": "/bad~2escape", "value": 1},
        {"op": "add", "path": 5, "value": 1},
        {"op": "add", "path": ["x"], "value": 1},
        {"op": "frobnicate", "path": "/one"},
        {"op": ["add"], "path": "/one", "value": 1},
        {"path": "/one"},
        {"op": "remove"},
        {},
    ],
)
def test_an_operation_that_does_not_apply_is_named_with_its_pointer(operation: Any) -> None:
    document = {"one": 1, "list": [1, 2], "text": "abc", "nothing": None, "object": {}}
    with pytest.raises(InvalidEventError) as caught:
        apply_patch(document, [operation])
    assert caught.value.code is ErrorCode.INVALID_EVENT
    assert f"{operation.get('op')} at {operation.get('path')!r}" in caught.value.message
    assert document == {"one": 1, "list": [1, 2], "text": "abc", "nothing": None, "object": {}}


@pytest.mark.parametrize("operation", ["remove", 1, None, ["op", "remove"]])
def test_an_operation_that_is_no_object_is_refused(operation: Any) -> None:
    with pytest.raises(InvalidEventError, match="an operation is not an object"):
        apply_patch({}, [operation])


def test_the_error_never_quotes_the_document() -> None:
    with pytest.raises(InvalidEventError) as caught:
        apply_patch({"secret": "hunter2"}, [{"op": "remove", "path": "/x/y"}])
    assert "hunter2" not in caught.value.message


def test_one_operation_that_fails_undoes_all_before_it() -> None:
    document = {"a": {"b": [1]}}
    operations = [{"op": "add", "path": "/a/b/-", "value": 2}, {"op": "remove", "path": "/x"}]
    with pytest.raises(InvalidEventError, match="remove at '/x'"):
        apply_patch(document, operations)
    assert document == {"a": {"b": [1]}}


def test_what_an_operation_adds_is_not_changed_by_a_later_one() -> None:
    operations = [{"op": "add", "path": "/a", "value": {"x": []}}, {"op": "add", "path": "/a/x/-", "value": 1}]
    assert apply_patch({}, operations) == {"a": {"x": [1]}}
    assert operations[0]["value"] == {"x": []}


def test_a_result_shares_nothing_with_the_operations() -> None:
    value: dict[str, Any] = {}
    result = apply_patch({}, [{"op": "add", "path": "/a", "value": value}])
    result["a"]["x"] = 1
    assert value == {}


def test_a_document_too_deep_to_copy_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidEventError, match="nested too deeply"):
        apply_patch(deep, [])


def test_no_operations_change_nothing() -> None:
    assert apply_patch({"a": 1}, []) == {"a": 1}


@given(json_values, json_values)
def test_the_difference_of_two_values_turns_one_into_the_other(base: Any, final: Any) -> None:
    before = deepcopy((base, final))
    assert is_same(apply_patch(base, difference(base, final)), final)
    assert (base, final) == before


@given(json_values)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert difference(value, deepcopy(value)) == []
