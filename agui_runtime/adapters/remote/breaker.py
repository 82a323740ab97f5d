"""A circuit breaker per endpoint: one that keeps failing is left alone for a while (ADR 0012)."""

from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from agui_runtime.domain.errors import ConfigurationError

MAX_BREAKERS = 1024
"""Agents that are made per request may each have an address of their own; the longest unused is forgotten."""


class BreakerState(StrEnum):
    """Whether an endpoint is asked."""

    CLOSED = "closed"
    """It is asked."""
    OPEN = "open"
    """It failed too often and is left alone."""
    HALF_OPEN = "half-open"
    """The time is over: one request may try."""


def _sensible(_: object, attribute: Any, value: float) -> None:
    if not value > 0:
        raise ConfigurationError(f"The breaker's {attribute.name!r} must be more than 0.")


@frozen
class BreakerPolicy:
    """When to leave an endpoint alone.

    Attributes:
        failures: so many calls in a row must fail.
        seconds: how long it is left alone then.
    """

    failures: int = field(default=5, validator=_sensible)
    seconds: float = field(default=30.0, validator=_sensible)


@frozen
class EndpointHealth:
    """What is known of an endpoint, for health checks and metrics.

    Attributes:
        peer: such as ``agent 'weather'``.
        failures: how many calls in a row have failed.
        retry_in: seconds until it is asked again; 0 unless the breaker is open.
        asked: whether it was asked at all.
        problem: why the last call failed, where that is the endpoint's fault or that of how it is set up; else empty.
    """

    peer: str
    state: BreakerState
    failures: int
    retry_in: float
    asked: bool = False
    problem: str = ""


class Breaker:
    """Counts one endpoint's failures. Only what says that an endpoint is down is a failure, not that it refuses."""

    def __init__(self, peer: str, policy: BreakerPolicy, now: Callable[[], float]) -> None:
        self._peer = peer
        self._policy = policy
        self._now = now
        self._failures = 0
        self._opened_at = 0.0
        self._probing = False
        self._asked = False
        self._problem = ""

    def admit(self) -> bool:
        """Whether a call may be made; each that may is followed by one of ``succeeded``, ``failed``, ``gave_up``."""
        match self.state:
            case BreakerState.CLOSED:
                return True
            case BreakerState.HALF_OPEN if not self._probing:
                self._probing = True
                return True
            case _:
                return False

    def succeeded(self, problem: str = "") -> None:
        """It answered, though it may have refused for a reason that stays."""
        self._failures = 0
        self._probing = False
        self.noted(problem)

    def failed(self, problem: str) -> None:
        """It did not."""
        self._failures += 1
        self._probing = False
        self._opened_at = self._now()
        self.noted(problem)

    def gave_up(self) -> None:
        """Nobody waited for the answer, so nothing is known."""
        self._probing = False

    def noted(self, problem: str) -> None:
        """What somebody found who only looked; empty where all is well."""
        self._asked = True
        self._problem = problem

    @property
    def state(self) -> BreakerState:
        """Whether the endpoint is asked."""
        if self._failures < self._policy.failures:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._left() > 0 else BreakerState.HALF_OPEN

    @property
    def health(self) -> EndpointHealth:
        """All that is known."""
        state = self.state
        retry_in = max(0.0, self._left()) if state is BreakerState.OPEN else 0.0
        return EndpointHealth(self._peer, state, self._failures, retry_in, self._asked, self._problem)

    def _left(self) -> float:
        return self._opened_at + self._policy.seconds - self._now()


class Breakers:
    """One for each endpoint that was asked."""

    def __init__(self, policy: BreakerPolicy, now: Callable[[], float]) -> None:
        self._policy = policy
        self._now = now
        self._by_key: OrderedDict[str, Breaker] = OrderedDict()

    def of(self, key: str, peer: str) -> Breaker:
        """The endpoint's; ``key`` is what identifies it, ``peer`` what people call it."""
        breaker = self._by_key.get(key)
        if breaker is None:
            breaker = self._by_key[key] = Breaker(peer, self._policy, self._now)
            if len(self._by_key) > MAX_BREAKERS:
                self._by_key.popitem(last=False)
        self._by_key.move_to_end(key)
        return breaker

    def health(self) -> tuple[EndpointHealth, ...]:
        """Of all of them, by name."""
        return tuple(sorted((each.health for each in self._by_key.values()), key=lambda each: each.peer))
