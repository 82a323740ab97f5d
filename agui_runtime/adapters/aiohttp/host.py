"""Mounts a router into an aiohttp application."""

import asyncio
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from agui_runtime.adapters.http.exchange import IncomingRequest, Response, StreamedBody
from agui_runtime.adapters.http.limits import BodyBrokenError
from agui_runtime.adapters.http.router import Router
from agui_runtime.adapters.http.sending import SlowReaderError, send_body

logger = logging.getLogger(__name__)


def add_router(app: web.Application, router: Router, *, is_exact: bool = False) -> None:
    """Serve the router's base path, and all below it, from ``app``.

    The host's runner must be made with ``handler_cancellation=True``: only then does aiohttp tell a handler at once
    that its client is gone, and a run of the GraphQL protocol is stopped by just that.

    Args:
        app: the application.
        router: answers the requests.
        is_exact: take nothing but the paths of the router's routes, and leave the rest to the application.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        response = await router.handle(_incoming(request))
        if isinstance(response.body, bytes):
            return _whole(request, response)
        return await _streamed(request, response, response.body, router.write_seconds)

    paths = router.exact_paths if is_exact else (router.base_path or "/", router.base_path + "/{below:.*}")
    for path in paths:
        app.router.add_route("*", path, handle)


def _incoming(request: web.Request) -> IncomingRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if len(headers) < len(request.headers):
        headers = {name: ", ".join(request.headers.getall(name)) for name in headers}
    return IncomingRequest(
        method=request.method,
        # Decoded, a thread id with a slash in it would become two segments.
        path=request.rel_url.raw_path,
        query=request.rel_url.raw_query_string,
        headers=headers,
        body=_body(request),
        peer=request.remote,
    )


def _body(request: web.Request) -> bytes | AsyncIterator[bytes]:
    # A short one comes with its head: then there is nothing to wait for, and no time limit to set.
    if request.content.is_eof() and request.content.exception() is None:
        return request.content.read_nowait()
    return _chunks(request)


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.content.iter_any():
            yield chunk
    except web.RequestPayloadError as error:
        raise BodyBrokenError from error


def _whole(request: web.Request, response: Response) -> web.Response:
    assert isinstance(response.body, bytes)  # noqa: S101 - the caller looked
    body = b"" if request.method == "HEAD" else response.body
    return web.Response(status=response.status, headers=response.headers, body=body)


class _Answer(web.StreamResponse):
    """Its head goes out with its first piece."""

    _send_headers_immediately = False


async def _streamed(
    request: web.Request, response: Response, body: StreamedBody, write_seconds: float
) -> web.StreamResponse:
    answer = _Answer(status=response.status, headers=response.headers)
    if request.keep_alive:
        answer.headers["Connection"] = "keep-alive"
    try:
        await answer.prepare(request)
        await send_body(
            body, answer.write, answer.write_eof, keep_alive=response.keep_alive, write_seconds=write_seconds
        )
    except SlowReaderError as error:
        logger.info("A stream to %s was cut. %s", request.remote, error)
        if request.transport is not None:
            # Closed, it would first wait until all was read.
            request.transport.abort()
    except ConnectionError:
        # The client hung up: no error (frontends.md). Closing the body tells the protocol.
        pass
    finally:
        # Which takes a task, for most streams for nothing.
        if not body.is_over:
            await asyncio.shield(body.aclose())
    return answer
