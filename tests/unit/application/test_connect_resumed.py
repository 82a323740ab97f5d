"""Going on behind the last event seen: no gap, no repeat; where that cannot be, everything is shown again."""

import asyncio
from datetime import timedelta

import pytest

from agui_runtime.adapters.memory import MemoryThreadDirectory
from agui_runtime.adapters.scripted import say
from agui_runtime.application.compacted_run import compacted
from agui_runtime.application.cursors import cursor_of
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.events import TERMINAL
from agui_runtime.domain.identity import RunId
from agui_runtime.domain.runs import Finished, Interrupt, RunInput, Stopped
from tests.unit.application.connections import agent_in_two_parts, connect, entries_of, kinds, replay
from tests.unit.application.world import (
    SCOPE,
    THREAD,
    WRITER,
    World,
    agent_that_says,
    scenario,
    to_agent,
    user,
)

WORDS = ["a", "b", "c"]


async def logged(world: World) -> list[LogEntry]:
    return list(await world.log.read(SCOPE, THREAD))


async def two_runs(world: World) -> World:
    world.agents = (agent_that_says(*say("m", WORDS)),)
    for name in ("u1", "u2"):
        await world.complete(to_agent(messages=(user(message_id=name),)))
    return world


def test_from_every_place_of_the_raw_log_a_reader_gets_exactly_the_rest() -> None:
    world = World()

    async def test() -> None:
        entries = await logged(here := await two_runs(world))
        for at, entry in enumerate(entries):
            for after in (cursor_of(entry), entry.sequence):
                connection = await connect(here, after=after)
                assert not connection.restarted
                assert await entries_of(connection) == entries[at + 1 :]

    scenario(world, test)


def test_a_reader_of_a_live_run_goes_on_in_the_middle_of_it() -> None:
    world = World()

    async def test() -> None:
        gate = asyncio.get_running_loop().create_future()
        world.agents = (agent_in_two_parts(lambda: gate, *say("early", ["a", "b"])),)
        started = await world.start(to_agent())
        await asyncio.sleep(0.01)
        seen = (await logged(world))[-1]
        reading = asyncio.create_task(replay(world, after=cursor_of(seen)))
        await asyncio.sleep(0.01)
        gate.set_result(None)
        assert kinds(await reading) == [
            "TEXT_MESSAGE_START",
            "TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_END",
            "RUN_FINISHED",
        ]
        await started.live.wait()

    scenario(world, test)


def test_what_the_reader_saw_of_the_run_it_goes_on_in_is_told_apart_from_the_rest() -> None:
    world = World()

    async def test() -> None:
        entries = await logged(here := await two_runs(world))
        for at, entry in enumerate(entries):
            connection = await connect(here, after=cursor_of(entry))
            is_within = not isinstance(entry.event, TERMINAL)
            assert list(connection.seen) == [seen for seen in entries[: at + 1] if is_within and seen.run == entry.run]

    scenario(world, test)


def test_a_reader_that_left_before_a_live_run_began_gets_it_from_its_start() -> None:
    world = World(agents=(agent_that_says(*say("m", WORDS)),))

    async def test() -> None:
        await world.complete(to_agent())
        seen = (await logged(world))[-3]
        lease = await world.log.begin(SCOPE, RunInput(THREAD, RunId("r2")), on_stop=lambda: None)
        connection = await connect(world, after=cursor_of(seen))
        await world.log.append(lease, say("m2", ["x"]))
        await world.log.finish(lease, [], Finished())
        events = [entry.event for entry in await entries_of(connection)]
        assert kinds(events)[:3] == ["TEXT_MESSAGE_END", "RUN_FINISHED", "RUN_STARTED"]

    scenario(world, test)


@pytest.mark.parametrize("after", ["nonsense", "", "-1", "1-zz", "9999", 9999, 0, "0-1", "1-1"])
def test_a_place_that_is_none_here_shows_everything_again(after: str | int) -> None:
    world = World()

    async def test() -> None:
        here = await two_runs(world)
        connection = await connect(here, after=after)
        assert connection.restarted
        assert [entry.event for entry in await entries_of(connection)] == await replay(here)

    scenario(world, test)


def test_a_place_of_another_life_of_the_thread_shows_everything_again() -> None:
    world = World()

    async def test() -> None:
        place = cursor_of((await logged(await two_runs(world)))[2])
        await MemoryThreadDirectory(world.database, world.clock).delete(SCOPE, THREAD)
        world.clock.advance(60)
        await two_runs(world)
        assert (await connect(world, after=place)).restarted

    scenario(world, test)


def test_a_place_within_what_came_compacted_shows_everything_again() -> None:
    world = World()

    async def test() -> None:
        here = await two_runs(world)
        shown = await entries_of(await connect(here))
        places = [(await connect(here, after=cursor_of(entry))).restarted for entry in shown]
        assert places == [True, True, True, True, False] * 2

    scenario(world, test)


def test_a_place_in_a_run_that_the_log_has_compacted_since_shows_everything_again() -> None:
    world = World()

    async def test() -> None:
        here = await two_runs(world)
        raw = await logged(here)
        first = [entry for entry in raw if entry.run == raw[0].run]
        kept = compacted(first)
        await here.log.compact(raw[0].run, kept)
        assert (await connect(here, after=cursor_of(first[2]))).restarted
        connection = await connect(here, after=cursor_of(first[-1]))
        assert not connection.restarted
        assert await entries_of(connection) == [entry for entry in raw if entry.run != raw[0].run]

    scenario(world, test)


@pytest.mark.parametrize("at", [2, 5])
def test_what_a_guardrail_denied_is_not_shown_to_who_was_away_meanwhile(at: int) -> None:
    world = World(agents=(agent_that_says(*say("m", ["a"])),))

    async def test() -> None:
        await world.complete(to_agent())
        lease = await world.log.begin(SCOPE, RunInput(THREAD, RunId("r")), on_stop=lambda: None)
        await world.log.append(lease, say("denied", ["secret"]))
        await world.log.finish(lease, [e.RunError("no", ErrorCode.GUARDRAIL_DENIED)], Stopped())
        connection = await connect(world, after=at)
        assert connection.restarted
        assert kinds([entry.event for entry in await entries_of(connection)])[-2:] == ["RUN_STARTED", "RUN_ERROR"]

    scenario(world, test)


def test_whoever_saw_the_denial_itself_goes_on_behind_it() -> None:
    world = World(agents=(agent_that_says(*say("m", ["a"])),))

    async def test() -> None:
        lease = await world.log.begin(SCOPE, RunInput(THREAD, RunId("r")), on_stop=lambda: None)
        await world.log.finish(lease, [e.RunError("no", ErrorCode.GUARDRAIL_DENIED)], Stopped())
        await world.complete(to_agent())
        connection = await connect(world, after=2)
        assert not connection.restarted
        assert (await entries_of(connection))[0].sequence == 3

    scenario(world, test)


def test_a_place_of_another_scopes_thread_shows_nothing_of_it() -> None:
    world = World()

    async def test() -> None:
        here = await two_runs(world)
        place = cursor_of((await logged(here))[0])
        connection = await connect(here, after=place, thread_id="another")
        assert await entries_of(connection) == []
        assert not connection.is_known

    scenario(world, test)


def test_whoever_has_seen_all_gets_nothing_more() -> None:
    world = World()

    async def test() -> None:
        here = await two_runs(world)
        assert await replay(here, after=cursor_of((await logged(here))[-1]), agent=WRITER) == []

    scenario(world, test)


def test_the_state_of_a_run_that_failed_is_not_gone_on_with() -> None:
    world = World(agents=(agent_that_says(*say("m", ["a"])),))

    async def test() -> None:
        await world.complete(to_agent())
        seen = (await logged(world))[-1]
        world.agents = (agent_that_says(e.StateSnapshot({"lost": 1}), e.RunError("broke")),)
        await world.complete(to_agent(messages=(user(message_id="u2"),)))
        connection = await connect(world, after=cursor_of(seen))
        assert connection.restarted
        assert await entries_of(connection) == await entries_of(await connect(world))

    scenario(world, test)


def test_a_question_that_has_expired_is_not_gone_on_with() -> None:
    world = World(agents=(agent_that_says(*say("m", ["a"])),))

    async def test() -> None:
        await world.complete(to_agent())
        seen = (await logged(world))[-1]
        question = Interrupt("i", expires_at=world.clock.now() + timedelta(seconds=5))
        world.agents = (agent_that_says(e.RunFinished(THREAD, "r", interrupts=(question,))),)
        await world.complete(to_agent(messages=(user(message_id="u2"),)))
        assert not (await connect(world, after=cursor_of(seen))).restarted
        world.clock.advance(6)
        connection = await connect(world, after=cursor_of(seen))
        assert connection.restarted
        assert (await entries_of(connection))[-1].event.interrupts == ()  # type: ignore[union-attr]

    scenario(world, test)


def test_who_is_cut_off_before_the_state_that_a_live_run_began_from_is_shown_everything() -> None:
    world = World()

    async def test() -> None:
        gate = asyncio.get_running_loop().create_future()
        world.agents = (agent_in_two_parts(lambda: gate, *say("early", ["a"])),)
        await world.start(to_agent(state={"count": 1}))
        await asyncio.sleep(0.01)
        reading = asyncio.create_task(entries_of(await connect(world)))
        await asyncio.sleep(0.01)
        gate.set_result(None)
        started, snapshot, *_ = await reading
        assert snapshot.event == e.StateSnapshot({"count": 1})
        connection = await connect(world, after=cursor_of(started))
        assert connection.restarted
        assert not (await connect(world, after=cursor_of(snapshot))).restarted

    scenario(world, test)
