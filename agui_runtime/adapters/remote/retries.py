"""When a request is sent again: before the first byte only, and only where it may help (contract graphql §6)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from attrs import field, frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from agui_runtime.domain.errors import AguiError, ConfigurationError

RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})


def _sensible(_: object, attribute: Any, value: float) -> None:
    if not value > 0:
        raise ConfigurationError(f"The retry policy's {attribute.name!r} must be more than 0.")


@frozen
class RetryPolicy:
    """How often and how soon.

    Attributes:
        attempts: how many, the first one included; 1 for no retries.
        base: seconds that the first wait may last; it doubles each time, and chance takes a part of it.
        longest: seconds that no wait exceeds. An endpoint that asks for a longer one is not asked again.
    """

    attempts: int = field(default=3, validator=_sensible)
    base: float = field(default=0.5, validator=_sensible)
    longest: float = field(default=10.0, validator=_sensible)


class AttemptFailedError(Exception):
    """An attempt failed in a way that another one may not.

    Attributes:
        failure: what to tell if there is none.
        after: seconds that the endpoint asks to wait, ``None`` where it does not say.
    """

    def __init__(self, failure: AguiError, after: float | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.after = after


def retrying(policy: RetryPolicy) -> AsyncRetrying:
    """The attempts of one call; the last one's error is raised."""
    backoff = wait_random_exponential(multiplier=policy.base, max=policy.longest)

    def wait(state: RetryCallState) -> float:
        return max(backoff(state), _asked(state) or 0.0)

    def stop(state: RetryCallState) -> bool:
        return stop_after_attempt(policy.attempts)(state) or (_asked(state) or 0.0) > policy.longest

    return AsyncRetrying(retry=retry_if_exception_type(AttemptFailedError), wait=wait, stop=stop, reraise=True)


def seconds_of(retry_after: str | None) -> float | None:
    """What a ``Retry-After`` header asks for (RFC 9110 §10.2.3); ``None`` for what is none."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without its zone is in GMT.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _asked(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error.after if isinstance(error, AttemptFailedError) else None
