"""The aiohttp host over real sockets: it translates, tells a body that its client is gone, and does no more."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from agui_runtime.adapters.aiohttp import add_router
from agui_runtime.adapters.http.exchange import Handler, Request, Response
from agui_runtime.adapters.http.limits import HttpLimits
from tests.support.aio import run
from tests.unit.adapters.http.exchanges import echo, router


class Body:
    """A streamed body that tells when it is closed."""

    def __init__(self, *pieces: bytes, endless: bool = False) -> None:
        self._pieces, self._endless = pieces, endless
        self.closed = asyncio.Event()
        self.closings = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        while self._endless:
            yield b"x" * 1000
            await asyncio.sleep(0.001)

    async def aclose(self) -> None:
        self.closings += 1
        self.closed.set()


@asynccontextmanager
async def serving(handler: Handler = echo, **given: object) -> AsyncGenerator[str]:
    app = web.Application()
    add_router(app, router(handler, **given))
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_a_request_is_handed_over_as_it_came() -> None:
    seen: list[Request] = []

    async def handler(request: Request) -> Response:
        seen.append(request)
        return Response(201, (("content-type", "text/plain"), ("x-own", "1")), b"made")

    async def test() -> None:
        async with serving(handler) as url, aiohttp.ClientSession() as client:
            headers = [("X-Twice", "a"), ("X-Twice", "b")]
            async with client.put(f"{url}/api/health?a=%20%26b&c", data=b"\x00\xff", headers=headers) as answer:
                assert (answer.status, await answer.read(), answer.headers["x-own"]) == (201, b"made", "1")
                assert answer.headers["content-type"] == "text/plain"

    run(test())
    (request,) = seen
    assert (request.method, request.path, request.query, request.body) == ("PUT", "/health", "a=%20%26b&c", b"\x00\xff")
    assert request.header("x-twice") == "a, b"
    assert request.peer == "127.0.0.1"


@pytest.mark.parametrize(("path", "status"), [("/api", 200), ("/api/", 200), ("/api/nowhere", 404), ("/apiary", 404)])
def test_the_base_path_and_all_below_it_are_served(path: str, status: int) -> None:
    async def test() -> None:
        async with serving() as url, aiohttp.ClientSession() as client, client.post(url + path, data=b"x") as answer:
            assert answer.status == status

    run(test())


def test_an_answer_without_a_type_gets_none() -> None:
    async def handler(_: Request) -> Response:
        return Response(204)

    async def test() -> None:
        async with serving(handler) as url, aiohttp.ClientSession() as client, client.get(f"{url}/api") as answer:
            assert answer.status == 204
            assert "content-type" not in answer.headers

    run(test())


def test_a_head_request_has_no_body() -> None:
    async def handler(_: Request) -> Response:
        return Response(405, (), b"no")

    async def test() -> None:
        async with serving(handler) as url, aiohttp.ClientSession() as client, client.head(f"{url}/api") as answer:
            assert (answer.status, await answer.read()) == (405, b"")

    run(test())


def test_a_body_over_the_limit_is_refused() -> None:
    async def test() -> None:
        limits = HttpLimits(max_body_bytes=1000)
        async with serving(limits=limits) as url, aiohttp.ClientSession() as client:
            async with client.post(f"{url}/api", data=b"x" * 1001) as answer:
                assert answer.status == 413
            async with client.post(f"{url}/api", data=b"x" * 1000) as answer:
                assert answer.status == 200

    run(test())


def test_a_streamed_body_arrives_piece_by_piece_and_is_closed_once() -> None:
    async def test() -> None:
        body = Body(b"one", b"two")

        async def handler(_: Request) -> Response:
            return Response(200, (("content-type", "multipart/mixed"),), body)

        async with serving(handler) as url, aiohttp.ClientSession() as client, client.get(f"{url}/api") as answer:
            assert await answer.read() == b"onetwo"
            assert answer.headers["x-accel-buffering"] == "no"
            assert answer.headers["transfer-encoding"] == "chunked"
        assert body.closings == 1

    run(test())


def test_a_client_that_hangs_up_closes_the_body_at_once() -> None:
    async def test() -> None:
        body = Body(endless=True)

        async def handler(_: Request) -> Response:
            return Response(200, (), body)

        async with serving(handler) as url, aiohttp.ClientSession() as client:
            answer = await client.get(f"{url}/api")
            await answer.content.read(10)
            answer.close()
            async with asyncio.timeout(5):
                await body.closed.wait()
        assert body.closings == 1

    run(test())


def test_a_client_that_hangs_up_on_a_silent_stream_closes_it_too() -> None:
    async def test() -> None:
        class Silent(Body):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield b"one"
                await asyncio.sleep(3600)

        body = Silent()

        async def handler(_: Request) -> Response:
            return Response(200, (), body)

        async with serving(handler) as url, aiohttp.ClientSession() as client:
            answer = await client.get(f"{url}/api")
            await answer.content.read(3)
            answer.close()
            async with asyncio.timeout(5):
                await body.closed.wait()

    run(test())
