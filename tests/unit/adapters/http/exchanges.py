"""Exchanges with a router, without a server."""

from collections.abc import AsyncIterator, Mapping
from itertools import count
from typing import Any

from agui_runtime.adapters.http.cors import CorsPolicy
from agui_runtime.adapters.http.exchange import Handler, IncomingRequest, Request, Response
from agui_runtime.adapters.http.limits import HttpLimits
from agui_runtime.adapters.http.router import Route, Router
from tests.support.aio import run


async def chunks_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def echo(request: Request) -> Response:
    return Response(200, (("content-type", "text/plain"),), request.body)


def router(handler: Handler = echo, **given: Any) -> Router:
    ids = count(1)
    options = {"cors": CorsPolicy(), "limits": HttpLimits(), "new_id": lambda: f"new-{next(ids)}", **given}
    return Router("/api", (Route(frozenset({"", "/"}), handler), Route(frozenset({"/health"}), handler)), **options)


def ask(
    at: Router,
    path: str = "/api",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes | AsyncIterator[bytes] = b"body",
) -> Response:
    return run(at.handle(IncomingRequest(method, path, "", headers or {}, body)))


def headers_of(response: Response) -> dict[str, str]:
    names = [name for name, _ in response.headers]
    assert len(names) == len(set(names)), "a header twice"
    return dict(response.headers)
