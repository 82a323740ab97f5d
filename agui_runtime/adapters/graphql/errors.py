"""Errors as CopilotKit's clients understand them: only the twelve codes they know (contract graphql §8)."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from graphql import GraphQLError

from agui_runtime.application.failures import failure_of
from agui_runtime.domain.errors import AguiError, ErrorCode, NotFoundError

logger = logging.getLogger(__name__)

_DOCS = "https://docs.copilotkit.ai"
_COMMON = f"{_DOCS}/troubleshooting/common-issues"
_NETWORK_HELP = f"{_COMMON}#i-am-getting-a-network-errors--api-not-found"
AGENT_NOT_FOUND_HELP = f"{_DOCS}/coagents/troubleshooting/common-issues#i-am-getting-agent-not-found-error"


@frozen
class CopilotCode:
    """One row of the clients' table of codes."""

    code: str
    status_code: int
    visibility: str
    severity: str
    troubleshooting_url: str | None = None


_ROWS = (
    CopilotCode("NETWORK_ERROR", 503, "banner", "critical", _NETWORK_HELP),
    CopilotCode("NOT_FOUND", 404, "banner", "critical", _NETWORK_HELP),
    CopilotCode("AGENT_NOT_FOUND", 500, "banner", "critical", AGENT_NOT_FOUND_HELP),
    CopilotCode("API_NOT_FOUND", 404, "banner", "critical", _NETWORK_HELP),
    CopilotCode(
        "REMOTE_ENDPOINT_NOT_FOUND",
        404,
        "banner",
        "critical",
        f"{_COMMON}#i-am-getting-copilotkits-remote-endpoint-not-found-error",
    ),
    CopilotCode("AUTHENTICATION_ERROR", 401, "banner", "critical", f"{_COMMON}#authentication-errors"),
    CopilotCode("MISUSE", 400, "dev_only", "warning"),
    CopilotCode("UNKNOWN", 500, "toast", "critical"),
    CopilotCode("VERSION_MISMATCH", 400, "dev_only", "info"),
    CopilotCode("CONFIGURATION_ERROR", 400, "banner", "warning"),
    CopilotCode("MISSING_PUBLIC_API_KEY_ERROR", 400, "banner", "critical"),
    CopilotCode("UPGRADE_REQUIRED_ERROR", 402, "banner", "warning"),
)
COPILOT_CODES: Mapping[str, CopilotCode] = {row.code: row for row in _ROWS}

_BY_ERROR_CODE: Mapping[str, str] = {
    ErrorCode.AGENT_NOT_FOUND: "AGENT_NOT_FOUND",
    ErrorCode.API_NOT_FOUND: "API_NOT_FOUND",
    ErrorCode.UNAUTHENTICATED: "AUTHENTICATION_ERROR",
    ErrorCode.UNAVAILABLE: "NETWORK_ERROR",
    ErrorCode.CONFIGURATION: "CONFIGURATION_ERROR",
    ErrorCode.MISUSE: "MISUSE",
}
"""Everything else is UNKNOWN, with a text for people (design §3)."""


def copilot_code(code: str | None) -> CopilotCode:
    """The clients' code for one of ours, or for an agent's own."""
    return COPILOT_CODES[_BY_ERROR_CODE.get(code or "", "UNKNOWN")]


def agent_not_found(name: str, available: Sequence[str]) -> NotFoundError:
    """No agent can have such a name: the same as one that there is not."""
    details = {"agent": name, "available": tuple(available)}
    return NotFoundError(f"Agent {name!r} was not found.", code=ErrorCode.AGENT_NOT_FOUND, details=details)


def client_message(error: AguiError) -> str:
    """The message as clients see it; an unknown agent gets the TypeScript runtime's words (contract graphql §8)."""
    if error.code != ErrorCode.AGENT_NOT_FOUND:
        return error.message
    name, available = error.details.get("agent"), error.details.get("available", ())
    agent = f"Agent '{name}'" if name else "The requested agent"
    link = f"[{AGENT_NOT_FOUND_HELP}]({AGENT_NOT_FOUND_HELP})"
    if not available:
        return f"{agent} was not found. Please set up at least one agent before proceeding. See more: {link}"
    return (
        f"{agent} was not found. Available agents are: {', '.join(available)}. Please verify the agent name "
        f"in your configuration and ensure it matches one of the available agents.\n\nSee more: {link}"
    )


def extensions_of(row: CopilotCode, original: Mapping[str, Any]) -> dict[str, Any]:
    """The ``extensions`` of an application error."""
    return {
        "name": "CopilotError",
        "statusCode": row.status_code,
        "code": row.code,
        "visibility": row.visibility,
        "severity": row.severity,
        "troubleshootingUrl": row.troubleshooting_url,
        "originalError": original,
    }


def failed_status_details(message: str, code: str | None) -> dict[str, Any]:
    """The ``details`` of an ``UNKNOWN_ERROR`` response status (contract graphql §4)."""
    row = copilot_code(code)
    return {
        "description": message,
        "originalError": {
            "code": row.code,
            "statusCode": row.status_code,
            "severity": row.severity,
            "visibility": row.visibility,
            "extensions": extensions_of(row, _original(message)),
        },
    }


def format_error(error: GraphQLError, *, is_mutation: bool, correlation_id: str) -> dict[str, Any]:
    """An error of execution as it goes on the wire.

    Args:
        error: as graphql-core gives it.
        is_mutation: mutations wrap the original error once more than queries (contract graphql §8).
        correlation_id: goes into ``extensions``, so that a report can be found in the log.
    """
    formatted: dict[str, Any] = dict(error.formatted)
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return formatted
    if not isinstance(cause, AguiError):
        logger.error("A resolver failed in request %s.", correlation_id, exc_info=cause)
    failure = failure_of(cause)
    message = client_message(failure)
    row = copilot_code(failure.code)
    original = _original(message)
    if is_mutation:
        original = {"message": message, "extensions": extensions_of(row, original)}
    extensions = {**extensions_of(row, original), "correlationId": correlation_id}
    return {**formatted, "message": message, "extensions": extensions}


def _original(message: str) -> dict[str, Any]:
    # Clients search the stack for class names; ours never leaves the server.
    return {"message": message, "stack": f"Error: {message}"}
