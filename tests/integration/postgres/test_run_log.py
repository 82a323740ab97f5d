"""What the Postgres run log does beyond its port's contract."""

import asyncio
from typing import Any

import pytest

from agui_runtime.adapters.postgres.run_transactions import begin
from agui_runtime.adapters.postgres.write_queue import QueueLimits
from agui_runtime.application.values import Lease
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError, InvalidError, LeaseLostError, UnavailableError
from agui_runtime.domain.identity import RunKey
from agui_runtime.domain.runs import Finished
from tests.contracts.world import SCOPE, THREAD, all_of, eventually, finished, key_of, run_input, text
from tests.integration.postgres.logs import Logs, begun, logs, written
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import START

pytestmark = pytest.mark.postgres


# Writing


def test_what_many_runs_say_at_once_is_committed_together() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url, max_connections=8) as here:
            leases = [await begun(here, f"thread-{number}") for number in range(20)]
            async with postgres.connected(url) as blocker, blocker.transaction():
                await blocker.execute("LOCK agui_events IN SHARE MODE")
                await here.log.append(leases[0], [text("first")])
                await asyncio.sleep(0.05)
                for lease in leases:
                    for number in range(10):
                        await here.log.append(lease, [text(str(number))])
            await written(here)
            commits = await here.sql("SELECT xmin::text, count(*) FROM agui_events GROUP BY 1 ORDER BY 2 DESC LIMIT 1")
            assert commits[0][1] == 20
            assert [len(await here.read(f"thread-{number}")) for number in (0, 1)] == [12, 11]

    run(test())


def test_a_writer_waits_for_room_while_the_database_stalls_and_loses_nothing() -> None:
    async def test() -> None:
        limits = QueueLimits(queued_bytes=2000)
        async with postgres.database() as url, logs(url, limits=limits) as here:
            lease = await begun(here)
            async with postgres.connected(url) as blocker, blocker.transaction():
                await blocker.execute("LOCK agui_events IN SHARE MODE")

                async def say_much() -> None:
                    for number in range(200):
                        await here.log.append(lease, [text(str(number))])

                saying = asyncio.create_task(say_much())
                await asyncio.sleep(0.2)
                assert not saying.done()
                cancelled = asyncio.create_task(here.log.append(lease, [text("never")]))
                await asyncio.sleep(0.05)
                cancelled.cancel()
                await asyncio.wait([cancelled])
                assert cancelled.cancelled()
            await saying
            await here.log.finish(lease, [finished(lease)], Finished())
            entries = await here.read(THREAD)
            assert [entry.event for entry in entries[1:-1]] == [text(str(number)) for number in range(200)]

    run(test())


def test_nothing_is_shown_before_it_is_committed() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            lease = await begun(here)
            cursor = aiter(here.log.follow(lease.run))
            await anext(cursor)
            async with postgres.connected(url) as blocker, blocker.transaction():
                await blocker.execute("LOCK agui_events IN SHARE MODE")
                await here.log.append(lease, [text("a")])
                nothing = asyncio.create_task(anext(cursor))  # type: ignore[arg-type]
                await asyncio.wait([nothing], timeout=0.2)
                assert not nothing.done()
            (entry,) = await nothing
            assert entry.event == text("a")

    run(test())


def test_an_end_whose_caller_is_cancelled_happens_all_the_same() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            lease = await begun(here)
            following = asyncio.create_task(all_of(here.log.follow(lease.run)))
            async with postgres.connected(url) as blocker, blocker.transaction():
                await blocker.execute("LOCK agui_events IN SHARE MODE")
                ending = asyncio.create_task(here.log.finish(lease, [finished(lease)], Finished()))
                await asyncio.sleep(0.05)
                ending.cancel()
                await asyncio.wait([ending])
                with pytest.raises(LeaseLostError):
                    await here.log.append(lease, [text("late")])
            assert (await following)[-1].event == finished(lease)
            assert (await begun(here)).run.number == 2

    run(test())


def test_a_run_that_the_server_refuses_is_lost_alone() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            await here.sql("ALTER TABLE agui_events ADD CHECK (events::text NOT LIKE '%poison%')")
            leases = [await begun(here, f"thread-{number}") for number in range(3)]
            following = [asyncio.create_task(all_of(here.log.follow(lease.run))) for lease in leases]
            for lease, word in zip(leases, ("good", "poison", "better"), strict=True):
                await here.log.append(lease, [text(word)])
            await written(here)
            for lease in (leases[0], leases[2]):
                await here.log.finish(lease, [finished(lease)], Finished())
            with pytest.raises(UnavailableError):
                await here.log.append(leases[1], [text("more")])
            with pytest.raises(UnavailableError):
                await here.log.finish(leases[1], [finished(leases[1])], Finished())
            with pytest.raises(UnavailableError):
                await following[1]
            assert [len(await following[0]), len(await following[2])] == [3, 3]

    run(test())


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(e.StateSnapshot({"a": {1, 2}}), id="no JSON"),
        pytest.param(e.StepStarted(5), id="a number for a name"),  # type: ignore[arg-type]
        pytest.param(e.TextMessageStart("m", role="pirate"), id="an unknown role"),
        pytest.param(e.TextMessageContent("m", None), id="nothing for a text"),  # type: ignore[arg-type]
    ],
)
def test_an_event_that_could_not_be_read_back_is_refused_with_all_that_came_with_it(event: e.Event) -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            lease = await begun(here)
            with pytest.raises(InvalidError):
                await here.log.append(lease, [text("a"), event])
            await here.log.finish(lease, [finished(lease)], Finished())
            assert [entry.event for entry in (await here.read(THREAD))[1:]] == [finished(lease)]

    run(test())


# Beginning


def test_a_begin_that_is_tried_again_gives_the_run_that_the_first_try_has_begun() -> None:
    async def test() -> None:
        async with postgres.database() as url, postgres.opened(postgres.settings_for(url)) as database:
            arguments: tuple[Any, ...] = ("s", "t", START, None, "run-1", 77, START, "[]")
            for _ in range(2):
                assert await database.run(lambda c: begin(c, arguments, 77)) == (1, 1)
            assert await database.run(lambda c: begin(c, (*arguments[:5], 78, START, "[]"), 78)) == "run-1"
            rows = await postgres.execute(url, "SELECT count(*) FROM agui_events")
            assert rows[0][0] == 1

    run(test())


def test_a_begin_that_is_cancelled_while_it_waits_leaves_the_thread_free() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            async with postgres.connected(url) as blocker, blocker.transaction():
                await blocker.execute("LOCK agui_runs IN SHARE MODE")
                beginning = asyncio.create_task(begun(here))
                await asyncio.sleep(0.1)
                beginning.cancel()
                await asyncio.wait([beginning])
                assert beginning.cancelled()
                again = asyncio.create_task(begun_at_last(here))
            lease = await again
            await here.log.finish(lease, [finished(lease)], Finished())
            assert {entry.run for entry in await here.read(THREAD)} == {lease.run}

    run(test())


async def begun_at_last(here: Logs) -> Lease:
    while True:
        try:
            return await begun(here)
        except BusyError:
            await asyncio.sleep(0.01)


def test_a_number_that_a_state_is_tagged_with_is_never_given_again() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            await here.store.save(key_of(), {"a": 1}, expected_version=0, run=RunKey(SCOPE, THREAD, 7))
            lease = await begun(here)
            assert lease.run.number == 8
            saved = await here.store.save(key_of(), {"a": 2}, expected_version=1, run=lease.run)
            assert (saved.version, saved.values) == (2, {"a": 2})

    run(test())


def test_a_stop_that_was_asked_for_elsewhere_is_passed_on_once() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, logs(url) as other:
            stops: list[str] = []
            await here.log.begin(SCOPE, run_input(), on_stop=lambda: stops.append("stop"))
            assert await other.log.request_stop(SCOPE, THREAD) is True
            await eventually(lambda: bool(stops))
            await asyncio.sleep(0.3)
            assert stops == ["stop"]

    run(test())


def test_other_processes_know_of_a_stop_whoever_was_asked_for_it() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, logs(url) as other:
            first = await here.log.begin(SCOPE, run_input(), on_stop=lambda: None)
            assert await other.log.is_ending(first.run) is False
            assert await here.log.request_stop(SCOPE, THREAD) is True
            assert await other.log.is_ending(first.run) is True
            await here.log.finish(first, [], Finished())
            second = await here.log.begin(SCOPE, run_input(), on_stop=lambda: None)
            assert await other.log.request_stop(SCOPE, THREAD) is True
            assert await here.log.is_ending(second.run) is True
            await here.log.finish(second, [], Finished())
            third = await here.log.begin(SCOPE, run_input(), on_stop=lambda: None)
            await here.log.announce_stop(third)
            assert await other.log.is_ending(third.run) is True

    run(test())
