"""Run logs on a database, and processes that write in them, for the tests of several processes."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from agui_runtime.adapters.postgres import PostgresRunLog, PostgresStateStore, PostgresThreadDirectory
from agui_runtime.adapters.postgres.write_queue import QueueLimits
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.application.ports import Clock
from agui_runtime.application.recover_runs import RecoverRuns
from agui_runtime.application.values import Lease, LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.identity import RunKey, ThreadId
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import SCOPE, THREAD, eventually, run_input
from tests.support import postgres

ROOT = Path(__file__).parents[3]


@frozen
class Logs:
    """The adapters of one process over a database."""

    url: str
    log: PostgresRunLog
    store: PostgresStateStore
    threads: PostgresThreadDirectory

    async def recover(self) -> int:
        return await RecoverRuns(self.log, self.store)()

    async def recover_until(self, runs: int) -> None:
        """Until so many lost runs are sealed; a database that is just coming back is asked again."""
        sealed = 0
        while sealed < runs:
            with contextlib.suppress(UnavailableError):
                sealed += await self.recover()
            await asyncio.sleep(0.05)

    async def read(self, thread_id: str) -> Sequence[LogEntry]:
        return await self.log.read(SCOPE, ThreadId(thread_id))

    async def sql(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        return [tuple(row.values()) for row in await postgres.execute(self.url, statement, *arguments)]


@asynccontextmanager
async def logs(
    url: str,
    *,
    clock: Clock | None = None,
    lease_seconds: float = 30.0,
    limits: QueueLimits | None = None,
    **changes: object,
) -> AsyncIterator[Logs]:
    """``changes`` are those of the database settings."""
    clock = clock or SystemClock()
    async with postgres.opened(postgres.settings_for(url, **changes)) as database:
        log = PostgresRunLog(database, clock, lease_seconds, limits)
        await log.open()
        try:
            store = PostgresStateStore(database, clock, StateLimits())
            yield Logs(url, log, store, PostgresThreadDirectory(database, clock))
        finally:
            await log.close()


async def begun(here: Logs, thread_id: str = THREAD) -> Lease:
    return await here.log.begin(SCOPE, run_input(thread_id), on_stop=lambda: None)


async def written(here: Logs) -> None:
    """Until all that was appended is committed."""
    await eventually(lambda: not here.log.is_writing)


class WriterProcess:
    """``tests.integration.postgres.writing_runs`` as a process; what its followers were shown is collected."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def shown(self) -> dict[str, int]:
        """The last sequence number that a follower was shown, by thread."""
        found: dict[str, int] = {}
        for line in self.lines:
            word, *rest = line.split(" ")
            if word == "shown":
                found[rest[0]] = int(rest[1])
        return found

    async def until(self, word: str, count: int = 1) -> None:
        """Until it has said that so often."""
        while sum(line.split(" ")[0] == word for line in self.lines) < count:
            assert not self._reading.done(), self.lines[-5:]
            await asyncio.sleep(0.01)

    async def ended(self) -> int:
        await self._reading
        return await self.process.wait()

    async def kill(self) -> None:
        """With -9, wherever it is."""
        self.process.kill()
        await self.ended()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            # What a kill has cut off in the middle was not said.
            if line.endswith(b"\n"):
                self.lines.append(line.decode().rstrip("\n"))


@asynccontextmanager
async def writer_process(
    url: str, *, prefix: str = "thread", runs: int = 1, lease_seconds: float = 30.0, events: int = 10**9
) -> AsyncIterator[WriterProcess]:
    """It writes runs of so many events each, and is killed when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.postgres.writing_runs",
        url, prefix, str(runs), str(lease_seconds), str(events),
        cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE,
    )  # fmt: skip
    writer = WriterProcess(process)
    try:
        await writer.until("ready")
        yield writer
    finally:
        if process.returncode is None:
            process.kill()
        await writer.ended()


def assert_well_written(entries: Sequence[LogEntry], *, at_least: int = 0) -> None:
    """One run of ``writing_runs``: whole up to somewhere, in order, nothing twice, at most one end, which is last.

    Args:
        at_least: the sequence number up to which it must be there.
    """
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) >= at_least
    assert isinstance(entries[0].event, e.RunStarted)
    pieces = [entry for entry in entries if isinstance(entry.event, e.TextMessageContent)]
    assert [entry.event for entry in pieces] == [
        e.TextMessageContent("message", str(number)) for number in range(len(pieces))
    ]
    ends = [entry.sequence for entry in entries if isinstance(entry.event, e.RunFinished | e.RunError)]
    assert ends in ([], [len(entries)])


def run_of(thread_id: str) -> RunKey:
    return RunKey(SCOPE, ThreadId(thread_id), 1)
