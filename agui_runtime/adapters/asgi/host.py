"""A router as an ASGI application, to be served by itself or mounted into a host's."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol
from urllib.parse import quote, unquote, unquote_to_bytes

from agui_runtime.adapters.asgi.client import Client, Receive, Scope, Send
from agui_runtime.adapters.asgi.exit_watch import ExitWatch
from agui_runtime.adapters.http.exchange import IncomingRequest, Response, StreamedBody
from agui_runtime.adapters.http.keep_alive import send_kept_alive
from agui_runtime.adapters.http.router import Router

logger = logging.getLogger(__name__)

UNESCAPED = "!$&'()*+,;=:@"
"""What a segment may have beside letters, digits and ``-._~`` (RFC 3986)."""

CLIENT_CLOSED_REQUEST = 499
"""Nginx's status for a client that did not wait for its answer."""


class Life(Protocol):
    """What must be going on while requests are served."""

    async def ensure(self) -> None:
        """Start, unless that was done: servers tell a mounted application nothing of their own start."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Started, then drained and stopped."""
        ...

    async def drain(self) -> None:
        """Take nothing new on and let what is going on end."""
        ...


class AsgiHost:
    """Serves a router below a path.

    Args:
        router: answers the requests.
        path: where, below the ``root_path`` that the server or the mounting framework tells.
        life: started at the server's start or, where a framework keeps that to itself, by the first request.
    """

    def __init__(self, router: Router, path: str, life: Life) -> None:
        self._router = router
        self._path = path.rstrip("/")
        self._life = life
        self._watch = ExitWatch(life.drain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            raise NotImplementedError(f"This ASGI connection is of an unknown type: {scope['type']}.")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        phase = "startup"
        try:
            async with self._life.running():
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                with self._watch.on():
                    await receive()
        except Exception as error:
            logger.exception("The runtime's %s failed.", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and cancel the answer when the client is gone: that is how GraphQL frontends stop a run."""
        client = Client(receive)
        answering = asyncio.create_task(self._answer(scope, client, send), name="asgi answer")
        leaving = asyncio.create_task(client.gone(), name="asgi client")
        tasks = {answering, leaving}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if answering.cancelled():
            await _say_gone(client, send)
        else:
            answering.result()

    async def _answer(self, scope: Scope, client: Client, send: Send) -> None:
        response = await self._response(scope, client)
        client.is_answered = True
        if isinstance(response.body, bytes):
            await _whole(scope, response, response.body, send)
        else:
            await _streamed(scope, response, response.body, send)

    async def _response(self, scope: Scope, client: Client) -> Response:
        try:
            await self._life.ensure()
        except Exception:
            logger.exception("The runtime could not be started.")
            return Response(503, (("retry-after", "1"),))
        self._watch.ensure()
        path, base = self._place(scope)
        return await self._router.handle(_incoming(scope, client, path, base))

    def _place(self, scope: Scope) -> tuple[str, str]:
        """The path as the client asked for it, percent-encoded, and the part of it that leads to the router.

        ``path`` alone does not tell: Litestar cuts it, and behind a proxy that strips a prefix it lacks ``root_path``.
        """
        asked = quote(scope["path"])
        raw = (scope.get("raw_path") or b"").decode("latin-1")
        for written in (raw or asked, asked):
            path = unquote(written)
            for base in (scope.get("root_path", "") + self._path, self._path):
                if path == base or path.startswith(base + "/"):
                    return base + _tail(written, base), base
        return asked, self._path


def _tail(written: str, base: str) -> str:
    """What is written behind the base, each segment escaped where it must be and no further.

    Decoded as a whole, an id with a slash in it would become two segments.
    """
    segments = written.split("/")[base.count("/") + 1 :]
    return "".join("/" + quote(unquote_to_bytes(segment), safe=UNESCAPED) for segment in segments)


def _incoming(scope: Scope, client: Client, path: str, base: str) -> IncomingRequest:
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
        chunks=client.chunks(),
        peer=peer[0] if peer else None,
        base=base,
    )


async def _whole(scope: Scope, response: Response, body: bytes, send: Send) -> None:
    is_bodiless = response.status in {204, 304}
    length = () if is_bodiless else ((b"content-length", b"%d" % len(body)),)
    await send(
        {"type": "http.response.start", "status": response.status, "headers": [*_headers(scope, response), *length]}
    )
    await send({"type": "http.response.body", "body": b"" if is_bodiless or scope["method"] == "HEAD" else body})


async def _say_gone(client: Client, send: Send) -> None:
    """Middlewares take an answer without a beginning for a fault. Nobody is there to read this one."""
    if not client.is_answered:
        with suppress(OSError):
            await send({"type": "http.response.start", "status": CLIENT_CLOSED_REQUEST, "headers": []})
            await send({"type": "http.response.body", "body": b""})


async def _streamed(scope: Scope, response: Response, body: StreamedBody, send: Send) -> None:
    async def write(piece: bytes) -> None:
        await send({"type": "http.response.body", "body": piece, "more_body": True})

    try:
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(scope, response)})
        await send_kept_alive(body, write, response.keep_alive)
        await send({"type": "http.response.body", "body": b""})
    except OSError:
        # The client hung up: no error (frontends.md). Closing the body tells the protocol.
        pass
    finally:
        await asyncio.shield(body.aclose())


def _headers(scope: Scope, response: Response) -> list[tuple[bytes, bytes]]:
    # HTTP/2 has no such header, and servers refuse it.
    is_old = scope.get("http_version", "1.1").startswith("1")
    headers = [(name.lower(), value) for name, value in response.headers]
    return [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers if is_old or name != "connection"
    ]
