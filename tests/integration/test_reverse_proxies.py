"""deploy/'s files in a real nginx and a real Caddy: streams go through as they come, and so does hanging up."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.doctor import Diagnosis, Grade, diagnose
from agui_runtime.composition.settings import Settings
from tests.support.agui_client import opened, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, streaming
from tests.support.reverse_proxies import CADDY, NGINX, PATH, ReverseProxy
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

SOON = 5.0


def _installed(proxy: ReverseProxy) -> pytest.MarkDecorator:
    return pytest.mark.skipif(proxy.program is None, reason=f"not run: there is no {proxy.name} on this machine")


@pytest.fixture(params=[pytest.param(each, marks=_installed(each), id=each.name) for each in (NGINX, CADDY)])
def proxy(request: pytest.FixtureRequest) -> ReverseProxy:
    found: ReverseProxy = request.param
    return found


@asynccontextmanager
async def reached_through(
    proxy: ReverseProxy, folder: Path, container: RuntimeContainer, part: str | None = None
) -> AsyncGenerator[str]:
    """The URL of a runtime behind the proxy."""
    async with serving(container) as url, proxy.before(url, folder, part) as through:
        yield through


async def _streaming_diagnosis(url: str) -> Diagnosis:
    return {one.subject: one async for one in diagnose(Settings(), url=url)}["streaming"]


def test_pieces_of_graphql_go_through_as_they_come(proxy: ReverseProxy, tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(2)
        async with reached_through(proxy, tmp_path, runtime(agents=(paced.agent(),))) as url:
            async with streaming(url, chat("go", agent="paced")) as stream:
                paced.allow()
                async with asyncio.timeout(SOON):
                    await stream.until("chunk0")
                assert b"chunk1" not in stream.raw
                for _ in range(2):
                    paced.allow()
                await stream.rest()
            assert (await _streaming_diagnosis(url)).grade is Grade.OK

    run(test())


def test_events_of_ag_ui_go_through_as_they_come(proxy: ReverseProxy, tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(2)
        async with (
            reached_through(proxy, tmp_path, runtime(agents=(paced.agent(),))) as url,
            opened(f"{url}/agent/paced/run", run_input("go")) as stream,
        ):
            assert stream.response.content_type == "text/event-stream"
            paced.allow()
            async with asyncio.timeout(SOON):
                await stream.until("chunk0")
            assert b"chunk1" not in stream.raw
            for _ in range(2):
                paced.allow()
            assert types_of([frame.event for frame in await stream.rest()])[-1] == "RUN_FINISHED"

    run(test())


def test_a_client_that_hangs_up_stops_its_run(proxy: ReverseProxy, tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(3)
        async with reached_through(proxy, tmp_path, runtime(agents=(paced.agent(),))) as url:
            async with streaming(url, chat("go", agent="paced")) as stream:
                await stream.next()
                paced.allow()
                await stream.until("chunk0")
            async with asyncio.timeout(SOON):
                await paced.cancelled.wait()

    run(test())


def test_large_requests_go_through(proxy: ReverseProxy, tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"query": "{ hello }"'
        for _ in range(50):
            yield b" " * 100_000
        yield b"}"

    async def test() -> None:
        async with reached_through(proxy, tmp_path, runtime()) as url:
            assert (await exchange(url, body())).status == 200

    run(test())


def test_answers_name_the_request_that_the_proxy_named_and_no_other(proxy: ReverseProxy, tmp_path: Path) -> None:
    async def test() -> None:
        ids: list[str] = []
        async with reached_through(proxy, tmp_path, runtime()) as url, aiohttp.ClientSession() as client:
            for _ in range(2):
                async with client.get(f"{url}/health", headers={"x-request-id": "forged"}) as answer:
                    assert answer.status == 200
                    ids += answer.headers.getall("x-request-id")
        assert len(set(ids)) == len(ids) == 2
        assert "forged" not in ids

    run(test())


@_installed(CADDY)
def test_paths_beside_the_runtimes_do_not_reach_it_through_caddy(tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            reached_through(CADDY, tmp_path, runtime()) as url,
            aiohttp.ClientSession() as client,
            client.get(url.removesuffix(PATH) + "/livez") as answer,
        ):
            assert await answer.read() == b""

    run(test())


@_installed(NGINX)
def test_the_doctor_finds_out_an_nginx_that_buffers(tmp_path: Path) -> None:
    buffers = "location / { proxy_pass http://127.0.0.1:8000; proxy_ignore_headers X-Accel-Buffering; }"

    async def test() -> None:
        async with reached_through(NGINX, tmp_path, runtime(), buffers) as url:
            assert (await _streaming_diagnosis(url)).grade is Grade.FAILED

    run(test())
