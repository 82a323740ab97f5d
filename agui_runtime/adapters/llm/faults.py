"""Providers' errors as ours: what happened and what to do, without the provider's own words, which may leak."""

import re

from agui_runtime.domain.errors import (
    AgentError,
    AguiError,
    ConfigurationError,
    DeniedError,
    ErrorCode,
    InvalidError,
    TimedOutError,
    UnavailableError,
)

_TOO_LONG = re.compile(
    r"context.?length|context.?window|maximum context|(prompt|input|request) is too long|too many (input )?tokens"
    r"|token count.*exceeds",
    re.IGNORECASE | re.DOTALL,
)

_KIND_OF_CODE = {
    "authentication_error": "key",
    "invalid_api_key": "key",
    "unauthenticated": "key",
    "permission_error": "permission",
    "permission_denied": "permission",
    "insufficient_quota": "quota",
    "billing_error": "quota",
    "rate_limit_error": "rate",
    "rate_limit_exceeded": "rate",
    "resource_exhausted": "rate",
    "context_length_exceeded": "length",
    "request_too_large": "length",
    "content_filter": "filter",
    "content_policy_violation": "filter",
    "model_not_found": "model",
    "not_found_error": "model",
    "not_found": "model",
    "overloaded_error": "busy",
    "api_error": "busy",
    "server_error": "busy",
    "internal_server_error": "busy",
    "internal": "busy",
    "unavailable": "busy",
    "timeout_error": "slow",
    "deadline_exceeded": "slow",
}

_KIND_OF_STATUS = {
    401: "key",
    402: "quota",
    403: "permission",
    404: "model",
    408: "slow",
    413: "length",
    429: "rate",
    504: "slow",
}


def provider_fault(provider: str, *, status: int | None, code: str | None, text: str) -> AguiError:
    """What a provider's error means.

    Args:
        provider: its name, for people.
        status: of the HTTP response, ``None`` for an error within a stream.
        code: the provider's own word for it.
        text: its message; looked at, never shown.
    """
    match _kind(status, code or "", text):
        case "key":
            return _not_accepted(f"The model provider {provider} did not accept the API key. Check the runtime's key.")
        case "permission":
            return _not_accepted(
                f"The model provider {provider} refused access. Check what the runtime's API key may use."
            )
        case "quota":
            return UnavailableError(
                f"The quota at the model provider {provider} is used up. Check its plan and billing.",
                code=ErrorCode.RATE_LIMITED,
            )
        case "rate":
            return UnavailableError(
                f"The model provider {provider} has had too many requests. Please try again in a moment.",
                code=ErrorCode.RATE_LIMITED,
            )
        case "length":
            return InvalidError(
                "The conversation is too long for the model. Please start a new one or choose another model.",
                code=ErrorCode.CONTEXT_TOO_LONG,
            )
        case "model":
            return ConfigurationError(f"The model provider {provider} does not know the model that was asked for.")
        case "filter":
            return filtered(provider)
        case "busy":
            return UnavailableError(
                f"The model provider {provider} has a problem or is overloaded. Please try again in a moment."
            )
        case "slow":
            return TimedOutError(f"The model provider {provider} took too long to answer.")
        case _:
            told = "" if status is None else f" (HTTP {status})"
            return AgentError(f"The model provider {provider} refused the request{told}. The log has the reason.")


def connection_fault(provider: str, *, begun: bool) -> AguiError:
    """No connection, or one that broke: before the answer, or within it."""
    return broke_off(provider) if begun else UnavailableError(f"The model provider {provider} cannot be reached.")


def timeout_fault(provider: str, idle: float, *, begun: bool) -> AguiError:
    """Nothing came: before the answer, or for ``idle`` seconds within it."""
    if begun:
        return TimedOutError(f"The model provider {provider} was silent for {idle:g} seconds.")
    return TimedOutError(f"The model provider {provider} did not answer in time.")


def broke_off(provider: str) -> AguiError:
    """The answer ended before its end."""
    return UnavailableError(f"The answer of the model provider {provider} broke off.")


def too_slow(provider: str, seconds: float) -> AguiError:
    """The answer did not begin."""
    return TimedOutError(f"The model provider {provider} did not answer within {seconds:g} seconds.")


def too_large(provider: str, what: str, limit: str, maximum: int) -> AguiError:
    """More than its limit."""
    return AgentError(
        f"The model provider {provider} sent {what} of more than {maximum} bytes.",
        code=ErrorCode.LIMIT_EXCEEDED,
        details={"limit": limit, "maximum": maximum},
    )


def unreadable(provider: str) -> AguiError:
    """Not what the API describes."""
    return AgentError(f"The model provider {provider} sent something that cannot be read.")


def filtered(provider: str) -> AguiError:
    """The provider's own filter cut the answer."""
    return AgentError(f"The content filter of the model provider {provider} stopped the answer.")


def _kind(status: int | None, code: str, text: str) -> str:
    known = _KIND_OF_CODE.get(code.lower())
    if known is not None:
        return known
    if status is None and code.isdecimal():
        # Gateways put their upstream's status where others have a word.
        status = int(code)
    # The one fault that most APIs tell apart by their words alone.
    if (status is None or status in {400, 413, 422}) and _TOO_LONG.search(text):
        return "length"
    if status is not None and status >= 500 and status not in _KIND_OF_STATUS:
        return "busy"
    return _KIND_OF_STATUS.get(status or 0, "other")


def _not_accepted(message: str) -> AguiError:
    return DeniedError(message, code=ErrorCode.UNAUTHENTICATED)
