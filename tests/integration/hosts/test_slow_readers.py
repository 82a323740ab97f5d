"""Clients that read nothing while a run says 10 MB, in real processes: they cost little, and are given up in time."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.agui_client import HEADERS, Frame, frames_of, run_input
from tests.support.aio import run
from tests.support.app_servers import UNDER_AIOHTTP, AppServer, under_uvicorn
from tests.support.commands import Command
from tests.support.graphql_client import chat, exchange

READERS = 20
MEGABYTES = 10
APP = """
import asyncio

from fastapi import FastAPI

from agui_runtime import CopilotRuntime, FunctionAgent


async def talker(run_input):
    try:
        for number in range(10_000):
            yield f"{number:<1000}"
            if number % 100 == 0:
                await asyncio.sleep(0.005)
        print("said all", flush=True)
        # Something that is still going on, for who has read so far.
        for number in range(10_000, 10_010):
            yield f"{number:<1000}"
            await asyncio.sleep(0.1)
        print("finished", flush=True)
    except asyncio.CancelledError:
        print("stopped", flush=True)
        raise


runtime = CopilotRuntime(agents=[FunctionAgent(talker)])
container = runtime.container
asgi = FastAPI()
runtime.mount_to_app(asgi, "/api/copilotkit")
"""
SERVERS = [UNDER_AIOHTTP, under_uvicorn("h11"), under_uvicorn("httptools")]


@pytest.fixture(params=SERVERS, ids=lambda server: server.name)
def server(request: pytest.FixtureRequest) -> AppServer:
    found: AppServer = request.param
    return found


@contextmanager
def served(server: AppServer, folder: Path, write_seconds: str) -> Iterator[tuple[Command, str]]:
    settings = {"AGUI_WRITE_SECONDS": write_seconds, "AGUI_DRAIN_SECONDS": "0.1"}
    with server.serving(APP, folder, settings) as (host, url):
        yield host, url
        host.terminate()
        host.exit_code()
    said = "\n".join(host.err)
    assert "Traceback" not in said
    assert "without completing response" not in said


@asynccontextmanager
async def deaf(url: str, path: str, body: object, *, count: int = 1) -> AsyncIterator[list[socket.socket]]:
    """Connections that have asked, and read nothing."""
    loop, where, asked = asyncio.get_running_loop(), urlsplit(url), json.dumps(body).encode()
    head = f"POST {where.path}{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"Accept: text/event-stream, multipart/mixed\r\nContent-Length: {len(asked)}\r\n\r\n"
    sockets: list[socket.socket] = []
    try:
        for _ in range(count):
            made = socket.socket()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.setblocking(False)
            sockets.append(made)
            await loop.sock_connect(made, (where.hostname, where.port))
            await loop.sock_sendall(made, head.encode() + asked)
        yield sockets
    finally:
        for made in sockets:
            made.close()


async def is_dropped(connection: socket.socket) -> bool:
    """Whether reading on leads to an end that is none of HTTP's."""
    loop, seen = asyncio.get_running_loop(), b""
    try:
        while piece := await loop.sock_recv(connection, 100_000):
            seen = seen[-10:] + piece
    except ConnectionResetError:
        return True
    return not seen.endswith(b"0\r\n\r\n")


def resident(host: Command) -> int:
    """Megabytes that the server's process has in memory now."""
    status = Path(f"/proc/{host.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def words(frames: list[Frame]) -> list[str]:
    text = "".join(frame.event["delta"] for frame in frames if frame.event["type"] == "TEXT_MESSAGE_CONTENT")
    return text.split()


def test_deaf_readers_cost_little_and_the_run_goes_on(server: AppServer, tmp_path: Path) -> None:
    async def test(host: Command, url: str) -> None:
        given = run_input("go", thread="t")
        async with deaf(url, "/agent/talker/run", given) as (starter,):
            # A stranger's thread is an empty stream, so the run must be there first.
            await asyncio.to_thread(starter_is_heard, starter)
            before = resident(host)
            async with deaf(url, "/agent/talker/connect", run_input(thread="t"), count=READERS):
                await asyncio.to_thread(host.find, "(said all)")
                # The log has what was said once. A copy for each reader would be twenty times that.
                assert resident(host) - before < MEGABYTES * READERS / 2
                await asyncio.to_thread(host.find, "(finished)")
                replay = await exchange(f"{url}/agent/talker/connect", run_input(thread="t"), headers=HEADERS)
        assert words(frames_of(replay.text)) == [str(number) for number in range(10_010)]

    def starter_is_heard(starter: socket.socket) -> None:
        starter.setblocking(True)
        assert b"200" in starter.recv(100)

    with served(server, tmp_path, "60") as (host, url):
        run(test(host, url))


def test_a_deaf_agui_reader_is_given_up_and_its_run_goes_on(server: AppServer, tmp_path: Path) -> None:
    async def test(host: Command, url: str) -> None:
        async with deaf(url, "/agent/talker/run", run_input("go", thread="t")) as (reader,):
            await asyncio.to_thread(host.find, "(finished)")
            async with asyncio.timeout(20):
                assert await is_dropped(reader)
        assert "stopped" not in host.out

    with served(server, tmp_path, "0.3") as (host, url):
        run(test(host, url))


def test_a_deaf_graphql_reader_is_given_up_and_its_run_is_stopped(server: AppServer, tmp_path: Path) -> None:
    async def test(host: Command, url: str) -> None:
        async with deaf(url, "", chat("go", agent="talker")) as (reader,):
            await asyncio.to_thread(host.find, "(stopped)")
            async with asyncio.timeout(20):
                assert await is_dropped(reader)

    with served(server, tmp_path, "0.1") as (host, url):
        run(test(host, url))
