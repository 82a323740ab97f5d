"""When a state expires: never, unless a save or the host's rule says so."""

from datetime import datetime, timedelta

import pytest

from agui_runtime.application.expiry import Expiry
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.state import AgentState
from tests.support.clock import FakeClock
from tests.unit.application.world import WRITER, key_of

HOUR = timedelta(hours=1)


def stored(expires_at: datetime | None) -> AgentState:
    now = FakeClock().now()
    return AgentState(key_of(WRITER), {}, 1, now, now, expires_at)


def test_without_a_rule_and_a_wish_a_state_lives_for_ever() -> None:
    assert Expiry(FakeClock()).of_save(None) is None
    assert Expiry(FakeClock()).of_save(stored(None)) is None


def test_without_a_rule_a_save_keeps_the_moment_that_is_stored() -> None:
    clock = FakeClock()
    assert Expiry(clock).of_save(stored(clock.after(60))) == clock.after(60)


def test_a_lifetime_begins_anew_with_each_save() -> None:
    clock = FakeClock()
    expiry = Expiry(clock, HOUR)
    assert expiry.of_save(None) == clock.now() + HOUR
    clock.advance(600)
    assert expiry.of_save(stored(clock.after(60))) == clock.now() + HOUR


def test_what_a_save_asks_for_goes_before_the_rule() -> None:
    clock = FakeClock()
    assert Expiry(clock, HOUR).of_save(stored(clock.after(60)), clock.after(5)) == clock.after(5)


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_moment_that_has_passed_is_refused(seconds: float) -> None:
    clock = FakeClock()
    with pytest.raises(InvalidError, match="has passed already"):
        Expiry(clock).of_save(None, clock.after(seconds))


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(InvalidError, match="time zone"):
        Expiry(FakeClock()).of_save(None, datetime(2030, 1, 1))
