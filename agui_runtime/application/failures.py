"""What clients are told of an exception: our own errors speak for themselves, others get a text that leaks nothing."""

import asyncio

from agui_runtime.domain.errors import AgentError, AguiError, ErrorCode, UnavailableError

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


def agent_failure_of(error: BaseException) -> AguiError:
    """What a failed agent means to the client: agents' own messages are kept (contract graphql §8).

    The operating system's are not: they name hosts, ports and files.
    """
    if isinstance(error, AguiError | OSError):
        return failure_of(error)
    text = str(error).strip()
    return _caused(AgentError(text) if text else AgentError(code=ErrorCode.AGENT_FAILED), error)


def _caused(failure: AguiError, cause: BaseException) -> AguiError:
    failure.__cause__ = cause
    return failure
