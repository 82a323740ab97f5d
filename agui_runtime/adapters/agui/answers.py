"""Whole answers, and errors in the reference's words (contract agui §3)."""

from collections.abc import Mapping
from typing import Any

from agui_runtime.adapters.codec.json_text import to_json
from agui_runtime.adapters.http.exchange import Headers, Response
from agui_runtime.domain.errors import GENERIC_MESSAGE, AguiError, ErrorCode
from agui_runtime.domain.json_value import JsonValue

_CONTENT_TYPE = ("content-type", "application/json")

_STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.INVALID_INPUT: 400,
    ErrorCode.LIMIT_EXCEEDED: 413,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.AGENT_NOT_FOUND: 404,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.DENIED: 403,
    ErrorCode.THREAD_BUSY: 409,
    ErrorCode.VERSION_CONFLICT: 409,
    ErrorCode.TOO_MANY_RUNS: 429,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.TIMED_OUT: 504,
}
"""Everything else is 500. Faults of a run have no status: they are told in its stream."""

_HEADERS: Mapping[ErrorCode, Headers] = {
    ErrorCode.UNAUTHENTICATED: (("www-authenticate", "Bearer"),),
    ErrorCode.UNAVAILABLE: (("retry-after", "1"),),
    ErrorCode.TOO_MANY_RUNS: (("retry-after", "5"),),
}


def json_answer(value: JsonValue, status: int = 200, headers: Headers = ()) -> Response:
    """A JSON document."""
    return Response(status, (_CONTENT_TYPE, *headers), to_json(value))


def not_found() -> Response:
    """There is nothing at that path."""
    return json_answer({"error": "Not found"}, 404)


def not_allowed(allowed: str) -> Response:
    """The path takes other verbs."""
    return json_answer({"error": "Method not allowed"}, 405, (("allow", allowed),))


def agent_not_found(agent_id: str) -> Response:
    """No agent of that id is offered to the caller."""
    return json_answer({"error": "Agent not found", "message": f"Agent '{agent_id}' does not exist"}, 404)


def invalid_body(details: str) -> Response:
    """The body is no JSON or breaks its schema; ``details`` names the fault and its path."""
    return json_answer({"error": "Invalid request body", "details": details}, 400)


def invalid_envelope(message: str, status: int = 400) -> Response:
    """The single-route envelope is none."""
    return json_answer({"error": "invalid_request", "message": message}, status)


def failed(error: AguiError, what: str, correlation_id: str) -> Response:
    """A request that failed before any stream opened.

    Args:
        error: its message is safe to show.
        what: the request, such as ``retrieve runtime information``.
        correlation_id: finds the request in the log.
    """
    body: dict[str, Any] = {"error": f"Failed to {what}", "message": error.message}
    status = _STATUSES.get(error.code, 500)
    headers = _HEADERS.get(error.code, ())
    return json_answer({**body, "code": error.code.value, "correlationId": correlation_id}, status, headers)


def unforeseen() -> AguiError:
    """What a client is told of an exception that nobody foresaw; the log has the rest."""
    return AguiError(GENERIC_MESSAGE)
