"""A run whose producer has not answered yet can be stopped all the same."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from attrs import evolve

from agui_runtime.adapters.memory import MemoryThreadDirectory
from agui_runtime.adapters.scripted import say
from agui_runtime.application.stop_run import StopResult, StopRun
from agui_runtime.application.values import AgentDescription, AgentRun, ModelRequest, ModelRun, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.runs import RunInput
from tests.unit.application.plans import DONE, Source, forever
from tests.unit.application.world import (
    CALLER,
    LIMITS,
    THREAD,
    WRITER,
    Refusing,
    World,
    events_of,
    scenario,
    to_agent,
    to_model,
)


class Slow:
    """An agent that takes long to answer at all."""

    def __init__(self, answer: Callable[[], Coroutine[Any, Any, AgentRun]]) -> None:
        self._answer = answer
        self.is_cancelled = False

    def describe(self) -> AgentDescription:
        return AgentDescription(WRITER)

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        try:
            return await self._answer()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise


async def _never() -> AgentRun:
    await forever()
    raise AssertionError


async def stopped(world: World) -> list[e.Event]:
    starting = asyncio.create_task(world.start(to_agent()))
    await asyncio.sleep(0.01)
    stop = StopRun(world.log, MemoryThreadDirectory(world.database, world.clock))
    assert await stop(CALLER, THREAD) is StopResult.STOPPED
    return await events_of(await starting)


def test_a_stop_reaches_an_agent_that_has_not_answered() -> None:
    agent = Slow(_never)
    world = World(agents=(agent,))

    async def test() -> None:
        assert [event.type for event in await stopped(world)] == ["RUN_STARTED", "RUN_FINISHED"]
        assert agent.is_cancelled
        assert [message.id for message in await world.history()] == ["question-1"], "the user's message is kept"

    scenario(world, test)


def test_an_agent_that_answers_in_spite_of_the_stop_is_closed_again() -> None:
    source, release = Source(DONE), asyncio.Event()

    async def deaf() -> AgentRun:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return AgentRun(source)

    world = World(agents=(Slow(deaf),), limits=evolve(LIMITS, stop_seconds=0.02))

    async def test() -> None:
        assert [event.type for event in await stopped(world)] == ["RUN_STARTED", "RUN_FINISHED"]
        release.set()
        await asyncio.sleep(0.02)
        assert source.closed == 1

    scenario(world, test)


def test_a_drain_stops_an_agent_that_has_not_answered_in_time_and_waits_for_the_end() -> None:
    agent = Slow(_never)
    world = World(agents=(agent,))

    async def test() -> None:
        starting = asyncio.create_task(world.start(to_agent()))
        await asyncio.sleep(0.01)
        await world.supervisor.drain(0)
        assert agent.is_cancelled
        assert world.supervisor.live_runs == 0
        assert [event.type for event in await events_of(await starting)] == ["RUN_STARTED", "RUN_FINISHED"]

    scenario(world, test)


def test_a_drain_lets_an_agent_that_answers_in_time_finish() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def late() -> AgentRun:
        asked.set()
        await answer.wait()
        return AgentRun(Source(*say("m", ["late"]), DONE))

    world = World(agents=(Slow(late),))

    async def test() -> None:
        starting = asyncio.create_task(world.start(to_agent()))
        await asked.wait()
        draining = asyncio.create_task(world.supervisor.drain(60))
        await asyncio.sleep(0)
        answer.set()
        await draining
        events = await events_of(await starting)
        assert [event.delta for event in events if isinstance(event, e.TextMessageContent)] == ["late"]
        assert events[-1] == DONE

    scenario(world, test)


def test_a_drain_waits_for_a_model_that_has_not_told_its_thread() -> None:
    asked, cancelled = asyncio.Event(), asyncio.Event()

    class Pending:
        async def start(self, request: ModelRequest) -> ModelRun:
            asked.set()
            try:
                await forever()
            finally:
                cancelled.set()
            raise AssertionError

    world = World(model=Pending())

    async def test() -> None:
        starting = asyncio.create_task(world.start(to_model(thread_id=None)))
        await asked.wait()
        await world.supervisor.drain(0)
        assert cancelled.is_set()
        assert [event.type for event in await events_of(await starting)] == ["RUN_STARTED", "RUN_FINISHED"]

    scenario(world, test)


def test_a_request_that_is_refused_keeps_no_drain_waiting() -> None:
    world = World(agents=(Refusing(UnavailableError("Away.")),))

    async def test() -> None:
        with pytest.raises(UnavailableError, match=r"Away\."):
            await world.start(to_agent())
        await world.supervisor.drain(60)

    scenario(world, test)
