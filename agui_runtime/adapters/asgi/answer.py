"""The router's answer as ASGI messages."""

import asyncio
import logging
from contextlib import suppress

from agui_runtime.adapters.asgi.client import Client, Scope, Send
from agui_runtime.adapters.asgi.uvicorn import abort_connection
from agui_runtime.adapters.http.exchange import Response, StreamedBody
from agui_runtime.adapters.http.sending import SlowReaderError, send_body

logger = logging.getLogger(__name__)

CLIENT_CLOSED_REQUEST = 499
"""Nginx's status for a client that did not wait for its answer."""


async def answer(scope: Scope, response: Response, send: Send, *, write_seconds: float) -> None:
    """Send it, whole or piece by piece.

    Args:
        scope: the request's.
        response: what is sent.
        send: the server's.
        write_seconds: how long a piece may wait for its client to read; 0 for ever.
    """
    if isinstance(response.body, bytes):
        await _whole(scope, response, response.body, send)
    else:
        await _streamed(scope, response, response.body, send, write_seconds)


async def say_gone(client: Client, send: Send) -> None:
    """Middlewares take an answer without a beginning for a fault. Nobody is there to read this one."""
    if not client.is_answered:
        with suppress(OSError):
            await send({"type": "http.response.start", "status": CLIENT_CLOSED_REQUEST, "headers": []})
            await send({"type": "http.response.body", "body": b""})


async def _whole(scope: Scope, response: Response, body: bytes, send: Send) -> None:
    is_bodiless = response.status in {204, 304}
    length = () if is_bodiless else ((b"content-length", b"%d" % len(body)),)
    await send(
        {"type": "http.response.start", "status": response.status, "headers": [*_headers(scope, response), *length]}
    )
    await send({"type": "http.response.body", "body": b"" if is_bodiless or scope["method"] == "HEAD" else body})


async def _streamed(scope: Scope, response: Response, body: StreamedBody, send: Send, write_seconds: float) -> None:
    async def write(piece: bytes) -> None:
        if piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(last: bytes) -> None:
        await send({"type": "http.response.body", "body": last})

    try:
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(scope, response)})
        await send_body(body, write, end, keep_alive=response.keep_alive, write_seconds=write_seconds)
    except SlowReaderError as error:
        logger.info("A stream to %s was cut. %s", scope.get("client"), error)
        await abort_connection(scope)
    except OSError:
        # The client hung up: no error (frontends.md). Closing the body tells the protocol.
        pass
    finally:
        # Which takes a task, for most streams for nothing.
        if not body.is_over:
            await asyncio.shield(body.aclose())


def _headers(scope: Scope, response: Response) -> list[tuple[bytes, bytes]]:
    # HTTP/2 has no such header, and servers refuse it.
    is_old = scope.get("http_version", "1.1").startswith("1")
    headers = [(name.lower(), value) for name, value in response.headers]
    return [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers if is_old or name != "connection"
    ]
