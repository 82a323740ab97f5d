"""``agui-runtime serve --workers 2`` on one database: any worker follows and stops the runs of any other."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.contracts.world import eventually
from tests.integration.postgres.test_composition import database, ended, runtime_url
from tests.support.agui_client import HEADERS, frames_of, run_input
from tests.support.aio import run
from tests.support.commands import Command, command
from tests.support.processes import is_alive

pytestmark = pytest.mark.postgres

MODULE = """
import asyncio
import os

from agui_runtime import CopilotRuntime, FunctionAgent


async def who(run_input):
    yield str(os.getpid())


async def counter(run_input):
    for number in range(2000):
        yield f"{number} "
        await asyncio.sleep(0.01)


container = CopilotRuntime(agents=[FunctionAgent(who), FunctionAgent(counter)]).container
"""

Story = Callable[[str, "Worker", "Worker"], Awaitable[None]]


class Worker:
    """A connection, and so the worker that serves all that is asked on it."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.pid = 0
        self._url, self._session = url, session

    def ask(self, what: str, body: object) -> "aiohttp.client._RequestContextManager":
        return self._session.post(f"{self._url}/{what}", json=body, headers=HEADERS)

    async def said(self, agent: str) -> str:
        async with self.ask(f"agent/{agent}/run", run_input("go")) as answer:
            frames = frames_of(await answer.text())
        return "".join(frame.event.get("delta", "") for frame in frames)

    async def stop(self, thread: str) -> bool:
        async with self.ask(f"agent/counter/stop/{thread}", {}) as answer:
            return bool((await answer.json())["stopped"])


@asynccontextmanager
async def workers(url: str, count: int = 2) -> AsyncIterator[list[Worker]]:
    """One connection to each of so many workers."""
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        found: dict[int, Worker] = {}
        while len(found) < count:
            connector = aiohttp.TCPConnector(limit=1)
            worker = Worker(url, await stack.enter_async_context(aiohttp.ClientSession(connector=connector)))
            try:
                worker.pid = int(await worker.said("who"))
            except aiohttp.ClientError:
                # It was the one that is just being lost.
                continue
            found.setdefault(worker.pid, worker)
        yield list(found.values())


def on_two_workers(folder: Path, story: Callable[[Command, str], Awaitable[None]]) -> list[str]:
    """Tell a story of a served runtime, and end it; what the servers logged."""
    (folder / "worked_app.py").write_text(MODULE)
    with database() as address:
        environment = {"AGUI_PORT": "0", "AGUI_DATABASE_URL": address, "AGUI_DRAIN_SECONDS": "0.3"}
        words = ("serve", "worked_app:container", "--workers", "2")
        with command(*words, cwd=folder, environment=environment) as host:
            run(story(host, runtime_url(host)))
            host.terminate()
            assert host.exit_code() == 0
        assert "Traceback" not in "\n".join(host.err)
        return host.err


def test_a_run_of_one_worker_is_followed_and_stopped_through_the_other(tmp_path: Path) -> None:
    async def story(_: Command, url: str) -> None:
        async with workers(url) as (one, other):
            assert one.pid != other.pid
            async with one.ask("agent/counter/run", run_input("go", thread="t")) as running:
                assert b"RUN_STARTED" in await running.content.readuntil(b"\n\n")
                async with other.ask("agent/counter/connect", run_input(thread="t")) as followed:
                    assert b"RUN_STARTED" in await followed.content.readuntil(b"\n\n")
                    await followed.content.readuntil(b"20 ")
                    async with workers(url, 1) as (any_worker,):
                        assert await any_worker.stop("t")
                    assert b"RUN_FINISHED" in await followed.content.read()
                assert b"RUN_FINISHED" in await running.content.read()

    on_two_workers(tmp_path, story)


def test_a_worker_that_is_lost_is_replaced_and_the_other_goes_on(tmp_path: Path) -> None:
    async def story(_: Command, url: str) -> None:
        async with (
            workers(url) as (one, other),
            one.ask("agent/counter/run", run_input("go", thread="t")) as running,
        ):
            await running.content.readuntil(b"\n\n")
            os.kill(other.pid, signal.SIGKILL)
            async with workers(url) as found:
                assert one.pid in {worker.pid for worker in found}
                assert other.pid not in {worker.pid for worker in found}
                assert await found[0].stop("t")
            assert b"RUN_FINISHED" in await running.content.read()

    said = on_two_workers(tmp_path, story)
    assert sum("another is started" in line for line in said) == 1


def test_runs_of_all_workers_get_a_terminal_event_at_the_end(tmp_path: Path) -> None:
    async def story(host: Command, url: str) -> None:
        async with workers(url) as both, AsyncExitStack() as stack:
            running = [
                await stack.enter_async_context(worker.ask("agent/counter/run", run_input("go"))) for worker in both
            ]
            for answer in running:
                await answer.content.readuntil(b"\n\n")
            host.terminate()
            for answer in running:
                assert b"RUN_FINISHED" in await answer.content.read()

    on_two_workers(tmp_path, story)


def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "worked_app.py").write_text(MODULE)

    async def story(host: Command, url: str) -> None:
        async with workers(url) as both:
            host.process.kill()
            async with asyncio.timeout(30):
                await eventually(lambda: not any(is_alive(worker.pid) for worker in both))

    with database() as address:
        environment = {"AGUI_PORT": "0", "AGUI_DATABASE_URL": address}
        words = ("serve", "worked_app:container", "--workers", "2")
        with command(*words, cwd=tmp_path, environment=environment) as host:
            run(story(host, runtime_url(host)))


def test_without_a_database_more_than_one_worker_is_refused(tmp_path: Path) -> None:
    (tmp_path / "worked_app.py").write_text(MODULE)
    code, _, err = ended("serve", "worked_app:container", "--workers", "2", cwd=tmp_path, url="")
    assert code == 2
    assert "workers would not share them. Set AGUI_DATABASE_URL" in err


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_number_of_workers_that_is_none_is_a_wrong_command_line(count: str, tmp_path: Path) -> None:
    code, _, err = ended("serve", "worked_app:container", f"--workers={count}", cwd=tmp_path, url="")
    assert code == 2
    assert "--workers: expected a whole number, 1 or more" in err


def test_a_database_that_is_not_set_up_is_told_once_and_ends_the_parent(tmp_path: Path) -> None:
    (tmp_path / "worked_app.py").write_text(MODULE)
    with database(migrated=False) as address:
        code, _, err = ended("serve", "worked_app:container", "--workers", "2", cwd=tmp_path, url=address)
    assert code == 1
    assert err.count("agui-runtime migrate") == 1
