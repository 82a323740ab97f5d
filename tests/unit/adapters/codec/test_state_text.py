"""The text of a state: accepted and refused as the domain's rule does, byte for byte."""

import json
from collections import OrderedDict, deque
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from attrs import frozen
from hypothesis import example, given
from hypothesis import strategies as st

from agui_runtime.adapters.codec.state_text import checked_text
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import is_same
from agui_runtime.domain.policy import StateLimits, check_state


class Colour(Enum):
    RED = "red"


@frozen
class Point:
    x: int = 1


any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)
odd = st.sampled_from(
    [
        float("nan"), float("inf"), 2**64, -(2**63) - 1, 1 << 5000, b"x", datetime(2026, 1, 1, tzinfo=UTC),
        UUID(int=1), Colour.RED, Point(), (), (1, (2,)), {1}, {1: "a"}, {None: 1}, MappingProxyType({"a": 1}),
        OrderedDict(a=deque([1])), object, "\ud83d", 1e16, 1e-5, -0.0, 5e-324,
    ]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | odd,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=10,
)
limits = st.builds(StateLimits, max_bytes=st.integers(1, 120), max_depth=st.integers(1, 5))


def refusal(rule: Any, value: Any, bounds: StateLimits) -> tuple[str, dict[str, Any]] | None:
    try:
        rule(value, bounds)
    except InvalidError as error:
        return error.message, dict(error.details)
    return None


@given(st.dictionaries(any_text, values, max_size=4) | values, limits)
@example({"a": 1e-5, "b": [1e16] * 8}, StateLimits(max_bytes=40))
def test_it_accepts_and_refuses_what_the_rule_does_with_the_same_words(value: Any, bounds: StateLimits) -> None:
    assert refusal(checked_text, value, bounds) == refusal(check_state, value, bounds)


@given(st.dictionaries(any_text, values, max_size=4))
def test_what_is_accepted_reads_back_the_same(value: Any) -> None:
    try:
        checked = checked_text(value, StateLimits())
    except InvalidError:
        return
    assert is_same(json.loads(json.dumps(value, default=_plain)), json.loads(checked.text))
    assert checked.size == len(checked.text.encode("utf-8", "surrogatepass"))


@given(st.dictionaries(any_text, values, max_size=4))
def test_what_is_not_called_unusual_reads_back_as_it_was_given(value: Any) -> None:
    try:
        checked = checked_text(value, StateLimits())
    except InvalidError:
        return
    if not checked.is_unusual:
        assert is_same(json.loads(checked.text), value)
        checked.text.encode("utf-8")


@pytest.mark.parametrize("value", [{"a": 2**64}, {"a": "\ud83d"}, MappingProxyType({"a": 1})])
def test_what_may_read_back_otherwise_is_called_unusual(value: Any) -> None:
    assert checked_text(value, StateLimits()).is_unusual


def test_a_state_that_contains_itself_is_refused() -> None:
    cycle: dict[str, Any] = {"a": 1}
    cycle["self"] = [cycle] * 50
    with pytest.raises(InvalidError, match="nested deeper"):
        checked_text(cycle, StateLimits(max_depth=100))


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, MappingProxyType) else list(value)
