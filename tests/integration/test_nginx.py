"""The nginx snippet in a real nginx: streams go through as they come, and hanging up reaches the runtime."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agui_runtime.composition.doctor import Grade, diagnose
from agui_runtime.composition.settings import Settings
from tests.integration.test_examples import free_port
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, streaming
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

SNIPPET = (Path(__file__).parents[2] / "deploy" / "nginx.conf").read_text()
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MAIN = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; {snippet} }}
}}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="not run: there is no nginx on this machine")


@asynccontextmanager
async def nginx_before(url: str, folder: Path, snippet: str = SNIPPET) -> AsyncGenerator[str]:
    upstream, port = url.removesuffix("/api/copilotkit"), free_port()
    # Its workers would otherwise be nobody, who may not write into a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    there = snippet.replace("http://127.0.0.1:8000", upstream)
    conf.write_text(MAIN.format(user=user, folder=folder, port=port, snippet=there))
    words = [str(NGINX), "-c", str(conf), "-p", str(folder)]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as server:  # noqa: ASYNC220 - it only starts
        try:
            for _ in range(100):
                try:
                    (await asyncio.open_connection("127.0.0.1", int(port)))[1].close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
            yield f"http://127.0.0.1:{port}/api/copilotkit"
        finally:
            server.terminate()


def test_pieces_go_through_as_they_come(tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(2)
        async with serving(runtime(agents=(paced.agent(),))) as url, nginx_before(url, tmp_path) as through:
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


def test_a_client_that_hangs_up_stops_its_run(tmp_path: Path) -> None:
    async def test() -> None:
        paced = Paced(3)
        async with serving(runtime(agents=(paced.agent(),))) as url, nginx_before(url, tmp_path) as through:
            async with streaming(through, chat("go", agent="paced")) as stream:
                await stream.next()
                paced.allow()
                await stream.until("chunk0")
            async with asyncio.timeout(5):
                await paced.cancelled.wait()

    run(test())


def test_large_requests_go_through(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"query": "{ hello }"'
        for _ in range(50):
            yield b" " * 100_000
        yield b"}"

    async def test() -> None:
        async with serving(runtime()) as url, nginx_before(url, tmp_path) as through:
            assert (await exchange(through, body())).status == 200

    run(test())


def test_the_doctor_finds_out_an_nginx_that_buffers(tmp_path: Path) -> None:
    buffers = "location / { proxy_pass http://127.0.0.1:8000; proxy_ignore_headers X-Accel-Buffering; }"

    async def test() -> None:
        async with serving(runtime()) as url, nginx_before(url, tmp_path, buffers) as through:
            found = {one.subject: one async for one in diagnose(Settings(), url=through)}
            assert found["streaming"].grade is Grade.FAILED

    run(test())
