"""Connecting, stopping, interrupting and compacting across two servers on one database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve, frozen

from agui_runtime.adapters.postgres import PostgresRunLog, PostgresStateStore, PostgresThreadDirectory
from agui_runtime.adapters.scripted import say
from agui_runtime.application.compact_runs import CompactRuns
from agui_runtime.application.cursors import cursor_of
from agui_runtime.application.open_interrupts import OpenInterrupts
from agui_runtime.application.stop_run import StopResult, StopRun
from agui_runtime.application.threads import DeleteThread
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.policy import BusyPolicy, StateLimits
from agui_runtime.domain.runs import Interrupt, Resume
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.application.connections import agent_in_two_parts, connect, entries_of, replay
from tests.unit.application.world import CALLER, LIMITS, SCOPE, THREAD, World, agent_that_says, to_agent, user

pytestmark = pytest.mark.postgres

PATIENT = evolve(LIMITS, busy_seconds=5.0, stop_seconds=5.0)


@frozen
class Server:
    """One process's application over the database."""

    world: World
    threads: PostgresThreadDirectory


@asynccontextmanager
async def server(url: str, clock: FakeClock) -> AsyncIterator[Server]:
    async with postgres.opened(postgres.settings_for(url)) as database:
        log = PostgresRunLog(database, clock, 30.0)
        await log.open()
        store = PostgresStateStore(database, clock, StateLimits())
        world = World(log=log, store=store, clock=clock, limits=PATIENT)
        try:
            yield Server(world, PostgresThreadDirectory(database, clock))
            await world.supervisor.drain(0)
        finally:
            await log.close()


def on_two_servers(test: Callable[[Server, Server], Coroutine[Any, Any, None]]) -> None:
    async def within() -> None:
        clock = FakeClock()
        async with (
            asyncio.timeout(60),
            postgres.database() as url,
            server(url, clock) as one,
            server(url, clock) as other,
        ):
            await test(one, other)

    run(within())


def never() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


async def logged(of: Server) -> list[LogEntry]:
    return list(await of.world.log.read(SCOPE, THREAD))


def test_what_a_reader_saw_on_one_server_it_goes_on_from_on_the_other() -> None:
    async def test(one: Server, other: Server) -> None:
        one.world.agents = (agent_that_says(*say("m", ["a", "b", "c"])),)
        started = await one.world.start(to_agent())
        seen = [entry async for batch in started.live.follow() for entry in batch]
        await started.live.wait()
        for at, entry in enumerate(seen):
            connection = await connect(other.world, after=cursor_of(entry))
            assert not connection.restarted
            assert [rest.event for rest in await entries_of(connection)] == [rest.event for rest in seen[at + 1 :]]

    on_two_servers(test)


def test_a_live_run_is_followed_and_stopped_from_the_other_server() -> None:
    async def test(one: Server, other: Server) -> None:
        one.world.agents = (agent_in_two_parts(never, *say("early", ["a", "b"])),)
        started = await one.world.start(to_agent())
        reading = asyncio.create_task(replay(other.world))
        stop = StopRun(other.world.log, other.threads)
        assert await stop(CALLER, THREAD, started.live.run_id) is StopResult.STOPPED
        await started.live.wait()
        assert await reading == [entry.event for entry in await logged(one)]
        assert await stop(CALLER, THREAD, started.live.run_id) is StopResult.NOTHING_LIVE

    on_two_servers(test)


def test_a_run_on_one_server_makes_way_for_one_on_the_other() -> None:
    async def test(one: Server, other: Server) -> None:
        one.world.agents = (agent_in_two_parts(never),)
        other.world.agents = (agent_that_says(*say("m2", ["Hi"])),)
        await one.world.start(to_agent())
        request = to_agent(busy_policy=BusyPolicy.INTERRUPT, messages=(user(message_id="u2"),))
        assert (await other.world.complete(request))[-1].type == "RUN_FINISHED"
        ends = [entry for entry in await logged(other) if isinstance(entry.event, e.TERMINAL)]
        assert len(ends) == 2

    on_two_servers(test)


def test_compaction_on_one_server_changes_nothing_for_readers_of_the_other() -> None:
    async def test(one: Server, other: Server) -> None:
        one.world.agents = (agent_that_says(*say("m", ["a"] * 50), e.StateSnapshot({"n": 1})),)
        for name in ("u1", "u2"):
            await one.world.complete(to_agent(messages=(user(message_id=name),)))
        raw = await logged(other)
        before, history = await replay(other.world), await other.world.history()
        one.world.clock.advance(301)
        assert await CompactRuns(one.world.log, one.world.clock, 300.0)() == 2
        kept = await logged(other)
        assert len(kept) == 12
        assert all(entry.compacted for entry in kept)
        assert await replay(other.world) == before
        assert await other.world.history() == history
        assert (await connect(other.world, after=cursor_of(raw[3]))).restarted
        connection = await connect(other.world, after=cursor_of(raw[len(raw) // 2 - 1]))
        assert not connection.restarted, "the end of a run is a place that compaction keeps"
        assert len(await entries_of(connection)) == 6

    on_two_servers(test)


def test_a_question_asked_on_one_server_is_answered_on_the_other_once() -> None:
    async def test(one: Server, other: Server) -> None:
        question = Interrupt("q1", message="Sure?", expires_at=one.world.clock.after(60))
        one.world.agents = (agent_that_says(e.RunFinished("t", "r", interrupts=(question,))),)
        other.world.agents = (agent_that_says(),)
        await one.world.complete(to_agent())
        (waiting,) = await OpenInterrupts(other.world.threads, other.world.clock)(CALLER, THREAD)
        assert waiting.interrupt == question
        await other.world.complete(to_agent(resume=(Resume("q1", "resolved", {"ok": True}),)))
        assert await OpenInterrupts(one.world.threads, one.world.clock)(CALLER, THREAD) == []

    on_two_servers(test)


def test_a_question_in_the_old_form_is_known_as_such_after_a_restart() -> None:
    async def test(one: Server, other: Server) -> None:
        one.world.agents = (agent_that_says(e.Custom("on_interrupt", "Sure?")),)
        await one.world.complete(to_agent())
        (waiting,) = await OpenInterrupts(other.world.threads, other.world.clock)(CALLER, THREAD)
        assert waiting.interrupt.is_derived

    on_two_servers(test)


def test_a_place_of_a_thread_that_was_erased_and_begun_anew_shows_everything() -> None:
    async def test(one: Server, other: Server) -> None:
        one.world.agents = (agent_that_says(*say("m", ["a"])),)
        await one.world.complete(to_agent())
        place = cursor_of((await logged(one))[2])
        assert await DeleteThread(other.threads, other.world.store)(CALLER, THREAD)
        one.world.clock.advance(60)
        await one.world.complete(to_agent())
        connection = await connect(other.world, after=place)
        assert connection.restarted

    on_two_servers(test)
