from typing import Any

import pytest

from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.policy import RunLimits, StateLimits, check_state, check_usage


def test_a_state_may_be_exactly_as_large_as_the_limit() -> None:
    check_state({"a": "xy"}, StateLimits(max_bytes=len('{"a":"xy"}')))


def test_a_state_one_byte_too_large_is_refused_with_both_numbers() -> None:
    with pytest.raises(InvalidError, match="state has 10 bytes; the limit is 9") as caught:
        check_state({"a": "xy"}, StateLimits(max_bytes=9))
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    assert caught.value.details == {"limit": "state_bytes", "maximum": 9, "actual": 10}


@pytest.mark.parametrize(("text", "size"), [("é", 2), ("日", 3), ("🎈", 4), ("\ud83c", 3)])
def test_a_states_size_is_counted_in_utf_8_bytes(text: str, size: int) -> None:
    limits = StateLimits(max_bytes=len('{"a":""}') + size)
    check_state({"a": text}, limits)
    with pytest.raises(InvalidError, match="bytes"):
        check_state({"a": text + "x"}, limits)


@pytest.mark.parametrize("values", [[], [1], "text", 1, None, True])
def test_a_state_that_is_no_object_is_refused(values: Any) -> None:
    with pytest.raises(InvalidError, match=f"state must be a JSON object, not {type(values).__name__}") as caught:
        check_state(values, StateLimits())
    assert caught.value.code is ErrorCode.INVALID_INPUT


def test_a_state_that_is_too_deep_is_refused() -> None:
    check_state({"a": {}}, StateLimits(max_depth=2))
    with pytest.raises(InvalidError, match=r"state\.a is nested deeper than 1 levels"):
        check_state({"a": {}}, StateLimits(max_depth=1))


def test_what_is_no_json_in_a_state_is_named_by_the_name_given() -> None:
    with pytest.raises(InvalidError, match=r"config\.a is nan"):
        check_state({"a": float("nan")}, StateLimits(), name="config")


def test_a_run_may_use_all_of_its_limits() -> None:
    check_usage(5, 7, RunLimits(max_events=5, max_bytes=7))


@pytest.mark.parametrize(
    ("events", "size", "limit", "maximum", "told"),
    [
        (6, 0, "run_events", 5, "more than 5 events"),
        (0, 8, "run_bytes", 7, "more than 7 bytes"),
    ],
)
def test_a_run_that_uses_more_is_cut_and_the_limit_is_named(
    events: int, size: int, limit: str, maximum: int, told: str
) -> None:
    with pytest.raises(InvalidError, match=told) as caught:
        check_usage(events, size, RunLimits(max_events=5, max_bytes=7))
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    assert caught.value.details == {"limit": limit, "maximum": maximum}
