"""Runs written by one process and followed, stopped and ended by another."""

import asyncio
import signal

import pytest

from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.identity import ThreadId
from tests.contracts.world import SCOPE, run_input
from tests.integration.postgres.logs import assert_well_written, logs, run_of, writer_process
from tests.support import postgres
from tests.support.aio import run

pytestmark = pytest.mark.postgres

THREAD = ThreadId("thread-0")


def test_a_run_is_followed_by_another_process_while_it_goes_on() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, writer_process(url, events=400) as writer:
            await writer.until("shown")
            batches = [batch async for batch in here.log.follow(run_of(THREAD))]
            entries = [entry for batch in batches for entry in batch]
            assert len(batches) > 2
            assert_well_written(entries, at_least=404)
            assert entries == list(await here.read(THREAD))
            assert await writer.ended() == 0

    run(test())


def test_several_followers_of_many_runs_elsewhere_each_see_all_of_theirs() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, writer_process(url, runs=6, events=200) as writer:
            await writer.until("shown", 12)

            async def follow(number: int) -> list[LogEntry]:
                return [entry async for batch in here.log.follow(run_of(f"thread-{number}")) for entry in batch]

            found = await asyncio.gather(*(follow(number % 6) for number in range(12)))
            for number, entries in enumerate(found):
                assert_well_written(entries, at_least=204)
                assert {entry.run.thread_id for entry in entries} == {f"thread-{number % 6}"}

    run(test())


def test_a_follower_elsewhere_may_begin_behind_a_number() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, writer_process(url, events=300) as writer:
            await writer.until("shown", 3)
            entries = [entry async for batch in here.log.follow(run_of(THREAD), after=2) for entry in batch]
            assert [entry.sequence for entry in entries] == list(range(3, 305))

    run(test())


def test_a_run_is_stopped_from_another_process() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, writer_process(url, runs=2) as writer:
            await writer.until("shown", 4)
            assert await here.log.request_stop(SCOPE, THREAD) is True
            await writer.until("done")
            said = [line for line in writer.lines if not line.startswith("shown")]
            assert said == ["ready", "stop thread-0", "done thread-0"]
            assert_well_written(await here.read(THREAD))
            assert await here.sql("SELECT outcome FROM agui_runs WHERE thread_id = 'thread-0'") == [("stopped",)]
            other = await here.threads.get(SCOPE, ThreadId("thread-1"))
            assert other is not None
            assert other.live

    run(test())


def test_a_thread_that_is_live_elsewhere_is_busy_here() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, writer_process(url) as writer:
            await writer.until("shown")
            with pytest.raises(BusyError):
                await here.log.begin(SCOPE, run_input(THREAD), on_stop=lambda: None)
            with pytest.raises(BusyError):
                await here.threads.delete(SCOPE, THREAD)

    run(test())


def test_the_run_of_a_killed_process_is_ended_by_another_once_its_lease_is_over() -> None:
    async def test() -> None:
        async with (
            postgres.database() as url,
            logs(url, lease_seconds=1.0) as here,
            writer_process(url, lease_seconds=1.0) as writer,
        ):
            await writer.until("shown", 5)
            following = asyncio.create_task(last_of(here.log.follow(run_of(THREAD))))
            await writer.kill()
            await here.recover_until(1)
            entries = await here.read(THREAD)
            assert_well_written(entries, at_least=writer.shown[THREAD])
            closer, end = entries[-2].event, entries[-1].event
            assert closer == e.TextMessageEnd("message", closed_by_runtime=True)
            assert isinstance(end, e.RunError)
            assert end.code == "UNAVAILABLE"
            assert (await following).event == end
            lease = await here.log.begin(SCOPE, run_input(THREAD), on_stop=lambda: None)
            assert lease.run.number == 2

    run(test())


def test_a_process_that_was_taken_for_dead_can_write_nothing_more() -> None:
    async def test() -> None:
        async with (
            postgres.database() as url,
            logs(url, lease_seconds=1.0) as here,
            writer_process(url, runs=4, lease_seconds=1.0) as writer,
        ):
            await writer.until("shown", 12)
            writer.process.send_signal(signal.SIGSTOP)
            await here.recover_until(4)
            before = {number: await here.read(f"thread-{number}") for number in range(4)}
            writer.process.send_signal(signal.SIGCONT)
            await writer.until("lost", 4)
            assert await writer.ended() == 0
            said = [line for line in writer.lines if line.startswith(("lost", "done", "follower"))]
            assert sorted(said) == [f"lost thread-{number} LeaseLostError" for number in range(4)]
            for number, entries in before.items():
                assert await here.read(f"thread-{number}") == entries
                assert_well_written(entries)
                # Its own followers see the end that another process wrote.
                assert writer.shown[f"thread-{number}"] == entries[-1].sequence

    run(test())


async def last_of(cursor: object) -> LogEntry:
    last: LogEntry | None = None
    async for batch in cursor:  # type: ignore[attr-defined]
        last = batch[-1]
    assert last is not None
    return last
