"""When an endpoint is left alone, and when it is asked again."""

import pytest
from attrs import define

from agui_runtime.adapters.remote.breaker import MAX_BREAKERS, Breaker, BreakerPolicy, Breakers, BreakerState
from agui_runtime.domain.errors import ConfigurationError

POLICY = BreakerPolicy(failures=3, seconds=10)


@define
class Watch:
    time: float = 0.0

    def __call__(self) -> float:
        return self.time


def broken(watch: Watch) -> Breaker:
    breaker = Breaker("agent 'far'", POLICY, watch)
    for _ in range(3):
        assert breaker.admit()
        breaker.failed("down")
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = broken(Watch())
    assert breaker.state is BreakerState.OPEN
    assert not breaker.admit()


def test_a_success_between_failures_starts_the_count_again() -> None:
    breaker = Breaker("agent 'far'", POLICY, Watch())
    for outcome in ("failed", "failed", "succeeded", "failed", "failed"):
        assert breaker.admit()
        if outcome == "failed":
            breaker.failed("down")
        else:
            breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED


def test_after_its_time_one_call_may_try() -> None:
    watch = Watch()
    breaker = broken(watch)
    watch.time = 10.0
    assert breaker.state is BreakerState.HALF_OPEN
    assert [breaker.admit(), breaker.admit()] == [True, False]


def test_a_try_that_succeeds_closes_it() -> None:
    watch = Watch()
    breaker = broken(watch)
    watch.time = 10.0
    assert breaker.admit()
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.admit()


def test_a_try_that_fails_opens_it_for_the_whole_time_again() -> None:
    watch = Watch()
    breaker = broken(watch)
    watch.time = 10.0
    assert breaker.admit()
    breaker.failed("down")
    assert breaker.health.retry_in == 10.0
    assert not breaker.admit()


def test_a_try_that_nobody_waits_for_leaves_the_next_one_its_turn() -> None:
    watch = Watch()
    breaker = broken(watch)
    watch.time = 10.0
    assert breaker.admit()
    breaker.gave_up()
    assert breaker.admit()


def test_its_health_says_how_long_it_is_left_alone() -> None:
    watch = Watch()
    breaker = broken(watch)
    watch.time = 4.0
    health = breaker.health
    assert (health.peer, health.state, health.failures, health.retry_in) == ("agent 'far'", BreakerState.OPEN, 3, 6.0)


def test_each_endpoint_has_its_own() -> None:
    breakers = Breakers(POLICY, Watch())
    for _ in range(3):
        breakers.of("http://a/", "agent 'a'").failed("down")
    assert breakers.of("http://b/", "agent 'b'").admit()
    assert [each.state for each in breakers.health()] == [BreakerState.OPEN, BreakerState.CLOSED]


def test_the_longest_unused_is_forgotten_when_there_are_too_many() -> None:
    breakers = Breakers(POLICY, Watch())
    first = breakers.of("0", "agent '0'")
    for number in range(1, MAX_BREAKERS + 1):
        breakers.of(str(number), f"agent '{number}'")
    assert len(breakers.health()) == MAX_BREAKERS
    assert breakers.of("0", "agent '0'") is not first


@pytest.mark.parametrize("field", ["failures", "seconds"])
def test_a_policy_that_makes_no_sense_is_refused(field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        BreakerPolicy(**{field: 0})


def test_why_it_failed_is_known_until_it_answers() -> None:
    breaker = Breaker("agent 'far'", POLICY, Watch())
    assert (breaker.health.asked, breaker.health.problem) == (False, "")
    breaker.failed("It is down.")
    assert (breaker.health.asked, breaker.health.problem) == (True, "It is down.")
    breaker.succeeded("It refused our key.")
    assert (breaker.health.failures, breaker.health.problem) == (0, "It refused our key.")
    breaker.succeeded()
    assert (breaker.health.asked, breaker.health.problem) == (True, "")


def test_what_somebody_found_who_only_looked_does_not_count() -> None:
    breaker = Breaker("agent 'far'", POLICY, Watch())
    for _ in range(POLICY.failures):
        breaker.noted("It is down.")
    assert (breaker.state, breaker.health.failures, breaker.health.problem) == (BreakerState.CLOSED, 0, "It is down.")
