"""What clients are told of an exception: our own errors speak for themselves, others get a text that leaks nothing."""

import asyncio

from agui_runtime.domain.errors import (
    AgentError,
    AguiError,
    ErrorCode,
    InvalidEventError,
    UnavailableError,
)

REFUSED = (
    "Connection refused - the agent service is not running or not accessible at the specified address. "
    "Please check that your agent is started and listening on the correct port."
)
NOT_FOUND = (
    "Host not found - the agent service URL appears to be incorrect or the service is not accessible. "
    "Please verify the agent endpoint URL."
)
TIMED_OUT = (
    "Connection timeout - the agent service is taking too long to respond. "
    "This could indicate network issues or an overloaded agent service."
)
UNREACHABLE = (
    "Failed to connect to the agent service. Please verify the agent is running and the endpoint URL is correct."
)

# Texts and order of the TypeScript runtime (contract graphql §8; R/lib/error-messages.ts).
_BY_PATTERN: tuple[tuple[str, str, bool], ...] = (
    ("ECONNREFUSED", REFUSED, True),
    ("ENOTFOUND", NOT_FOUND, True),
    ("ETIMEDOUT", TIMED_OUT, True),
    ("fetch failed", UNREACHABLE, True),
    (
        "401",
        "Authentication failed. Please check your API keys and ensure they are correctly configured.",
        False,
    ),
    (
        "api key",
        "API key error detected. Please verify your API key is correct and has the necessary permissions.",
        False,
    ),
    ("unauthorized", "Unauthorized access. Please check your authentication credentials.", False),
)

_RUN_LIMITS = frozenset({"run_events", "run_bytes", "run_seconds", "run_idle_seconds"})
"""Who breaks them is cut off by the runtime, which says so."""


def failure_of(error: BaseException) -> AguiError:
    """What a failed model, store or hook means to the client (contract graphql §8)."""
    if isinstance(error, AguiError):
        return error
    if isinstance(error, ConnectionRefusedError):
        return _caused(UnavailableError(REFUSED), error)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return _caused(UnavailableError(TIMED_OUT), error)
    if isinstance(error, ConnectionError):
        return _caused(UnavailableError(UNREACHABLE), error)
    text = str(error).lower()
    for pattern, message, is_connection in _BY_PATTERN:
        if pattern.lower() in text:
            return _caused(UnavailableError(message) if is_connection else AguiError(message), error)
    return _caused(AguiError(), error)


def failure_in_own_words(error: BaseException) -> AguiError:
    """What a failed agent says of it itself, where it has words (contract graphql §8).

    The operating system's are not kept: they name hosts, ports and files.
    """
    if isinstance(error, AguiError | OSError):
        return failure_of(error)
    text = str(error).strip()
    return _caused(AgentError(text) if text else AgentError(code=ErrorCode.AGENT_FAILED), error)


def agent_failure_of(error: BaseException, agent: str) -> AguiError:
    """What a failed agent means to the client: its own words are kept, all others get its name."""
    failure = failure_in_own_words(error)
    has_own_words = isinstance(error, AguiError) or failure.message == str(error).strip()
    is_ours = isinstance(error, InvalidEventError) or _limit_of(error) in _RUN_LIMITS
    return failure if has_own_words and not is_ours else named(failure, agent)


def named(failure: AguiError, agent: str) -> AguiError:
    """The failure with the agent's name in its message, caused by what caused it."""
    if repr(str(agent)) in failure.message:
        return failure
    text = f"The agent {str(agent)!r} failed. {failure.message}"
    return _caused(type(failure)(text, code=failure.code, details=failure.details), failure.__cause__ or failure)


def without_ending(agent: str) -> AgentError:
    """An agent in another program or framework broke off; ``agent`` is how people know it: ``agent 'weather'``."""
    text = f"The {agent} ended its stream without saying how its run came out (no RUN_FINISHED, no RUN_ERROR)."
    return AgentError(text, code=ErrorCode.INCOMPLETE_STREAM)


def _limit_of(error: BaseException) -> object:
    """The limit that was broken, by name."""
    return error.details.get("limit") if isinstance(error, AguiError) else None


def _caused(failure: AguiError, cause: BaseException) -> AguiError:
    failure.__cause__ = cause
    return failure
