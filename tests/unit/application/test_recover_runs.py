"""Runs whose process is gone are sealed, their output kept, and their thread is free again."""

import logging
from collections.abc import Sequence

import pytest

from agui_runtime.adapters.memory import MemoryDatabase
from agui_runtime.adapters.scripted import say
from agui_runtime.application.open_interrupts import OpenInterrupts
from agui_runtime.application.recover_runs import LOST, RecoverRuns
from agui_runtime.application.values import Lease
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError, ErrorCode, UnavailableError
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.runs import Outcome, RunInput
from tests.support.clock import FakeClock
from tests.unit.application.leaving_log import LeavingLog
from tests.unit.application.world import CALLER, SCOPE, THREAD, WRITER, World, key_of, only, scenario, user


async def begin(world: World, *events: e.Event, agent: str | None = WRITER, thread: str = THREAD) -> Lease:
    """A run of a process that writes this and is gone."""
    name = None if agent is None else AgentName(agent)
    run_input = RunInput(ThreadId(thread), RunId("run-1"), name, messages=(user(),))
    lease = await world.log.begin(SCOPE, run_input, on_stop=lambda: None)
    await world.log.append(lease, events)
    return lease


async def recover(world: World) -> int:
    return await RecoverRuns(world.log, world.store)()


def test_a_live_run_is_left_alone() -> None:
    world = World()

    async def test() -> None:
        await begin(world)
        world.clock.advance(29)
        assert await recover(world) == 0

    scenario(world, test)


@pytest.mark.parametrize("agent", [WRITER, None])
def test_a_lost_run_is_sealed_as_failed_with_what_was_open_closed(agent: str | None) -> None:
    world = World()

    async def test() -> None:
        await begin(world, e.StepStarted("s"), *say("m", ["Hi"])[:2], agent=agent)
        world.clock.advance(31)
        assert await recover(world) == 1
        assert (await world.stored_events())[1:] == [
            e.StepStarted("s"),
            *say("m", ["Hi"])[:2],
            e.TextMessageEnd("m", closed_by_runtime=True),
            e.StepFinished("s", closed_by_runtime=True),
            e.RunError(LOST.message, ErrorCode.UNAVAILABLE),
        ]

    scenario(world, test)


def test_what_it_said_is_kept_and_the_thread_is_free() -> None:
    world = World()

    async def test() -> None:
        await begin(world, *say("m", ["Hi"]))
        with pytest.raises(BusyError):
            await begin(world)
        world.clock.advance(31)
        await recover(world)
        assert [message.content for message in await world.history()] == ["Hello", "Hi"]
        await begin(world)

    scenario(world, test)


def test_a_run_whose_state_was_saved_had_only_to_finish() -> None:
    world = World()

    async def test() -> None:
        lease = await begin(world, e.StateSnapshot({"n": 1}))
        await world.store.save(key_of(), {"n": 1}, expected_version=0, run=lease.run)
        world.clock.advance(31)
        await recover(world)
        assert (await world.stored_events())[-1] == e.RunFinished(THREAD, "run-1")

    scenario(world, test)


def test_a_question_in_the_log_of_a_run_that_had_only_to_finish_stays_open() -> None:
    world = World()

    async def test() -> None:
        lease = await begin(world, e.Custom("on_interrupt", "Sure?"), e.StateSnapshot({"n": 1}))
        await world.store.save(key_of(), {"n": 1}, expected_version=0, run=lease.run)
        world.clock.advance(31)
        await recover(world)
        (waiting,) = await OpenInterrupts(world.threads, world.clock)(CALLER, THREAD)
        assert (waiting.interrupt.value, waiting.interrupt.is_derived) == ("Sure?", True)

    scenario(world, test)


def test_a_state_that_another_run_saved_does_not_finish_this_one() -> None:
    world = World()

    async def test() -> None:
        await begin(world)
        await world.put_state({"n": 1})
        world.clock.advance(31)
        await recover(world)
        assert (await world.stored_events())[-1].type == "RUN_ERROR"

    scenario(world, test)


def test_the_old_holder_can_write_no_more() -> None:
    world = World()

    async def test() -> None:
        lease = await begin(world)
        world.clock.advance(31)
        await recover(world)
        with pytest.raises(Exception, match="ended or taken over"):
            await world.log.append(lease, say("m", ["late"]))

    scenario(world, test)


def test_a_run_is_sealed_once() -> None:
    world = World()

    async def test() -> None:
        await begin(world)
        world.clock.advance(31)
        assert [await recover(world), await recover(world)] == [1, 0]
        assert len(only(await world.stored_events(), e.RunError)) == 1

    scenario(world, test)


@pytest.mark.parametrize("fault", [UnavailableError("The store is away."), RuntimeError("A driver's own error.")])
def test_one_run_that_cannot_be_sealed_does_not_keep_the_others(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    load = world.store.load

    class Moody:
        async def load(self, key: object) -> object:
            if getattr(key, "agent_name", "") == "cursed":
                raise fault
            return await load(key)  # type: ignore[arg-type]

    async def test() -> None:
        await begin(world, agent="cursed")
        await begin(world, thread="thread-2")
        world.clock.advance(31)
        assert await RecoverRuns(world.log, Moody())() == 1  # type: ignore[arg-type]
        assert "could not be sealed" in caplog.text
        world.clock.advance(31)
        assert await recover(world) == 1, "it is tried again"

    scenario(world, test)


class Leaving(LeavingLog):
    """A log that goes away when so many runs are sealed."""

    async def finish(self, lease: Lease, events: Sequence[e.Event], outcome: Outcome) -> None:
        self.check()
        await super().finish(lease, events, outcome)
        self.left -= 1


def test_a_log_that_goes_away_in_the_middle_ends_the_round_and_no_run_tells_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    database, clock = MemoryDatabase(), FakeClock()
    log = Leaving(database, clock, 30.0)
    world = World(log=log, database=database, clock=clock)

    async def test() -> None:
        for number in range(5):
            await begin(world, thread=f"thread-{number}")
        world.clock.advance(31)
        with pytest.raises(UnavailableError, match="The log is away"):
            await recover(world)
        assert caplog.records == []
        log.left = 5
        world.clock.advance(31)
        assert await recover(world) == 3

    # Some SDK that other tests import has the root logger tell everything.
    with caplog.at_level(logging.WARNING):
        scenario(world, test)
