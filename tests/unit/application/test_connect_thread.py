"""What a reader of a thread is shown: ended runs compacted, the live one from its start, the state that holds."""

import asyncio
from typing import Any

import pytest

from agui_runtime.adapters.scripted import say
from agui_runtime.application.connect_thread import BATCH, WITHDRAWN
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError, ErrorCode
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import RunId
from agui_runtime.domain.runs import Finished, Interrupt, RunInput, Stopped
from tests.unit.application.connections import agent_in_two_parts, connect, entries_of, kinds, replay
from tests.unit.application.world import (
    SCOPE,
    THREAD,
    WRITER,
    Refusing,
    World,
    agent_that_says,
    only,
    scenario,
    to_agent,
    user,
)

STATE = e.StateSnapshot({"count": 1})
DELTA = e.StateDelta(({"op": "add", "path": "/new", "value": 2},))


def test_an_unknown_thread_is_an_empty_answer() -> None:
    world = World()

    async def test() -> None:
        connection = await connect(world)
        assert await entries_of(connection) == []
        assert (connection.state, connection.is_known, connection.restarted) == (None, False, False)

    scenario(world, test)


def test_ended_runs_come_compacted_with_what_the_user_said() -> None:
    world = World(agents=(agent_that_says(*say("m", ["a", "b", "c"])),))

    async def test() -> None:
        await world.complete(to_agent())
        events = await replay(world)
        assert kinds(events) == [
            "RUN_STARTED",
            "TEXT_MESSAGE_START",
            "TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_END",
            "RUN_FINISHED",
        ]
        assert fold_messages(events) == await world.history()

    scenario(world, test)


def test_runs_of_every_outcome_are_replayed_in_order() -> None:
    broken = agent_that_says(e.TextMessageStart("half"), e.RunError("broke"), name="broken")
    asking = agent_that_says(e.RunFinished("t", "r", interrupts=(Interrupt("q"),)), name="asking")
    world = World(agents=(broken, asking, agent_that_says(*say("m", ["a"]))))

    async def test() -> None:
        for number, name in enumerate(("broken", "asking", WRITER)):
            await world.complete(to_agent(name, messages=(user(message_id=f"u{number}"),)))
        ends = [event.type for event in await replay(world) if isinstance(event, e.TERMINAL)]
        assert ends == ["RUN_ERROR", "RUN_FINISHED", "RUN_FINISHED"]

    scenario(world, test)


def test_a_live_run_is_followed_from_its_start_to_its_end_uncompacted() -> None:
    gate: list[asyncio.Future[None]] = []
    world = World()

    async def test() -> None:
        gate.append(asyncio.get_running_loop().create_future())
        world.agents = (agent_in_two_parts(lambda: gate[0], *say("early", ["a", "b"])),)
        started = await world.start(to_agent())
        await asyncio.sleep(0.01)
        reading = asyncio.create_task(replay(world))
        await asyncio.sleep(0.01)
        assert not reading.done()
        gate[0].set_result(None)
        assert await reading == await world.stored_events()
        await started.live.wait()

    scenario(world, test)


def test_a_reader_that_leaves_does_not_disturb_the_run() -> None:
    gate: list[asyncio.Future[None]] = []
    world = World()

    async def test() -> None:
        gate.append(asyncio.get_running_loop().create_future())
        world.agents = (agent_in_two_parts(lambda: gate[0]),)
        started = await world.start(to_agent())
        reading = asyncio.create_task(replay(world))
        await asyncio.sleep(0.01)
        reading.cancel()
        gate[0].set_result(None)
        await started.live.wait()
        assert (await world.stored_events())[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_nothing_is_lost_when_the_run_ends_between_the_read_and_the_follow() -> None:
    world = World()

    async def test() -> None:
        run_input = RunInput(THREAD, RunId("r"), agent_name=WRITER)
        lease = await world.log.begin(SCOPE, run_input, on_stop=lambda: None)
        connection = await connect(world)
        await world.log.append(lease, say("m", ["a"]))
        await world.log.finish(lease, [e.RunFinished(THREAD, "r")], Finished())
        entries = await entries_of(connection)
        assert [entry.event for entry in entries] == await world.stored_events()

    scenario(world, test)


def test_a_run_that_its_agent_refused_still_ends_for_who_saw_it_begin() -> None:
    world = World()

    async def test() -> None:
        connection: list[Any] = []

        def look() -> None:
            connection.append(asyncio.create_task(replay(world)))

        class Slow(Refusing):
            async def start(self, run_input: Any, context: Any) -> Any:
                look()
                await asyncio.sleep(0.01)
                raise AgentError("no")

        world.agents = (Slow(AgentError("no")),)
        with pytest.raises(AgentError):
            await world.start(to_agent())
        events = await connection[0]
        assert kinds(events) == ["RUN_STARTED", "RUN_ERROR"]
        assert events[-1] == WITHDRAWN

    scenario(world, test)


def test_a_run_withdrawn_before_it_was_followed_is_as_if_it_had_never_begun() -> None:
    world = World()

    async def test() -> None:
        lease = await world.log.begin(SCOPE, RunInput(THREAD, RunId("r")), on_stop=lambda: None)
        connection = await connect(world)
        await world.log.abandon(lease)
        assert await entries_of(connection) == []

    scenario(world, test)


# State


def test_the_replay_ends_with_the_stored_state_of_the_agent_asked_for() -> None:
    world = World(agents=(agent_that_says(STATE, *say("m", ["a"])),))

    async def test() -> None:
        await world.complete(to_agent())
        await world.put_state({"count": 7})
        events = await replay(world)
        assert only(events, e.StateSnapshot) == [e.StateSnapshot({"count": 7})]
        assert kinds(events)[-2:] == ["STATE_SNAPSHOT", "RUN_FINISHED"]

    scenario(world, test)


def test_a_run_without_state_events_gets_the_stored_state_before_its_end() -> None:
    world = World(agents=(agent_that_says(*say("m", ["a"])),))

    async def test() -> None:
        await world.put_state({"count": 7})
        await world.complete(to_agent())
        assert kinds(await replay(world))[-2:] == ["STATE_SNAPSHOT", "RUN_FINISHED"]

    scenario(world, test)


def test_the_state_of_a_failed_run_that_was_not_saved_does_not_come_back() -> None:
    world = World(agents=(agent_that_says(STATE, e.RunError("broke")),))

    async def test() -> None:
        await world.complete(to_agent())
        assert only(await replay(world), e.StateSnapshot) == [e.StateSnapshot({})]

    scenario(world, test)


def test_the_state_of_another_agent_is_not_taken_for_the_own_one() -> None:
    world = World(agents=(agent_that_says(STATE), agent_that_says(*say("m", ["a"]), name="other")))

    async def test() -> None:
        await world.complete(to_agent())
        assert only(await replay(world, agent="other"), e.StateSnapshot)[-1] == e.StateSnapshot({})
        assert only(await replay(world), e.StateSnapshot)[-1] == STATE

    scenario(world, test)


def test_a_state_that_is_no_object_comes_back_from_the_log() -> None:
    world = World(agents=(agent_that_says(e.StateSnapshot([1, 2])),))

    async def test() -> None:
        await world.complete(to_agent())
        assert only(await replay(world), e.StateSnapshot) == [e.StateSnapshot([1, 2])]

    scenario(world, test)


def test_deltas_alone_keep_what_the_client_sent() -> None:
    world = World(agents=(agent_that_says(DELTA),))

    async def test() -> None:
        await world.complete(to_agent(state={"kept": 1}))
        assert only(await replay(world), e.StateSnapshot) == [e.StateSnapshot({"kept": 1, "new": 2})]

    scenario(world, test)


def test_a_state_without_any_run_is_told_as_a_run_of_its_own() -> None:
    world = World()

    async def test() -> None:
        await world.put_state({"count": 7})
        connection = await connect(world)
        events = [entry.event for entry in await entries_of(connection)]
        assert kinds(events) == ["RUN_STARTED", "STATE_SNAPSHOT", "RUN_FINISHED"]
        assert connection.is_known
        assert connection.state is not None
        assert connection.state.version == 1

    scenario(world, test)


def test_a_reader_of_a_live_run_is_told_the_state_that_it_began_from() -> None:
    world = World()

    async def test() -> None:
        run_input = RunInput(THREAD, RunId("r"), agent_name=WRITER, state={"kept": 1})
        lease = await world.log.begin(SCOPE, run_input, on_stop=lambda: None)
        await world.log.append(lease, [DELTA])
        connection = await connect(world)
        await world.log.finish(lease, [e.RunFinished(THREAD, "r")], Stopped())
        events = [entry.event for entry in await entries_of(connection)]
        assert events[1:] == [e.StateSnapshot({"kept": 1}), DELTA, e.RunFinished(THREAD, "r")]

    scenario(world, test)


# Denials and sizes


def test_what_a_guardrail_denied_is_not_shown() -> None:
    world = World()

    async def test() -> None:
        lease = await world.log.begin(SCOPE, RunInput(THREAD, RunId("r")), on_stop=lambda: None)
        await world.log.append(lease, say("m", ["secret"]))
        await world.log.finish(lease, [e.RunError("no", ErrorCode.GUARDRAIL_DENIED)], Stopped())
        assert kinds(await replay(world)) == ["RUN_STARTED", "RUN_ERROR"]

    scenario(world, test)


def test_a_long_thread_comes_in_several_batches_and_whole() -> None:
    world = World(agents=(agent_that_says(*say("m", ["a"])),))

    async def test() -> None:
        for number in range(BATCH // 5 + 1):
            await world.complete(to_agent(messages=(user(message_id=f"u{number}"),)))
        sizes = [len(batch) async for batch in (await connect(world)).entries]
        assert sizes == [BATCH, 5]

    scenario(world, test)
