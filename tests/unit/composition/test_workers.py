"""Workers are kept running until they are told to end; real processes, which stand for servers."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from dependency_injector import providers

from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.serving import check_shared
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.workers import Patience, WorkerPool, reserve
from agui_runtime.domain.errors import ConfigurationError
from tests.contracts.world import eventually
from tests.support.aio import run
from tests.support.processes import is_alive

QUICK = Patience(stop=20, first_pause=0.01)
SERVES = """
import os, signal, socket, sys
line = socket.socket(fileno=int(sys.argv[1]))
open(os.path.join(sys.argv[2], str(os.getpid())), "w").close()
line.send(b"r")
line.recv(1)
"""
"""Ends with the line, and by SIGTERM."""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + SERVES.replace("line.recv(1)", "signal.pause()")
BRIEF = SERVES.replace("line.recv(1)", "line.settimeout(0.1); line.recv(1)")
FAILS = "import sys; sys.exit(7)"
HANGS = "import signal; signal.pause()"
SECONDS = 60


class Pool:
    """A pool of small programs, each of which leaves a file named after its process."""

    def __init__(self, folder: Path, program: str, *, count: int = 2, patience: Patience = QUICK) -> None:
        self.folder = folder
        self.announced = 0
        self._program = program
        self._pool = WorkerPool(self._command, count, patience, self._announce)

    def _command(self, line: int) -> Sequence[str]:
        return (sys.executable, "-c", self._program, str(line), str(self.folder))

    def _announce(self) -> None:
        self.announced += 1

    @property
    def pids(self) -> set[int]:
        return {int(path.name) for path in self.folder.iterdir()}

    async def run(self) -> int:
        async with asyncio.timeout(SECONDS):
            return await self._pool.run()


def test_so_many_are_started_and_end_with_the_parent(tmp_path: Path) -> None:
    async def test() -> None:
        pool = Pool(tmp_path, SERVES, count=3)
        running = asyncio.create_task(pool.run())
        await eventually(lambda: len(pool.pids) == 3)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
        assert pool.announced == 1
        assert not any(map(is_alive, pool.pids))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())


def test_a_worker_that_is_lost_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        pool = Pool(tmp_path, SERVES)
        running = asyncio.create_task(pool.run())
        await eventually(lambda: len(pool.pids) == 2)
        for number in (3, 4):
            os.kill(next(filter(is_alive, pool.pids)), signal.SIGKILL)
            await eventually(lambda number=number: len(pool.pids) == number)  # type: ignore[misc]
        os.kill(os.getpid(), signal.SIGINT)
        assert await running == 0
        assert not any(map(is_alive, pool.pids))

    run(test())
    assert "ended with -9; another is started in 0.01 s" in caplog.text


def test_a_worker_that_keeps_ending_is_started_less_and_less_often(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        pool = Pool(
            tmp_path,
            BRIEF,
            count=1,
            patience=Patience(20, 0.01, 0.04),
        )
        running = asyncio.create_task(pool.run())
        await eventually(lambda: caplog.text.count("is started in 0.04 s") == 2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0

    run(test())
    pauses = [record.message.rpartition(" in ")[2] for record in caplog.records if "another" in record.message]
    assert pauses[:4] == ["0.01 s.", "0.02 s.", "0.04 s.", "0.04 s."]


def test_what_keeps_the_first_from_starting_ends_the_parent_with_its_exit_code(tmp_path: Path) -> None:
    pool = Pool(tmp_path, FAILS)
    assert run(pool.run()) == 7
    assert pool.announced == 0


def test_a_signal_while_the_first_is_starting_ends_it(tmp_path: Path) -> None:
    async def test() -> None:
        pool = Pool(tmp_path, HANGS, count=2)
        running = asyncio.create_task(pool.run())
        await asyncio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
        assert pool.announced == 0

    run(test())


def test_a_worker_that_does_not_end_is_killed_and_the_exit_code_tells(tmp_path: Path) -> None:
    async def test() -> None:
        pool = Pool(tmp_path, DEAF, patience=Patience(0.2))
        running = asyncio.create_task(pool.run())
        await eventually(lambda: len(pool.pids) == 2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 1
        assert not any(map(is_alive, pool.pids))

    run(test())


def test_a_reserved_port_takes_workers_and_no_other_server() -> None:
    with reserve("127.0.0.1", 0) as reserved:
        port = reserved.getsockname()[1]
        with socket.socket() as worker, socket.socket() as other:
            worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            worker.bind(("127.0.0.1", port))
            worker.listen()
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port))


def test_a_port_that_others_share_is_in_use() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            reserve("127.0.0.1", other.getsockname()[1])


def test_what_is_kept_in_memory_is_not_shared() -> None:
    with pytest.raises(ConfigurationError, match="Set AGUI_DATABASE_URL, or serve with one worker"):
        check_shared(Settings(), RuntimeContainer(settings=providers.Object(Settings())))
    with pytest.raises(ConfigurationError, match="memory of one process"):
        check_shared(Settings(), None)


def test_what_is_kept_in_a_database_is_shared() -> None:
    settings = Settings(database_url="postgresql://user:password@127.0.0.1/agui")
    check_shared(settings, RuntimeContainer(settings=providers.Object(settings)))
    check_shared(settings, None)
