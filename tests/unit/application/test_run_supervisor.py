"""Live runs: stopping, limits, failures, leases, draining. Every run ends in exactly one terminal event."""

import asyncio
from typing import Any

import pytest
from attrs import evolve

from agui_runtime.adapters.scripted import say
from agui_runtime.application.values import Lease, Verdict
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import GENERIC_MESSAGE, ErrorCode, UnavailableError
from agui_runtime.domain.runs import Denied, Failed, Finished, Stopped
from tests.unit.application.plans import DONE, Source, forever, launch
from tests.unit.application.world import LIMITS, World, scenario


def world_of(**limits: Any) -> World:
    return World(limits=evolve(LIMITS, **limits))


def terminal(events: list[e.Event]) -> e.Event:
    assert [event for event in events if isinstance(event, e.TERMINAL)] == events[-1:]
    return events[-1]


def error_of(events: list[e.Event]) -> e.RunError:
    last = terminal(events)
    assert isinstance(last, e.RunError)
    return last


def test_a_run_goes_by_itself_to_its_terminal_event() -> None:
    world = world_of()

    async def test() -> None:
        launched = await launch(world, Source(*say("m", ["a"]), DONE))
        assert await launched.end() == [*say("m", ["a"]), DONE]
        assert [result.outcome for result in launched.concluded] == [Finished()]
        assert launched.after == launched.concluded

    scenario(world, test)


def test_a_run_that_takes_too_long_is_cut_and_the_limit_named() -> None:
    world, source = world_of(max_seconds=0.05), Source(e.TextMessageStart("m"), forever)

    async def test() -> None:
        error = error_of(await (await launch(world, source)).end())
        assert error.code == ErrorCode.TIMED_OUT
        assert "0.05 seconds, the limit of one run" in error.message
        assert source.closed == 1

    scenario(world, test)


def test_a_run_that_is_silent_for_too_long_is_cut_and_the_limit_named() -> None:
    world, source = world_of(idle_seconds=0.05), Source(*say("m", ["a"]), forever)

    async def test() -> None:
        events = await (await launch(world, source)).end()
        assert error_of(events).code == ErrorCode.TIMED_OUT
        assert "nothing came for 0.05 seconds, the longest silence" in error_of(events).message
        assert events[:-1] == [*say("m", ["a"])]
        assert source.closed == 1

    scenario(world, test)


def test_a_run_that_speaks_now_and_then_is_not_silent() -> None:
    world = world_of(idle_seconds=0.5)

    async def pause() -> None:
        await asyncio.sleep(0.2)

    async def test() -> None:
        said = [step for piece in say("m", ["a"] * 4) for step in (piece, pause)]
        assert (await (await launch(world, Source(*said, DONE))).end())[-1] == DONE

    scenario(world, test)


@pytest.mark.parametrize(
    ("limits", "words"), [({"max_events": 3}, "more than 3 events"), ({"max_bytes": 150}, "more than 150 bytes")]
)
def test_a_run_that_says_too_much_is_cut_and_the_limit_named(limits: dict[str, Any], words: str) -> None:
    world = world_of(**limits)

    async def test() -> None:
        events = await (await launch(world, Source(*say("m", ["a" * 50] * 10), DONE))).end()
        assert error_of(events).code == ErrorCode.LIMIT_EXCEEDED
        assert words in error_of(events).message
        assert e.TextMessageEnd("m", closed_by_runtime=True) in events

    scenario(world, test)


TEXT = say("m", ["a"])


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([RuntimeError("the agent threw")], []),
        ([*TEXT[:2], RuntimeError("the agent threw")], [*TEXT[:2], e.TextMessageEnd("m", closed_by_runtime=True)]),
        ([*TEXT, RuntimeError("the agent threw")], [*TEXT]),
        ([*TEXT, DONE, RuntimeError("the agent threw")], [*TEXT]),
    ],
    ids=["before the first event", "in the middle", "after its last event", "after RUN_FINISHED"],
)
def test_a_producer_that_raises_fails_the_run_with_its_message(steps: list[Any], kept: list[e.Event]) -> None:
    world = world_of()

    async def test() -> None:
        events = await (await launch(world, Source(*steps))).end()
        assert events == [*kept, e.RunError("the agent threw", ErrorCode.AGENT_FAILED)]

    scenario(world, test)


def test_an_impossible_order_names_the_event() -> None:
    world = world_of()

    async def test() -> None:
        error = error_of(await (await launch(world, Source(e.ToolCallEnd("c"), DONE))).end())
        assert error.code == ErrorCode.INVALID_EVENT
        assert "TOOL_CALL_END came for the tool call 'c'" in error.message

    scenario(world, test)


def test_a_delta_that_does_not_apply_names_its_pointer() -> None:
    world = world_of()

    async def test() -> None:
        wrong = e.StateDelta(({"op": "replace", "path": "/a/b", "value": 1},))
        error = error_of(await (await launch(world, Source(wrong, DONE))).end())
        assert error.code == ErrorCode.INVALID_EVENT
        assert "'/a/b'" in error.message

    scenario(world, test)


def test_a_producer_that_cancels_itself_fails_the_run() -> None:
    world = world_of()

    async def cancels() -> None:
        raise asyncio.CancelledError

    async def test() -> None:
        error = error_of(await (await launch(world, Source(cancels))).end())
        assert (error.message, error.code) == (GENERIC_MESSAGE, ErrorCode.INTERNAL)

    scenario(world, test)


def test_a_save_that_fails_fails_the_run() -> None:
    world = world_of()

    async def test() -> None:
        launched = await launch(world, Source(DONE), conclude_fault=UnavailableError("The store is away."))
        assert error_of(await launched.end()).message == "The store is away."
        assert [result.outcome for result in launched.after] == [Failed("The store is away.", ErrorCode.UNAVAILABLE)]

    scenario(world, test)


def test_a_live_run_keeps_its_lease() -> None:
    world = world_of(lease_seconds=0.03)

    async def test() -> None:
        launched = await launch(world, Source(forever), logged=True)
        for _ in range(4):
            await asyncio.sleep(0.02)
            world.clock.advance(0.02)
            assert await world.log.expired() == []
        launched.live.stop()
        await launched.end()

    scenario(world, test)


def test_a_log_that_raises_anything_does_not_cost_other_runs_their_leases(caplog: pytest.LogCaptureFixture) -> None:
    world = world_of(lease_seconds=0.03)
    renewed: list[str] = []

    async def renew(lease: Lease) -> None:
        renewed.append(lease.run.thread_id)
        raise RuntimeError("A driver's own error.")

    async def test() -> None:
        world.log.renew = renew  # type: ignore[method-assign]
        launched = await launch(world, Source(forever), logged=True)
        await asyncio.sleep(0.05)
        launched.live.stop()
        await launched.end()

    scenario(world, test)
    assert len(renewed) > 1
    assert "could not be renewed" in caplog.text


def test_draining_refuses_new_runs_and_lets_live_ones_finish() -> None:
    world = world_of()

    async def short() -> None:
        await asyncio.sleep(0.02)

    async def test() -> None:
        launched = await launch(world, Source(short, *say("m", ["a"]), DONE))
        draining = asyncio.create_task(world.supervisor.drain(5.0))
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="shutting down"):
            world.supervisor.check_open()
        await draining
        assert world.supervisor.live_runs == 0
        assert [result.outcome for result in launched.after] == [Finished()]

    scenario(world, test)


def test_draining_stops_the_runs_that_do_not_finish_in_time() -> None:
    world = world_of()

    async def test() -> None:
        several = [await launch(world, Source(forever)) for _ in range(3)]
        await world.supervisor.drain(0.02)
        assert [run.after[0].outcome for run in several] == [Stopped()] * 3

    scenario(world, test)


def test_the_terminal_event_waits_for_the_verdict() -> None:
    world, asked = world_of(), asyncio.Event()

    async def check() -> Verdict:
        await asked.wait()
        return Verdict(False, "off topic")

    async def test() -> None:
        launched = await launch(world, Source(*say("m", ["a"]), DONE), verdict=asyncio.create_task(check()))
        await asyncio.sleep(0.02)
        assert launched.concluded == []
        asked.set()
        assert error_of(await launched.end()) == e.RunError("off topic", ErrorCode.GUARDRAIL_DENIED)
        assert [result.outcome for result in launched.after] == [Denied("off topic")]

    scenario(world, test)


def test_a_denial_cuts_the_run() -> None:
    world, source = world_of(), Source(e.TextMessageStart("m"), forever)

    async def check() -> Verdict:
        return Verdict(False, "off topic")

    async def test() -> None:
        launched = await launch(world, source, verdict=asyncio.create_task(check()))
        assert error_of(await launched.end()).code == ErrorCode.GUARDRAIL_DENIED
        assert source.closed == 1

    scenario(world, test)


def test_cancelling_the_wait_does_not_touch_the_run() -> None:
    world = world_of()

    async def test() -> None:
        launched = await launch(world, Source(forever))
        waiter = asyncio.create_task(launched.live.wait())
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
        assert world.supervisor.live_runs == 1

    scenario(world, test)
