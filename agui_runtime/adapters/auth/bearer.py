"""The bearer token of a request (RFC 6750)."""

from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.errors import DeniedError, ErrorCode

SIGN_IN = "Please sign in."
"""All that a client is told: what was wrong with its token is in the log."""
MAX_LENGTH = 16 * 1024
"""Characters of a token; servers take hardly longer headers."""


class UnauthenticatedError(DeniedError):
    """The caller is not known; ``reason`` is for the log and never leaves the server."""

    default_code = ErrorCode.UNAUTHENTICATED

    def __init__(self, reason: str) -> None:
        super().__init__(SIGN_IN)
        self.reason = reason


def reason_of(error: DeniedError) -> str:
    """Why somebody was refused, for the log."""
    return error.reason if isinstance(error, UnauthenticatedError) else error.message


def bearer_token(facts: RequestFacts) -> str:
    """The token.

    Raises:
        UnauthenticatedError: there is none.
    """
    header = facts.headers.get("authorization")
    if header is None:
        raise UnauthenticatedError("The request has no Authorization header.")
    scheme, _, token = header.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise UnauthenticatedError("The Authorization header is no bearer token.")
    if len(token) > MAX_LENGTH:
        raise UnauthenticatedError(f"The token has more than {MAX_LENGTH} characters.")
    return token
