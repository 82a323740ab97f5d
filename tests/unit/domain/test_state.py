from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given

from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import is_same
from agui_runtime.domain.state import AgentState, rebase
from tests.unit.domain.json_values import json_objects, json_values

KEY = StateKey(Scope("s"), ThreadId("t"), AgentName("a"))
THEN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)


def state(**values: Any) -> AgentState:
    return AgentState(KEY, values, version=3, created_at=THEN, updated_at=THEN, expires_at=NOW)


def test_replacing_gives_the_next_version_with_the_new_values() -> None:
    after = state(a=1).replace({"b": 2}, NOW)
    assert (after.values, after.version, after.updated_at) == ({"b": 2}, 4, NOW)


def test_the_rest_of_a_state_stays_as_it_is() -> None:
    before = AgentState(KEY, {}, 1, THEN, THEN, expires_at=NOW, saved_by=RunKey(KEY.scope, KEY.thread_id, 7))
    after = before.replace({}, NOW)
    assert (after.key, after.created_at, after.expires_at, after.saved_by) == (KEY, THEN, NOW, before.saved_by)


def test_merging_changes_what_is_named_and_deletes_what_is_null() -> None:
    after = state(a={"x": 1, "y": 2}, b=1).merge({"a": {"x": None, "z": 3}}, NOW)
    assert (after.values, after.version) == ({"a": {"y": 2, "z": 3}, "b": 1}, 4)


def test_applying_a_patch_gives_the_next_version() -> None:
    after = state(a=[1]).apply([{"op": "add", "path": "/a/-", "value": 2}], NOW)
    assert (after.values, after.version) == ({"a": [1, 2]}, 4)


def test_a_patch_that_does_not_apply_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="remove at '/x'"):
        state(a=1).apply([{"op": "remove", "path": "/x"}], NOW)


@pytest.mark.parametrize("value", [5, "text", [["a", 1]], None])
def test_a_patch_may_not_make_the_state_anything_but_an_object(value: Any) -> None:
    with pytest.raises(InvalidEventError, match=f"makes the state a {type(value).__name__}"):
        state(a=1).apply([{"op": "replace", "path": "", "value": value}], NOW)


def test_a_transition_leaves_the_state_before_it_alone() -> None:
    before = state(a={"x": 1})
    before.merge({"a": {"x": 2}}, NOW)
    before.apply([{"op": "remove", "path": "/a"}], NOW)
    before.replace({}, NOW)
    assert before == state(a={"x": 1})


def test_a_state_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        state().version = 9  # type: ignore[misc]


def test_a_new_top_level_does_not_follow_the_dict_it_came_from() -> None:
    values = {"a": 1}
    after = state().replace(values, NOW)
    values["a"] = 2
    assert after.values == {"a": 1}


@pytest.mark.parametrize(
    ("expires_at", "expired"),
    [(None, False), (NOW + timedelta(microseconds=1), False), (NOW, True), (NOW - timedelta(days=1), True)],
)
def test_a_state_expires_at_its_time_and_never_without_one(expires_at: datetime | None, expired: bool) -> None:
    assert AgentState(KEY, {}, 1, THEN, THEN, expires_at=expires_at).is_expired(NOW) is expired


REBASES = {
    "disjoint changes both survive": ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}),
    "disjoint nested changes too": (
        {"o": {"a": 1, "b": 1}},
        {"o": {"a": 2, "b": 1}},
        {"o": {"a": 1, "b": 2}},
        {"o": {"a": 2, "b": 2}},
    ),
    "the same key: the run wins": ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}),
    "both add": ({}, {"run": 1}, {"other": 1}, {"other": 1, "run": 1}),
    "both add the same object": ({}, {"o": {"run": 1}}, {"o": {"other": 1}}, {"o": {"other": 1, "run": 1}}),
    "the run removes what others changed": ({"a": 1}, {}, {"a": 2}, {}),
    "both remove, others add": ({"a": 1}, {}, {"b": 1}, {"b": 1}),
    "the run changes what others removed, others' rest survives": (
        {"a": {"x": 1}},
        {"a": {"x": 2}},
        {"b": 1},
        {"b": 1, "a": {"x": 2}},
    ),
    "others remove what the run left alone": ({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"b": 1}, {"b": 2}),
    "others made it something else": ({"a": {"x": 1}}, {"a": {"x": 2}}, {"a": "text"}, {"a": {"x": 2}}),
    "both append": ({"l": [1]}, {"l": [1, 2]}, {"l": [1, 3]}, {"l": [1, 3, 2]}),
    "the run appends, others change": ({"l": [1]}, {"l": [1, 2]}, {"l": [9]}, {"l": [9, 2]}),
    "the run changes, others append": ({"l": [1]}, {"l": [9]}, {"l": [1, 3]}, {"l": [9, 3]}),
    "both change an array": ({"l": [1]}, {"l": [2]}, {"l": [3]}, {"l": [2]}),
    "true is not one": ({"a": 1}, {"a": True}, {"a": 1, "b": 1}, {"a": True, "b": 1}),
}


@pytest.mark.parametrize(("base", "final", "current", "result"), REBASES.values(), ids=REBASES.keys())
def test_a_runs_change_goes_on_top_of_what_others_saved(base: Any, final: Any, current: Any, result: Any) -> None:
    before = deepcopy((base, final, current))
    assert is_same(rebase(base, final, current), result)
    assert (base, final, current) == before


@given(json_objects, json_objects)
def test_where_nobody_else_saved_the_runs_state_stands(base: Any, final: Any) -> None:
    assert is_same(rebase(base, final, base), final)


@given(json_objects, json_objects)
def test_a_run_that_changed_nothing_leaves_the_others_state(base: Any, current: Any) -> None:
    assert is_same(rebase(base, base, current), current)


@given(json_objects, json_values, json_values)
def test_two_changes_of_different_keys_always_both_survive(base: Any, ours: Any, theirs: Any) -> None:
    result = rebase(base, {**base, "ours": ours}, {**base, "theirs": theirs})
    assert is_same(result, {**base, "ours": ours, "theirs": theirs})


@given(json_objects, json_objects, json_objects)
def test_rebasing_never_fails(base: Any, final: Any, current: Any) -> None:
    assert isinstance(rebase(base, final, current), dict)
