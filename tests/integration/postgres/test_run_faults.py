"""Nothing that a follower was shown is missing afterwards, whatever is killed.

``AGUI_TEST_KILL_TABLE`` names a file for the table of figures.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from attrs import frozen

from agui_runtime.application.values import Lease
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AguiError, UnavailableError
from agui_runtime.domain.runs import Finished
from tests.contracts.world import SCOPE, THREAD, all_of, finished, run_input
from tests.integration.postgres.logs import Logs, assert_well_written, logs, run_of, writer_process
from tests.support import postgres
from tests.support.aio import run
from tests.support.postgres_servers import Server
from tests.support.proxy import Proxy, proxy_to

pytestmark = pytest.mark.postgres

RUNS = 8
HEADER = "| killed | runs | events shown to followers | events found | shown and not found |\n|---|---|---|---|---|"


@frozen
class Tally:
    """What came of one fault."""

    fault: str
    runs: int
    shown: int
    found: int
    missing: int

    def row(self) -> str:
        return f"| {self.fault} | {self.runs} | {self.shown} | {self.found} | {self.missing} |"


@pytest.fixture(scope="module")
def table() -> Iterator[list[Tally]]:
    tallies: list[Tally] = []
    yield tallies
    text = "\n".join([HEADER, *(tally.row() for tally in tallies)])
    print(f"\n{text}")
    if path := os.environ.get("AGUI_TEST_KILL_TABLE"):
        Path(path).write_text(text + "\n", encoding="utf-8")


async def tally(here: Logs, fault: str, shown: dict[str, int]) -> Tally:
    """Hold what followers were shown against what is found."""
    found = missing = 0
    for thread_id, last in shown.items():
        entries = await here.read(thread_id)
        found += len(entries)
        missing += max(0, last - len(entries))
        assert_well_written(entries)
    return Tally(fault, len(shown), sum(shown.values()), found, missing)


@pytest.mark.parametrize("batches", [40, 400])
def test_a_writing_process_is_killed(table: list[Tally], batches: int) -> None:
    async def test() -> None:
        async with (
            postgres.database() as url,
            logs(url, lease_seconds=1.0) as here,
            writer_process(url, runs=RUNS, lease_seconds=1.0) as writer,
        ):
            await writer.until("shown", batches)
            await writer.kill()
            assert len(writer.shown) == RUNS
            result = await tally(here, f"writing process, after {batches} batches", writer.shown)
            assert result.missing == 0
            table.append(result)
            await here.recover_until(RUNS)
            for thread_id in writer.shown:
                entries = await here.read(thread_id)
                assert_well_written(entries)
                assert isinstance(entries[-1].event, e.RunError)

    run(test())


def test_the_server_is_killed_and_started_again_and_all_runs_go_on(killable: Server, table: list[Tally]) -> None:
    async def test() -> None:
        async with (
            postgres.database(of=killable) as url,
            logs(url, operation_seconds=1.5, connect_seconds=1.0) as here,
        ):
            writing = Writing(here)
            await writing.until_shown(RUNS * 20)
            await asyncio.to_thread(killable.kill)
            before = dict(writing.shown)
            await asyncio.sleep(0.5)
            # Nothing is shown while nothing can be committed.
            assert writing.shown == before
            await asyncio.to_thread(killable.start)
            await writing.until_shown(sum(before.values()) + RUNS * 20)
            await writing.end()
            assert writing.errors == {}
            result = await tally(here, "database server, started again", writing.shown)
            assert (result.missing, result.found) == (0, result.shown)
            table.append(result)
            assert await here.sql("SELECT DISTINCT outcome FROM agui_runs") == [("finished",)]

    run(test())


def test_a_server_that_stays_away_ends_the_runs_and_their_followers_with_an_error(
    killable: Server, table: list[Tally]
) -> None:
    async def test() -> None:
        async with (
            postgres.database(of=killable) as url,
            logs(url, lease_seconds=1.0, operation_seconds=0.5, connect_seconds=0.5) as here,
        ):
            writing = Writing(here)
            await writing.until_shown(RUNS * 20)
            await asyncio.to_thread(killable.kill)
            await asyncio.wait(writing.tasks)
            assert writing.errors == {f"thread-{number}": UnavailableError for number in range(RUNS)}
            assert writing.follower_errors == writing.errors
            for lease in writing.leases:
                for late in (here.log.append(lease, [e.TextMessageEnd("message")]), here.log.renew(lease)):
                    with pytest.raises(UnavailableError):
                        await late
            await asyncio.to_thread(killable.start)
            await here.recover_until(RUNS)
            result = await tally(here, "database server, away for longer than a lease", writing.shown)
            assert result.missing == 0
            table.append(result)
            for thread_id in writing.shown:
                entries = await all_of(here.log.follow(run_of(thread_id)))
                assert isinstance(entries[-1].event, e.RunError)

    run(test())


def test_lines_that_break_again_and_again_cost_nothing_and_double_nothing(table: list[Tally]) -> None:
    async def test() -> None:
        async with postgres.database() as url, through_proxy(url) as (proxy, proxied), logs(proxied) as here:
            writing = Writing(here)
            await writing.until_shown(RUNS * 5)
            for left in (1, 7, 20, 40, 64, 90, 120, 400) * 2:
                proxy.cut_after(left)
                await asyncio.sleep(0.04)
                await proxy.reset()
                await asyncio.sleep(0.04)
            await writing.end()
            assert writing.errors == {}
            result = await tally(here, "every connection, 32 times", writing.shown)
            assert (result.missing, result.found) == (0, result.shown)
            table.append(result)

    run(test())


def test_a_run_is_stopped_in_its_own_process_while_the_database_is_away() -> None:
    async def test() -> None:
        async with postgres.database() as url, through_proxy(url) as (proxy, proxied), logs(proxied) as here:
            stops: list[str] = []
            await here.log.begin(SCOPE, run_input(), on_stop=lambda: stops.append("stop"))
            await proxy.refuse()
            await proxy.reset()
            assert await here.log.request_stop(SCOPE, THREAD) is True
            assert stops == ["stop"]
            await proxy.accept()

    run(test())


class Writing:
    """Runs that write without end in this process, each with a follower."""

    def __init__(self, here: Logs) -> None:
        self._here = here
        self._stopped = asyncio.Event()
        self.shown: dict[str, int] = {}
        self.errors: dict[str, type[AguiError]] = {}
        self.follower_errors: dict[str, type[AguiError]] = {}
        self.leases: list[Lease] = []
        self.tasks = [asyncio.create_task(self._write(f"thread-{number}")) for number in range(RUNS)]

    async def until_shown(self, events: int) -> None:
        while sum(self.shown.values()) < events:
            assert not any(task.done() for task in self.tasks), self.errors
            await asyncio.sleep(0.01)

    async def end(self) -> None:
        self._stopped.set()
        await asyncio.gather(*self.tasks)

    async def _write(self, thread_id: str) -> None:
        log = self._here.log
        lease = await log.begin(SCOPE, run_input(thread_id), on_stop=lambda: None)
        self.leases.append(lease)
        showing = asyncio.create_task(self._show(thread_id, lease))
        try:
            await log.append(lease, [e.TextMessageStart("message")])
            number = 0
            while not self._stopped.is_set():
                await log.append(lease, [e.TextMessageContent("message", str(number))])
                number += 1
                await asyncio.sleep(0.001)
            await log.finish(lease, [e.TextMessageEnd("message"), finished(lease)], Finished())
        except AguiError as error:
            self.errors[thread_id] = type(error)
        # It ends by itself, with the run or with the error that the run got.
        await showing

    async def _show(self, thread_id: str, lease: Lease) -> None:
        try:
            async for batch in self._here.log.follow(lease.run):
                self.shown[thread_id] = batch[-1].sequence
        except AguiError as error:
            self.follower_errors[thread_id] = type(error)


@asynccontextmanager
async def through_proxy(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    parts = urlsplit(url)
    assert parts.port is not None
    async with proxy_to(parts.port) as proxy:
        yield proxy, url.replace(f":{parts.port}/", f":{proxy.port}/")
