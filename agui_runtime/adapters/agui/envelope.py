"""The single-route envelope: ``{"method", "params"?, "body"?}`` posted to the base path (contract agui §1)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from attrs import evolve

from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.agui.paths import target_of
from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.adapters.http.exchange import Request
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object

_WITH_BODY = frozenset({"agent/run", "agent/suggest", "agent/connect", "transcribe"})
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "agent/run": ("agentId",),
    "agent/suggest": ("agentId",),
    "agent/connect": ("agentId",),
    "agent/stop": ("agentId", "threadId"),
    "info": (),
    "inspector/metadata": (),
    "inspector/learning": (),
    "transcribe": (),
}
_READ_ONLY = frozenset({"info", "inspector/metadata", "inspector/learning"})
_RESOURCES = ("threads/", "memories", "annotate")
"""Only these may be reached through ``resource/request``."""


class EnvelopeError(Exception):
    """The envelope is refused.

    Attributes:
        status: the HTTP status; 404 where it names nothing that is there.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def envelope_of(request: Request) -> JsonObject | None:
    """The envelope that a request posts to the base path, or ``None`` where it is GraphQL's.

    GraphQL bodies are looked through for one word, which is next to nothing, and not parsed here: only a body that has
    the word as a JSON string of its own is parsed, and then it may still be GraphQL's.
    """
    if request.method != "POST" or b'"method"' not in request.body:
        return None
    try:
        value = from_json(request.body)
    except InvalidError:
        return None
    return value if is_object(value) and "method" in value and "query" not in value else None


def open_envelope(request: Request, envelope: JsonObject) -> Call:
    """The call in an envelope.

    Raises:
        EnvelopeError: with the reference's words and status.
    """
    if "application/json" not in (request.header("content-type") or "").lower():
        raise EnvelopeError("Single-route endpoint expects JSON payloads", 415)
    method: JsonValue = envelope["method"]
    if not method:
        raise EnvelopeError("Missing method field")
    if method == "resource/request":
        return _resource(request, envelope)
    if not isinstance(method, str) or method not in _PARAMETERS:
        raise EnvelopeError(f"Unsupported method '{str(method)[:100]}'")
    ids = {name: _parameter(envelope, name) for name in _PARAMETERS[method]}
    body: JsonValue = envelope.get("body")
    if body is None and (method in _WITH_BODY or (method == "agent/stop" and "body" in envelope)):
        raise EnvelopeError("Missing request body for JSON handler")
    verb = "GET" if method in _READ_ONLY else "POST"
    meant = evolve(request, method=verb, path=_path_of(method, ids))
    return Call(meant, method, verb, ids, is_single=True, value=body)


def _resource(request: Request, envelope: JsonObject) -> Call:
    """A resource's own path and verb. It stays relative to this runtime: the envelope is no open proxy."""
    path = _parameter(envelope, "path")
    verb = _parameter(envelope, "httpMethod").upper()
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        raise EnvelopeError("Resource path must be Runtime-relative")
    parts = urlsplit(path)
    target = target_of(parts.path)
    if target is None or not target.operation.startswith(_RESOURCES):
        raise EnvelopeError("Not found", 404)
    meant = evolve(request, method=verb, path=parts.path, query=parts.query)
    return Call(meant, target.operation, verb, target.ids, parts.query, is_single=True, value=envelope.get("body"))


def _path_of(method: str, ids: Mapping[str, str]) -> str:
    """The path that the call would have had: an identity that looks at paths must not be led past by an envelope."""
    if "agentId" not in ids:
        return "/" + method.replace("/", "-")
    kind, operation = method.split("/")
    tail = [quote(ids["threadId"], safe="")] if "threadId" in ids else []
    return "/".join(["", kind, quote(ids["agentId"], safe=""), operation, *tail])


def _parameter(envelope: JsonObject, name: str) -> str:
    params: Any = envelope.get("params")
    value = params.get(name) if is_object(params) else None
    if isinstance(value, str) and value.strip():
        return value
    raise EnvelopeError(f"Missing or invalid parameter '{name}'")
