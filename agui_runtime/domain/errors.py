"""The error catalogue: one root, few children by meaning, one code for each fault a caller can tell apart.

Messages are written for people and are safe to show to a client; whatever may leak goes into ``__cause__`` only.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar


class ErrorCode(StrEnum):
    """Every code that a use case can answer with. Adapters map them to their wire."""

    INVALID_INPUT = "INVALID_INPUT"
    """A value breaks its syntax or its schema."""
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    """A value or a run is larger than its limit; the message names the limit."""
    NOT_FOUND = "NOT_FOUND"
    """There is no such thing in the caller's scope."""
    AGENT_NOT_FOUND = "AGENT_NOT_FOUND"
    """No agent of that name is offered to the caller."""
    API_NOT_FOUND = "API_NOT_FOUND"
    """There is nothing at the address that a remote agent is configured with."""
    VERSION_CONFLICT = "VERSION_CONFLICT"
    """Somebody else saved in between."""
    THREAD_BUSY = "THREAD_BUSY"
    """Another run is live on the thread."""
    TOO_MANY_RUNS = "TOO_MANY_RUNS"
    """As many runs are live as may be, in this process or of this caller; the message says what to do."""
    LEASE_LOST = "LEASE_LOST"
    """The run was taken over or sealed by somebody else."""
    UNAVAILABLE = "UNAVAILABLE"
    """A store or an upstream service cannot be reached."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """The caller, or the key used upstream, was not accepted."""
    DENIED = "DENIED"
    """The caller may not do this."""
    GUARDRAIL_DENIED = "GUARDRAIL_DENIED"
    """A guardrail refused the user's input."""
    MISUSE = "MISUSE"
    """The runtime is set up in a way that cannot serve this request."""
    CONFIGURATION = "CONFIGURATION"
    """A setting or an agent's own configuration is wrong."""
    AGENT_FAILED = "AGENT_FAILED"
    """The agent raised or reported an error."""
    INCOMPLETE_STREAM = "INCOMPLETE_STREAM"
    """The agent's stream ended without a terminal event."""
    INVALID_EVENT = "INVALID_EVENT"
    """An event came in an impossible order, or its patch does not apply."""
    RATE_LIMITED = "RATE_LIMITED"
    """A model provider has had too many requests, or its quota is used up."""
    CONTEXT_TOO_LONG = "CONTEXT_TOO_LONG"
    """The conversation is longer than the model takes."""
    TIMED_OUT = "TIMED_OUT"
    """A configured time limit ran out."""
    STOPPED = "STOPPED"
    """The run was stopped on request."""
    CORRUPT = "CORRUPT"
    """Stored data cannot be read back."""
    INTERNAL = "INTERNAL"
    """Anything unforeseen; the log has the cause."""


GENERIC_MESSAGE = "An unexpected error occurred. Please check the logs for more details."
"""What clients see of a failure whose own text might leak (contract graphql §8)."""


class AguiError(Exception):
    """Root of everything the runtime raises on purpose.

    Attributes:
        code: which fault it is.
        message: what happened and what to do, for people; never a secret.
        details: facts for programs, JSON values only.
    """

    default_code: ClassVar[ErrorCode] = ErrorCode.INTERNAL

    def __init__(
        self,
        message: str = GENERIC_MESSAGE,
        *,
        code: ErrorCode | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.details: Mapping[str, Any] = dict(details or {})


class InvalidError(AguiError):
    """A value breaks its syntax, its schema or a limit."""

    default_code = ErrorCode.INVALID_INPUT


class NotFoundError(AguiError):
    """There is no such thing in the caller's scope."""

    default_code = ErrorCode.NOT_FOUND


class ConflictError(AguiError):
    """Somebody else saved in between; ``details["version"]`` is the current version."""

    default_code = ErrorCode.VERSION_CONFLICT


class BusyError(AguiError):
    """Another run is live on the thread."""

    default_code = ErrorCode.THREAD_BUSY


class LeaseLostError(AguiError):
    """The run was taken over or sealed; nothing more can be written to it."""

    default_code = ErrorCode.LEASE_LOST


class UnavailableError(AguiError):
    """A store or an upstream service cannot be reached now."""

    default_code = ErrorCode.UNAVAILABLE


class DeniedError(AguiError):
    """The caller may not do this, or was not recognised."""

    default_code = ErrorCode.DENIED


class MisuseError(AguiError):
    """The runtime is set up in a way that cannot serve this request."""

    default_code = ErrorCode.MISUSE


class ConfigurationError(AguiError):
    """A setting is wrong; the message names it and says what was expected."""

    default_code = ErrorCode.CONFIGURATION


class AgentError(AguiError):
    """An agent failed; its message is the agent's own, meant for the user (contract graphql §8)."""

    default_code = ErrorCode.AGENT_FAILED


class InvalidEventError(AguiError):
    """An agent's event came in an impossible order or does not apply; the message names it."""

    default_code = ErrorCode.INVALID_EVENT


class TimedOutError(AguiError):
    """A configured time limit ran out; the message names it."""

    default_code = ErrorCode.TIMED_OUT


class CorruptError(AguiError):
    """Stored data cannot be read back."""

    default_code = ErrorCode.CORRUPT
