"""The Caddyfile in a real Caddy: streams of both wires go through as they come, and hanging up reaches the runtime."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from agui_runtime.composition.doctor import Grade, diagnose
from agui_runtime.composition.settings import Settings
from tests.integration.test_examples import free_port
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, streaming
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

CADDYFILE = (Path(__file__).parents[2] / "deploy" / "Caddyfile").read_text()
CADDY = shutil.which("caddy")
MAIN = "{{\n\tadmin off\n\tauto_https off\n\tgrace_period 1s\n}}\n{sites}"
RUN = {
    "threadId": "t-1",
    "runId": "r-1",
    "state": {},
    "messages": [{"id": "m-1", "role": "user", "content": "go"}],
    "tools": [],
    "context": [],
    "forwardedProps": {},
}

pytestmark = pytest.mark.skipif(CADDY is None, reason="not run: there is no Caddy on this machine")


@asynccontextmanager
async def caddy_before(url: str, folder: Path) -> AsyncGenerator[str]:
    upstream, port = url.removesuffix("/api/copilotkit").removeprefix("http://"), free_port()
    # By address and without TLS; all else is as it is deployed.
    sites = CADDYFILE.replace("app.example.com", f"http://127.0.0.1:{port}").replace("127.0.0.1:8000", upstream)
    conf = folder / "Caddyfile"
    conf.write_text(MAIN.format(sites=sites))
    words = [str(CADDY), "run", "--config", str(conf), "--adapter", "caddyfile"]
    own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    log = (folder / "caddy.log").open("wb")
    with log, subprocess.Popen(words, env=os.environ | own, stderr=log) as server:  # noqa: ASYNC220 - it only starts
        try:
            for _ in range(200):
                try:
                    (await asyncio.open_connection("127.0.0.1", int(port)))[1].close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
            yield f"http://127.0.0.1:{port}/api/copilotkit"
        finally:
            server.terminate()


def test_pieces_of_graphql_go_through_as_they_come(tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(2)
        async with serving(runtime(agents=(paced.agent(),))) as url, caddy_before(url, tmp_path) as through:
            async with streaming(through, chat("go", agent="paced")) as stream:
                paced.allow()
                async with asyncio.timeout(5):
                    await stream.until("chunk0")
                assert b"chunk1" not in stream.raw
                for _ in range(2):
                    paced.allow()
                await stream.rest()
            found = {one.subject: one async for one in diagnose(Settings(), url=through)}
            assert found["streaming"].grade is Grade.OK

    run(test())


def test_events_of_ag_ui_go_through_as_they_come(tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(2)
        async with (
            serving(runtime(agents=(paced.agent(),))) as url,
            caddy_before(url, tmp_path) as through,
            aiohttp.ClientSession() as client,
            client.post(f"{through}/agent/paced/run", json=RUN, headers={"accept": "text/event-stream"}) as answer,
        ):
            assert answer.content_type == "text/event-stream"
            paced.allow()
            seen = b""
            async with asyncio.timeout(5):
                while b"chunk0" not in seen:
                    seen += await answer.content.readany()
            assert b"chunk1" not in seen
            for _ in range(2):
                paced.allow()
            seen += await answer.content.read()
            assert b"RUN_FINISHED" in seen

    run(test())


def test_a_client_that_hangs_up_stops_its_run(tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(3)
        async with serving(runtime(agents=(paced.agent(),))) as url, caddy_before(url, tmp_path) as through:
            async with streaming(through, chat("go", agent="paced")) as stream:
                await stream.next()
                paced.allow()
                await stream.until("chunk0")
            async with asyncio.timeout(5):
                await paced.cancelled.wait()

    run(test())


def test_answers_name_the_request_that_caddy_named_and_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(runtime()) as url, caddy_before(url, tmp_path) as through:
            async with aiohttp.ClientSession() as client:
                asked = {"x-request-id": "forged"}
                ids = []
                for _ in range(2):
                    async with client.get(f"{through}/health", headers=asked) as answer:
                        assert answer.status == 200
                        ids += answer.headers.getall("x-request-id")
            assert len(set(ids)) == len(ids) == 2
            assert "forged" not in ids

    run(test())


def test_large_requests_go_through(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"query": "{ hello }"'
        for _ in range(50):
            yield b" " * 100_000
        yield b"}"

    async def test() -> None:
        async with serving(runtime()) as url, caddy_before(url, tmp_path) as through:
            assert (await exchange(through, body())).status == 200

    run(test())


def test_paths_beside_the_runtimes_do_not_reach_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            serving(runtime()) as url,
            caddy_before(url, tmp_path) as through,
            aiohttp.ClientSession() as client,
            client.get(through.removesuffix("/api/copilotkit") + "/livez") as answer,
        ):
            assert await answer.read() == b""

    run(test())
