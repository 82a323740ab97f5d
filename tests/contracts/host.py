"""What every host must do: translate, tell a body that its client is gone, and no more. Over real sockets."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest

from agui_runtime.adapters.http.exchange import Handler, Request, Response
from agui_runtime.adapters.http.limits import HttpLimits
from agui_runtime.adapters.http.router import Router
from tests.support.aio import run
from tests.unit.adapters.http.exchanges import echo, router

SOON = 5.0
"""Seconds within which what must happen "at once" is expected on a busy machine."""


class Body:
    """A streamed body that tells when it is closed."""

    def __init__(self, *pieces: bytes, endless: bool = False) -> None:
        self._pieces, self._endless = pieces, endless
        self.closed = asyncio.Event()
        self.closings = 0
        self.is_over = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        while self._endless:
            yield b"x" * 1000
            await asyncio.sleep(0.001)

    async def aclose(self) -> None:
        self.closings += 1
        self.closed.set()


class Complete(Body):
    """Has given back all that it had when it comes to its end."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in super().__aiter__():
            yield piece
        self.is_over = True


class Silent(Body):
    """Says one word and then nothing for an hour."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(3600)


class Breaking(Body):
    """Breaks after its first word."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("password=hunter2")


def streamed(body: Body) -> Handler:
    async def handler(_: Request) -> Response:
        return Response(200, (("content-type", "multipart/mixed"),), body)

    return handler


class HostContract:
    """Subclass it and say how a router is served."""

    def serving(self, served: Router) -> AbstractAsyncContextManager[str]:
        """The URL of a server that serves the router at its base path, for as long as the block lasts."""
        raise NotImplementedError

    @asynccontextmanager
    async def _client(self, handler: Handler = echo, **given: object) -> AsyncGenerator[aiohttp.ClientSession]:
        async with self.serving(router(handler, **given)) as url, aiohttp.ClientSession(url) as client:
            yield client

    def test_a_request_is_handed_over_as_it_came(self) -> None:
        seen: list[Request] = []

        async def handler(request: Request) -> Response:
            seen.append(request)
            return Response(201, (("content-type", "text/plain"), ("x-own", "1")), b"made")

        async def test() -> None:
            async with self._client(handler) as client:
                headers = [("X-Twice", "a"), ("X-Twice", "b")]
                async with client.put("/api/health?a=%20%26b&c", data=b"\x00\xff", headers=headers) as answer:
                    assert (answer.status, await answer.read(), answer.headers["x-own"]) == (201, b"made", "1")
                    assert answer.headers["content-type"] == "text/plain"
                    assert answer.headers["content-length"] == "4"

        run(test())
        (request,) = seen
        assert (request.method, request.path, request.query) == ("PUT", "/health", "a=%20%26b&c")
        assert request.body == b"\x00\xff"
        assert request.header("x-twice") == "a, b"
        assert request.peer == "127.0.0.1"

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/api", 200),
            ("/api/", 200),
            ("/api/health", 200),
            ("/api/he%61lth", 200),
            ("/api/health/", 404),
            ("/api/nowhere", 404),
            ("/apiary", 404),
            ("/health", 404),
        ],
    )
    def test_the_base_path_and_all_below_it_are_served(self, path: str, status: int) -> None:
        async def test() -> None:
            async with self._client() as client, client.post(path, data=b"x", allow_redirects=False) as answer:
                assert answer.status == status

        run(test())

    def test_an_answer_without_a_type_gets_none(self) -> None:
        async def handler(_: Request) -> Response:
            return Response(204)

        async def test() -> None:
            async with self._client(handler) as client, client.get("/api") as answer:
                assert answer.status == 204
                assert "content-type" not in answer.headers
                assert "content-length" not in answer.headers

        run(test())

    def test_a_header_that_is_given_twice_goes_out_twice(self) -> None:
        async def handler(_: Request) -> Response:
            return Response(200, (("set-cookie", "a=1"), ("set-cookie", "b=2")), b"")

        async def test() -> None:
            async with self._client(handler) as client, client.get("/api") as answer:
                assert answer.headers.getall("set-cookie") == ["a=1", "b=2"]

        run(test())

    def test_a_head_request_has_no_body(self) -> None:
        async def handler(_: Request) -> Response:
            return Response(405, (), b"no")

        async def test() -> None:
            async with self._client(handler) as client:
                for _ in range(2):
                    async with client.head("/api") as answer:
                        assert (answer.status, await answer.read()) == (405, b"")

        run(test())

    def test_a_preflight_is_answered(self) -> None:
        async def test() -> None:
            asked = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
            async with self._client() as client, client.options("/api", headers=asked) as answer:
                assert (answer.status, await answer.read()) == (204, b"")
                assert answer.headers.getall("access-control-allow-origin") == ["http://localhost:3000"]

        run(test())

    def test_an_answer_names_its_page_and_its_request_once(self) -> None:
        async def test() -> None:
            headers = {"origin": "http://localhost:3000", "x-request-id": "id-1"}
            async with self._client() as client, client.post("/api", headers=headers) as answer:
                assert answer.headers.getall("access-control-allow-origin") == ["http://localhost:3000"]
                assert answer.headers.getall("x-request-id") == ["id-1"]

        run(test())

    def test_one_connection_takes_many_requests(self) -> None:
        async def test() -> None:
            async with self._client() as client:
                for number in range(20):
                    async with client.post("/api", data=b"%d" % number) as answer:
                        assert await answer.read() == b"%d" % number

        run(test())

    def test_many_connections_at_once_get_their_own_answers(self) -> None:
        async def ask(client: aiohttp.ClientSession, text: bytes) -> bytes:
            async with client.post("/api", data=text) as answer:
                return await answer.read()

        async def test() -> None:
            texts = [b"text %d" % number for number in range(50)]
            async with self._client() as client:
                assert await asyncio.gather(*(ask(client, text) for text in texts)) == texts

        run(test())

    def test_a_body_over_the_limit_is_refused(self) -> None:
        async def test() -> None:
            async with self._client(limits=HttpLimits(max_body_bytes=1000)) as client:
                async with client.post("/api", data=b"x" * 1001) as answer:
                    assert answer.status == 413
                async with client.post("/api", data=b"x" * 1000) as answer:
                    assert answer.status == 200

        run(test())

    def test_a_body_over_the_limit_that_is_not_declared_is_refused(self) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b"x" * 100

        async def test() -> None:
            limits = HttpLimits(max_body_bytes=1000)
            async with self._client(limits=limits) as client, client.post("/api", data=pieces()) as answer:
                assert answer.status == 413

        run(test())

    def test_a_body_that_comes_in_pieces_is_put_together(self) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for piece in (b"one ", b"two ", b"three"):
                yield piece
                await asyncio.sleep(0.01)

        async def test() -> None:
            async with self._client() as client, client.post("/api", data=pieces()) as answer:
                assert await answer.read() == b"one two three"

        run(test())

    def test_a_body_that_comes_too_slowly_is_refused(self) -> None:
        async def test() -> None:
            async with self.serving(router(limits=HttpLimits(body_seconds=0.2))) as url:
                host, _, port = url.removeprefix("http://").partition(":")
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
                async with asyncio.timeout(SOON):
                    answer = await reader.readuntil(b"within 0.2 seconds")
                writer.close()
                assert answer.startswith(b"HTTP/1.1 408 ")
                assert b"connection: close" in answer.lower()

        run(test())

    def test_an_unforeseen_failure_tells_nothing_but_its_correlation_id(self) -> None:
        async def breaks(_: Request) -> Response:
            raise RuntimeError("password=hunter2")

        async def test() -> None:
            async with self._client(breaks) as client, client.post("/api", headers={"x-request-id": "id-1"}) as answer:
                text = await answer.text()
                assert answer.status == 500
                assert "id-1" in text
                assert "hunter2" not in text

        run(test())

    def test_a_streamed_body_arrives_piece_by_piece_and_is_closed_once(self) -> None:
        async def test() -> None:
            body = Body(b"one", b"two")
            async with self._client(streamed(body)) as client, client.get("/api") as answer:
                assert await answer.read() == b"onetwo"
                assert answer.headers.getall("x-accel-buffering") == ["no"]
                assert answer.headers["transfer-encoding"] == "chunked"
            assert body.closings == 1

        run(test())

    def test_a_streamed_body_that_has_closed_itself_is_left_alone(self) -> None:
        async def test() -> None:
            body = Complete(b"one", b"two")
            async with self._client(streamed(body)) as client, client.get("/api") as answer:
                assert await answer.read() == b"onetwo"
            assert body.is_over
            assert body.closings == 0

        run(test())

    def test_a_piece_arrives_before_the_next_one_is_made(self) -> None:
        async def test() -> None:
            go_on = asyncio.Event()

            class Waiting(Body):
                async def __aiter__(self) -> AsyncIterator[bytes]:
                    yield b"one"
                    await go_on.wait()
                    yield b"two"

            async with self._client(streamed(Waiting())) as client, client.get("/api") as answer:
                async with asyncio.timeout(SOON):
                    assert await answer.content.readexactly(3) == b"one"
                go_on.set()
                assert await answer.content.read() == b"two"

        run(test())

    def test_a_stream_that_breaks_is_cut_short_and_closed_once(self) -> None:
        async def test() -> None:
            body = Breaking()
            async with self._client(streamed(body)) as client, client.get("/api") as answer:
                assert await answer.content.readexactly(3) == b"one"
                with pytest.raises(aiohttp.ClientPayloadError):
                    await answer.content.read()
            assert body.closings == 1

        run(test())

    @pytest.mark.parametrize("silent", [False, True], ids=["busy", "silent"])
    def test_a_client_that_hangs_up_closes_the_body_at_once(
        self, silent: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def test() -> None:
            body = Silent() if silent else Body(endless=True)
            async with self._client(streamed(body)) as client:
                answer = await client.get("/api")
                await answer.content.read(3)
                answer.close()
                async with asyncio.timeout(SOON):
                    await body.closed.wait()
            assert body.closings == 1

        run(test())
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []

    def test_a_client_that_does_not_read_closes_the_body_in_time(self) -> None:
        class Flood(Body):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                while True:
                    yield b"x" * 100_000

        async def test() -> None:
            body = Flood()
            async with self.serving(router(streamed(body), limits=HttpLimits(write_seconds=0.3))) as url:
                host, _, port = url.removeprefix("http://").partition(":")
                # The reader takes a little from the system by itself, and then no more.
                _, writer = await asyncio.open_connection(host, int(port), limit=1000)
                writer.write(b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n")
                async with asyncio.timeout(SOON):
                    await body.closed.wait()
                assert body.closings == 1
                writer.transport.abort()

        run(test())

    def test_a_client_that_reads_slowly_gets_everything(self) -> None:
        async def test() -> None:
            body = Body(*[b"%06d" % number * 20_000 for number in range(20)])
            async with self.serving(router(streamed(body), limits=HttpLimits(write_seconds=SOON))) as url:
                async with aiohttp.ClientSession(url, read_bufsize=1000) as client, client.get("/api") as answer:
                    whole = b""
                    async for piece in answer.content.iter_chunked(50_000):
                        whole += piece
                        await asyncio.sleep(0.001)
                assert whole == b"".join(b"%06d" % number * 20_000 for number in range(20))

        run(test())

    def test_a_client_that_hangs_up_cancels_a_handler_that_has_not_answered(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def test() -> None:
            begun, cancelled = asyncio.Event(), asyncio.Event()

            async def handler(_: Request) -> Response:
                begun.set()
                try:
                    await asyncio.sleep(3600)
                finally:
                    cancelled.set()
                raise AssertionError

            async with self._client(handler) as client:
                asking = asyncio.create_task(client.post("/api", data=b"x").__aenter__())
                async with asyncio.timeout(SOON):
                    await begun.wait()
                    asking.cancel()
                    await asyncio.wait({asking})
                    await cancelled.wait()

        run(test())
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []

    def test_a_client_that_hangs_up_while_it_sends_reaches_no_handler(self, caplog: pytest.LogCaptureFixture) -> None:
        async def never(_: Request) -> Response:
            raise AssertionError("It was handled.")

        async def test() -> None:
            async with self.serving(router(never)) as url:
                host, _, port = url.removeprefix("http://").partition(":")
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
                await writer.drain()
                await asyncio.sleep(0.1)
                writer.close()
                await writer.wait_closed()
                await asyncio.sleep(0.1)

        run(test())
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
