"""An ASGI request as the router takes it: above all, where it is below the host's own path."""

from urllib.parse import quote, unquote, unquote_to_bytes

from agui_runtime.adapters.asgi.client import Client, Scope
from agui_runtime.adapters.http.exchange import IncomingRequest

UNESCAPED = "!$&'()*+,;=:@"
"""What a segment may have beside letters, digits and ``-._~`` (RFC 3986)."""


def incoming_request(scope: Scope, client: Client, own_path: str) -> IncomingRequest:
    """The request.

    Args:
        scope: as the server or the mounting framework tells it.
        client: sends the body.
        own_path: where the host is, below ``root_path``; without a slash at its end.
    """
    path, base = _place(scope, own_path)
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    peer = scope.get("client")
    return IncomingRequest(
        method=scope["method"],
        path=path,
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=client.chunks(),
        peer=peer[0] if peer else None,
        base=base,
    )


def _place(scope: Scope, own: str) -> tuple[str, str]:
    """The path as the client asked for it, percent-encoded, and the part of it that leads to the router.

    ``path`` alone does not tell: Litestar cuts it, and behind a proxy that strips a prefix it lacks ``root_path``.
    """
    asked = quote(scope["path"])
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    for written in (raw or asked, asked):
        path = unquote(written)
        for base in (scope.get("root_path", "") + own, own):
            if path == base or path.startswith(base + "/"):
                return base + _tail(written, base), base
    return asked, own


def _tail(written: str, base: str) -> str:
    """What is written behind the base, each segment escaped where it must be and no further.

    Decoded as a whole, an id with a slash in it would become two segments.
    """
    segments = written.split("/")[base.count("/") + 1 :]
    return "".join("/" + quote(unquote_to_bytes(segment), safe=UNESCAPED) for segment in segments)
