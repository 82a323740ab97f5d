"""Stopping a live run: before, in the middle and after, and agents that will not listen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from attrs import evolve

from agui_runtime.adapters.scripted import call, say
from agui_runtime.application.measured_recording import MeasuredRecording
from agui_runtime.application.values import Verdict
from agui_runtime.domain import events as e
from agui_runtime.domain.runs import Finished, Stopped
from tests.unit.application.plans import DONE, Recorded, Source, forever, launch
from tests.unit.application.world import LIMITS, SCOPE, THREAD, World, scenario


def world_of(**limits: Any) -> World:
    return World(limits=evolve(LIMITS, **limits))


def test_a_stop_before_the_first_event_ends_the_run_and_closes_the_producer() -> None:
    world, source = world_of(), Source(*say("m", ["a"]), DONE)

    async def test() -> None:
        launched = await launch(world, source, stopped=True)
        assert await launched.end() == [DONE]
        assert [result.outcome for result in launched.after] == [Stopped()]
        assert source.closed == 1

    scenario(world, test)


def test_a_stop_in_the_middle_closes_what_is_open() -> None:
    world, source = world_of(), Source(*say("m", ["a"])[:2], forever)

    async def test() -> None:
        launched = await launch(world, source)
        await asyncio.sleep(0.01)
        launched.live.stop()
        events = await launched.end()
        assert events[:2] == list(say("m", ["a"])[:2])
        assert events[2:] == [e.TextMessageEnd("m", closed_by_runtime=True), DONE]
        assert source.closed == 1

    scenario(world, test)


def test_a_stop_in_the_middle_of_a_call_gives_it_a_result() -> None:
    world = world_of()

    async def test() -> None:
        launched = await launch(world, Source(*call("c", "t", ['{"a'])[:2], forever))
        await asyncio.sleep(0.01)
        launched.live.stop()
        (result,) = [event for event in await launched.end() if isinstance(event, e.ToolCallResult)]
        assert result.closed_by_runtime
        assert '"stopped"' in result.content

    scenario(world, test)


def test_a_stop_after_the_end_changes_nothing() -> None:
    world = world_of()

    async def test() -> None:
        launched = await launch(world, Source(DONE))
        events = await launched.end()
        launched.live.stop()
        launched.live.stop()
        await asyncio.sleep(0)
        assert events == [DONE]
        assert [result.outcome for result in launched.after] == [Finished()]

    scenario(world, test)


def test_an_agent_that_swallows_the_stop_is_sealed_and_its_late_events_dropped() -> None:
    world = world_of(stop_seconds=0.03)
    release = asyncio.Event()

    async def deaf() -> AsyncIterator[e.Event]:
        yield e.TextMessageStart("m")
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        yield e.TextMessageContent("m", "too late")
        yield e.TextMessageEnd("m")
        yield DONE

    async def test() -> None:
        launched = await launch(world, deaf())
        await asyncio.sleep(0.01)
        launched.live.stop()
        events = await launched.end()
        assert events == [e.TextMessageStart("m"), e.TextMessageEnd("m", closed_by_runtime=True), DONE]
        release.set()
        await asyncio.sleep(0.02)
        measured = launched.live._recording
        assert isinstance(measured, MeasuredRecording)
        recording = measured._inner
        assert isinstance(recording, Recorded)
        assert (recording.said, recording.finishes) == (events, 1)

    scenario(world, test)


def test_a_late_opening_of_a_sealed_agent_is_not_closed_in_its_record() -> None:
    world = world_of(stop_seconds=0.01)
    release, concluding = asyncio.Event(), asyncio.Event()

    async def deaf() -> AsyncIterator[e.Event]:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        yield e.TextMessageStart("late")

    async def test() -> None:
        launched = await launch(world, deaf(), while_concluding=lambda: _let_go(release, concluding))
        await asyncio.sleep(0.01)
        launched.live.stop()
        assert await launched.end() == [DONE]
        assert concluding.is_set()

    scenario(world, test)


async def _let_go(release: asyncio.Event, concluding: asyncio.Event) -> None:
    """A slow save, during which the agent goes on."""
    release.set()
    for _ in range(5):
        await asyncio.sleep(0)
    concluding.set()


def test_an_agent_may_unwind_and_say_a_last_word_in_time() -> None:
    world = world_of(stop_seconds=1.0)

    async def polite() -> AsyncIterator[e.Event]:
        yield e.TextMessageStart("m")
        try:
            await forever()
        except asyncio.CancelledError:
            yield e.TextMessageContent("m", "bye")
            yield e.TextMessageEnd("m")
            yield DONE

    async def test() -> None:
        launched = await launch(world, polite())
        await asyncio.sleep(0.01)
        launched.live.stop()
        assert await launched.end() == [*say("m", ["bye"]), DONE]
        assert [result.outcome for result in launched.after] == [Stopped()]

    scenario(world, test)


def test_a_run_that_lost_its_lease_stops_and_leaves_the_log_to_its_new_holder() -> None:
    world, source = world_of(lease_seconds=0.06), Source(e.TextMessageStart("m"), forever)

    async def test() -> None:
        launched = await launch(world, source, logged=True)
        await asyncio.sleep(0.01)
        world.clock.advance(1)
        (taken,) = await world.log.expired()
        await launched.live.wait()
        assert source.closed == 1
        written = [entry.event.type for entry in await world.log.read(SCOPE, THREAD)]
        assert written == ["RUN_STARTED", "TEXT_MESSAGE_START"]
        await world.log.finish(taken, [DONE], Stopped())

    scenario(world, test)


def test_a_stop_does_not_wait_for_the_verdict() -> None:
    world = world_of()

    async def check() -> Verdict:
        await forever()
        raise AssertionError

    async def test() -> None:
        verdict = asyncio.create_task(check())
        launched = await launch(world, Source(forever), verdict=verdict)
        await asyncio.sleep(0.01)
        launched.live.stop()
        assert await launched.end() == [DONE]
        assert verdict.cancelled()

    scenario(world, test)
