"""A request on a busy thread: it is refused, waits without looking all the time, or stops the run before it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from attrs import evolve

from agui_runtime.adapters.memory import MemoryRunLog, MemoryThreadDirectory
from agui_runtime.adapters.scripted import ScriptedAgent, say
from agui_runtime.application.values import Lease, LogEntry, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError, UnavailableError
from agui_runtime.domain.identity import RunId, RunKey, Scope, ThreadId
from agui_runtime.domain.policy import BusyPolicy
from agui_runtime.domain.runs import Finished, RunInput
from tests.unit.application.plans import forever
from tests.unit.application.world import (
    LIMITS,
    SCOPE,
    THREAD,
    WRITER,
    World,
    agent_that_says,
    events_of,
    scenario,
    to_agent,
    user,
)

QUICK = agent_that_says(*say("m2", ["Hi"]), name="quick")


FOR_EVER = 3600.0
"""Longer than any test may take."""


class Watched(MemoryRunLog):
    """A log that counts its readers, and lets a test do something between a read and a beginning."""

    reads = 0
    before_begin: Callable[[], Any] | None = None
    before_is_ending: Callable[[], Any] | None = None
    announcing_fault: Exception | None = None

    async def read(self, scope: Scope, thread_id: ThreadId, *, after: int = 0) -> Sequence[LogEntry]:
        self.reads += 1
        return await super().read(scope, thread_id, after=after)

    async def begin(self, scope: Scope, run_input: RunInput, *, on_stop: Callable[[], None]) -> Lease:
        between, self.before_begin = self.before_begin, None
        if between is not None:
            await between()
        return await super().begin(scope, run_input, on_stop=on_stop)

    async def is_ending(self, run: RunKey) -> bool:
        between, self.before_is_ending = self.before_is_ending, None
        if between is not None:
            await between()
        return await super().is_ending(run)

    async def announce_stop(self, lease: Lease) -> None:
        if self.announcing_fault is not None:
            raise self.announcing_fault
        await super().announce_stop(lease)


def world_of(*, stubborn: bool = False, **limits: float) -> tuple[World, Watched]:
    async def hang(_: RunInput, __: RunContext) -> AsyncIterator[e.Event]:
        yield e.TextMessageStart("m")
        try:
            await forever()
        except asyncio.CancelledError:
            if stubborn:
                await asyncio.sleep(0.05)
            raise

    world = World(agents=(ScriptedAgent(WRITER, hang), QUICK), limits=evolve(LIMITS, **limits))
    log = Watched(world.database, world.clock, 30.0)
    return World(agents=world.agents, limits=world.limits, log=log, database=world.database, clock=world.clock), log


def test_a_request_that_waits_does_not_read_the_thread_again_and_again() -> None:
    world, log = world_of(busy_seconds=5.0)

    async def test() -> None:
        first = await world.start(to_agent())
        log.reads = 0
        second = asyncio.create_task(world.complete(to_agent("quick", stops_by_hanging_up=True)))
        await asyncio.sleep(0.2)
        assert log.reads == 1
        first.live.stop()
        await second
        assert log.reads <= 3

    scenario(world, test)


@pytest.mark.parametrize("stops_by_hanging_up", [False, True], ids=["at once", "in the end"])
def test_a_refusal_names_the_run_that_is_live(stops_by_hanging_up: bool) -> None:
    world, _ = world_of(busy_seconds=0.02)

    async def test() -> None:
        await world.start(to_agent(client_run_id=RunId("mine")))
        with pytest.raises(BusyError) as refused:
            await world.start(to_agent("quick", stops_by_hanging_up=stops_by_hanging_up))
        assert refused.value.details["run_id"] == "mine"

    scenario(world, test)


def test_behind_a_run_that_nobody_stops_a_request_is_refused_without_a_wait() -> None:
    world, _ = world_of(busy_seconds=FOR_EVER)

    async def test() -> None:
        first = await world.start(to_agent())
        with pytest.raises(BusyError):
            await world.start(to_agent("quick"))
        first.live.stop()
        await first.live.wait()
        assert (await world.complete(to_agent("quick")))[-1].type == "RUN_FINISHED"

    scenario(world, test)


@pytest.mark.parametrize("stopped_by", ["a request to stop", "its client's hanging up"])
def test_behind_a_run_that_is_being_stopped_a_request_waits_for_its_end(stopped_by: str) -> None:
    world, log = world_of(stubborn=True, busy_seconds=FOR_EVER, stop_seconds=FOR_EVER)

    async def test() -> None:
        first = await world.start(to_agent())
        await asyncio.sleep(0.01)
        if stopped_by == "a request to stop":
            assert await log.request_stop(SCOPE, THREAD)
        else:
            first.live.stop()
            await asyncio.sleep(0.01)
        ended = await world.complete(to_agent("quick", messages=(user(message_id="u2"),)))
        assert ended[-1].type == "RUN_FINISHED"
        await first.live.wait()
        ends = [event.type for event in await world.stored_events() if isinstance(event, e.TERMINAL)]
        assert ends == ["RUN_FINISHED", "RUN_FINISHED"]

    scenario(world, test)


def test_a_stop_that_arrives_right_behind_the_next_run_is_as_good_as_one_before_it() -> None:
    world, log = world_of(busy_seconds=FOR_EVER)

    async def test() -> None:
        await world.start(to_agent())
        stops: list[asyncio.Task[bool]] = []

        async def arrive() -> None:
            stops.append(asyncio.create_task(log.request_stop(SCOPE, THREAD)))

        # The task runs when the log has been asked: the first look sees a run that goes on.
        log.before_is_ending = arrive
        ended = await world.complete(to_agent("quick", messages=(user(message_id="u2"),)))
        assert (ended[-1].type, await stops[0]) == ("RUN_FINISHED", True)

    scenario(world, test)


def test_a_stopped_run_that_does_not_end_is_not_waited_for_for_ever() -> None:
    world, log = world_of(stubborn=True, busy_seconds=0.01, stop_seconds=1.0)

    async def test() -> None:
        await world.start(to_agent())
        await asyncio.sleep(0.01)
        await log.request_stop(SCOPE, THREAD)
        with pytest.raises(BusyError):
            await world.start(to_agent("quick"))

    scenario(world, test)


def test_a_run_that_ended_after_it_was_seen_live_refuses_nobody() -> None:
    world, log = world_of(busy_seconds=FOR_EVER)

    async def test() -> None:
        first = await world.start(to_agent())

        async def ends() -> None:
            first.live.stop()
            await first.live.wait()

        log.before_is_ending = ends
        assert (await world.complete(to_agent("quick")))[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_a_run_whose_stop_cannot_be_announced_stops_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    world, log = world_of()

    async def test() -> None:
        log.announcing_fault = UnavailableError("The log is away.")
        first = await world.start(to_agent())
        first.live.stop()
        assert (await events_of(first))[-1].type == "RUN_FINISHED"

    with caplog.at_level("INFO"):
        scenario(world, test)
    assert any("being stopped: The log is away." in message for message in caplog.messages)


def test_the_run_before_is_stopped_where_the_policy_is_to_interrupt() -> None:
    world, _ = world_of(busy_seconds=0.05, stop_seconds=1.0)

    async def test() -> None:
        first = await world.start(to_agent())
        request = to_agent("quick", busy_policy=BusyPolicy.INTERRUPT, messages=(user(message_id="u2"),))
        assert (await world.complete(request))[-1].type == "RUN_FINISHED"
        await first.live.wait()
        ends = [event.type for event in await world.stored_events() if isinstance(event, e.TERMINAL)]
        assert ends == ["RUN_FINISHED", "RUN_FINISHED"]

    scenario(world, test)


def test_the_runtimes_policy_holds_where_the_request_says_nothing() -> None:
    world, _ = world_of(busy_seconds=0.05, stop_seconds=1.0)
    world.busy_policy = BusyPolicy.INTERRUPT

    async def test() -> None:
        first = await world.start(to_agent())
        assert (await world.complete(to_agent("quick")))[-1].type == "RUN_FINISHED"
        await first.live.wait()
        await world.start(to_agent())
        with pytest.raises(BusyError):
            await world.start(to_agent("quick", busy_policy=BusyPolicy.REJECT))

    scenario(world, test)


def test_an_old_run_that_unwinds_slowly_is_waited_for() -> None:
    world, _ = world_of(stubborn=True, busy_seconds=0.01, stop_seconds=1.0)

    async def test() -> None:
        await world.start(to_agent())
        await asyncio.sleep(0.01)
        request = to_agent("quick", busy_policy=BusyPolicy.INTERRUPT)
        assert (await world.complete(request))[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_of_many_that_interrupt_at_once_all_run_one_after_another() -> None:
    world, _ = world_of(busy_seconds=5.0, stop_seconds=1.0)

    async def test() -> None:
        await world.start(to_agent())
        requests = [
            to_agent("quick", busy_policy=BusyPolicy.INTERRUPT, messages=(user(message_id=f"u{number}"),))
            for number in range(5)
        ]
        ended = await asyncio.gather(*map(world.complete, requests))
        assert [events[-1].type for events in ended] == ["RUN_FINISHED"] * 5
        assert len([event for event in await world.stored_events() if isinstance(event, e.RunStarted)]) == 6

    scenario(world, test)


# Races


async def _run_through(world: World, run_id: str, message_id: str) -> None:
    run_input = RunInput(THREAD, RunId(run_id), messages=(user(message_id=message_id),))
    lease = await MemoryRunLog.begin(world.log, SCOPE, run_input, on_stop=lambda: None)  # type: ignore[arg-type]
    await world.log.append(lease, say("theirs", ["x"]))
    await world.log.finish(lease, [e.RunFinished(THREAD, run_id)], Finished())


def test_a_run_that_came_and_went_between_the_read_and_the_beginning_is_seen() -> None:
    world, log = world_of()

    async def test() -> None:
        await world.complete(to_agent("quick"))
        log.before_begin = lambda: _run_through(world, "between", "question-1b")
        events = await world.complete(to_agent("quick", messages=(user(), user(message_id="question-1b"))))
        (started,) = [event for event in events if isinstance(event, e.RunStarted)]
        assert started.input is not None
        assert started.input.messages == (), "the other run has brought the message"
        assert len(await world.stored_events()) == 5 + 5 + len(events)

    scenario(world, test)


def test_the_first_run_of_a_thread_sees_one_that_was_faster() -> None:
    world, log = world_of()

    async def test() -> None:
        log.before_begin = lambda: _run_through(world, "between", "question-1")
        events = await world.complete(to_agent("quick"))
        (started,) = [event for event in events if isinstance(event, e.RunStarted)]
        assert started.input is not None
        assert started.input.messages == ()

    scenario(world, test)


def test_a_thread_erased_between_the_read_and_the_beginning_begins_anew_with_all_that_the_client_has() -> None:
    world, log = world_of()
    threads = MemoryThreadDirectory(world.database, world.clock)

    async def test() -> None:
        await world.complete(to_agent("quick"))
        log.before_begin = lambda: threads.delete(SCOPE, THREAD)
        await world.complete(to_agent("quick", messages=(user(), user("And?", "u2"))))
        assert [message.id for message in await world.history()] == ["question-1", "u2", "m2"]

    scenario(world, test)


def test_a_run_that_begins_between_the_read_and_the_beginning_is_waited_for_where_it_is_being_stopped() -> None:
    world, log = world_of(busy_seconds=FOR_EVER)

    async def test() -> None:
        async def begin() -> None:
            run_input = RunInput(THREAD, RunId("between"))
            lease = await MemoryRunLog.begin(log, SCOPE, run_input, on_stop=lambda: None)
            await log.announce_stop(lease)
            ending = log.finish(lease, [e.RunFinished(THREAD, "between")], Finished())
            endings.append(asyncio.create_task(_later(ending)))

        endings: list[asyncio.Task[None]] = []
        log.before_begin = begin
        assert (await world.complete(to_agent("quick")))[-1].type == "RUN_FINISHED"
        await asyncio.gather(*endings)

    scenario(world, test)


def test_a_run_that_begins_between_the_read_and_the_beginning_and_goes_on_refuses_the_request() -> None:
    world, log = world_of(busy_seconds=FOR_EVER)

    async def test() -> None:
        run_input = RunInput(THREAD, RunId("between"))
        log.before_begin = lambda: MemoryRunLog.begin(log, SCOPE, run_input, on_stop=lambda: None)
        with pytest.raises(BusyError) as refused:
            await world.start(to_agent("quick"))
        assert refused.value.details["run_id"] == "between"

    scenario(world, test)


async def _later(ending: Any) -> None:
    await asyncio.sleep(0.05)
    await ending
