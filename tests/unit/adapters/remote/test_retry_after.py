"""What a Retry-After header asks for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.remote.retries import RetryPolicy, seconds_of
from agui_runtime.domain.errors import ConfigurationError


@given(st.integers(0, 10**6))
def test_a_number_is_seconds(seconds: int) -> None:
    assert seconds_of(str(seconds)) == seconds


def test_a_date_is_a_moment() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=100)
    seconds = seconds_of(format_datetime(moment, usegmt=True))
    assert seconds is not None
    assert 90 < seconds <= 100


def test_a_date_that_has_passed_asks_for_no_wait() -> None:
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@pytest.mark.parametrize("text", [None, "", "soon", "-1", "1.5", "²", "Wed, 99 Oct 2015 07:28:00 GMT"])
def test_anything_else_asks_for_nothing(text: str | None) -> None:
    assert seconds_of(text) is None


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    seconds = seconds_of(text)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("field", ["attempts", "base", "longest"])
def test_a_policy_that_makes_no_sense_is_refused(field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        RetryPolicy(**{field: 0})
