"""A run whose producer has not answered yet can be stopped all the same."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import evolve

from agui_runtime.adapters.memory import MemoryThreadDirectory
from agui_runtime.application.stop_run import StopResult, StopRun
from agui_runtime.application.values import AgentDescription, AgentRun, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.runs import RunInput
from tests.unit.application.plans import DONE, Source, forever
from tests.unit.application.world import CALLER, LIMITS, THREAD, WRITER, World, events_of, scenario, to_agent


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


def test_a_drain_does_not_wait_for_an_agent_that_has_not_answered() -> None:
    agent = Slow(_never)
    world = World(agents=(agent,))

    async def test() -> None:
        starting = asyncio.create_task(world.start(to_agent()))
        await asyncio.sleep(0.01)
        await world.supervisor.drain(0)
        await events_of(await starting)
        assert agent.is_cancelled

    scenario(world, test)
