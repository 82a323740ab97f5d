"""Who may write when two processes think that a run is theirs."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from agui_runtime.application.ports import RunLog
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import LeaseLostError
from agui_runtime.domain.identity import ThreadId
from agui_runtime.domain.runs import Finished
from tests.contracts.world import LEASE_SECONDS, SCOPE, THREAD, all_of, finished, run_input, text
from tests.integration.postgres.logs import ROOT, assert_well_written, logs, writer_process
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import FakeClock

pytestmark = pytest.mark.postgres

RUNS = 40


def test_of_two_processes_that_recover_at_once_each_run_is_ended_by_one() -> None:
    async def test() -> None:
        async with postgres.database() as url:
            async with logs(url, lease_seconds=0.01) as lost:
                for number in range(RUNS):
                    await lost.log.begin(SCOPE, run_input(f"thread-{number}"), on_stop=lambda: None)
            processes = [await recovering(url) for _ in range(2)]
            answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
            assert sum(int(out) for out, _ in answers) == RUNS
            async with logs(url) as here:
                for number in range(RUNS):
                    entries = await here.read(f"thread-{number}")
                    assert len(entries) == 2
                    assert_well_written(entries)
                assert await here.sql("SELECT count(*) FROM agui_runs WHERE ended_at IS NULL") == [(0,)]

    run(test())


def test_a_run_that_is_taken_over_while_its_holder_writes_has_one_order_and_one_end() -> None:
    """The clock of the process that takes over is an hour ahead: it takes a healthy run in the middle of its writes."""

    async def test() -> None:
        ahead = FakeClock(datetime.now(UTC))
        ahead.advance(3600)
        async with postgres.database() as url, logs(url, clock=ahead) as here, writer_process(url, runs=12) as writer:
            for wanted in range(12, 72, 12):
                await writer.until("shown", wanted)
            await here.recover_until(12)
            await writer.until("lost", 12)
            assert await writer.ended() == 0
            for number in range(12):
                entries = await here.read(f"thread-{number}")
                assert_well_written(entries, at_least=writer.shown[f"thread-{number}"])
                assert entries[-1].event.type == "RUN_ERROR"
                assert f"lost thread-{number} LeaseLostError" in writer.lines

    run(test())


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_what_waits_at_a_takeover_is_not_written_whatever_the_servers_isolation(isolation: str) -> None:
    async def test() -> None:
        clock = FakeClock()
        async with postgres.database() as url:
            name = url.rpartition("/")[2]
            await postgres.execute(url, f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{isolation}'")
            async with (
                logs(url, clock=clock, lease_seconds=LEASE_SECONDS) as old,
                logs(url, clock=clock, lease_seconds=LEASE_SECONDS) as new,
            ):
                lease = await old.log.begin(SCOPE, run_input(), on_stop=lambda: None)
                following = asyncio.create_task(all_of(old.log.follow(lease.run)))
                writing = asyncio.create_task(write_until_lost(old.log, lease))
                await asyncio.sleep(0.2)
                clock.advance(LEASE_SECONDS)
                taken: list[Lease] = []
                while not taken:
                    taken.extend(await new.log.expired())
                await new.log.append(taken[0], [text("sealed")])
                await new.log.finish(taken[0], [finished(taken[0])], Finished())
                await writing
                entries = await new.read(THREAD)
                assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
                assert [entry.event for entry in entries[-2:]] == [text("sealed"), finished(taken[0])]
                assert await following == list(entries)

    run(test())


def test_a_lease_that_another_process_has_taken_cannot_end_the_run() -> None:
    async def test() -> None:
        clock = FakeClock()
        async with postgres.database() as url, logs(url, clock=clock) as old, logs(url, clock=clock) as new:
            lease = await old.log.begin(SCOPE, run_input(), on_stop=lambda: None)
            clock.advance(LEASE_SECONDS)
            (taken,) = await new.log.expired()
            with pytest.raises(LeaseLostError):
                await old.log.finish(lease, [finished(lease)], Finished())
            with pytest.raises(LeaseLostError):
                await old.log.abandon(lease)
            assert len(await new.read(THREAD)) == 1
            await new.log.finish(taken, [finished(taken)], Finished())
            assert len(await old.read(THREAD)) == 2

    run(test())


def test_a_lease_that_another_process_has_taken_cannot_be_abandoned_or_renewed() -> None:
    async def test() -> None:
        clock = FakeClock()
        async with postgres.database() as url, logs(url, clock=clock) as old, logs(url, clock=clock) as new:
            for thread_id, use in (("a", old.log.abandon), ("b", old.log.renew)):
                lease = await old.log.begin(SCOPE, run_input(thread_id), on_stop=lambda: None)
                clock.advance(LEASE_SECONDS)
                await new.log.expired()
                with pytest.raises(LeaseLostError):
                    await use(lease)
                assert len(await new.log.read(SCOPE, ThreadId(thread_id))) == 1

    run(test())


async def write_until_lost(log: RunLog, lease: Lease) -> None:
    number = 0
    try:
        while True:
            await log.append(lease, [text(str(number))])
            await asyncio.sleep(0)
            number += 1
    except LeaseLostError:
        assert number > 0


async def recovering(url: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.postgres.recovering", url,
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process
