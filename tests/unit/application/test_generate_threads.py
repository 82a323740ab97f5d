"""One thread, several runs: who waits for whom, and what a client's list says of the history."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from agui_runtime.adapters.scripted import ScriptedAgent, say
from agui_runtime.application.values import AgentDescription, AgentRun, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError, TimedOutError
from agui_runtime.domain.identity import Scope
from agui_runtime.domain.messages import AssistantMessage
from agui_runtime.domain.runs import RunInput
from tests.unit.application.plans import forever
from tests.unit.application.world import (
    LIMITS,
    SCOPE,
    THREAD,
    WRITER,
    World,
    agent_that_says,
    only,
    scenario,
    to_agent,
    user,
)

TEXT = say("m", ["Hi"])


def hanging_world(busy_seconds: float) -> World:
    async def hang(_: RunInput, __: RunContext) -> AsyncIterator[e.Event]:
        yield TEXT[0]
        await forever()

    return World(
        agents=(ScriptedAgent(WRITER, hang), agent_that_says(*say("m2", ["Hi"]), name="quick")),
        limits=evolve(LIMITS, busy_seconds=busy_seconds),
    )


def test_a_busy_thread_is_refused_after_a_while() -> None:
    world = hanging_world(0.05)

    async def test() -> None:
        await world.start(to_agent())
        before = asyncio.get_running_loop().time()
        with pytest.raises(BusyError):
            await world.start(to_agent("quick", stops_by_hanging_up=True))
        assert asyncio.get_running_loop().time() - before >= 0.05

    scenario(world, test)


def test_a_thread_that_becomes_free_in_time_takes_the_waiting_run() -> None:
    world = hanging_world(5.0)

    async def test() -> None:
        first = await world.start(to_agent())
        second = asyncio.create_task(world.complete(to_agent("quick", stops_by_hanging_up=True)))
        await asyncio.sleep(0.03)
        assert not second.done()
        first.live.stop()
        assert (await second)[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_a_run_that_waited_sees_what_the_old_one_still_wrote() -> None:
    world = hanging_world(5.0)

    async def test() -> None:
        first = await world.start(to_agent())
        regenerate = asyncio.create_task(world.complete(to_agent("quick", stops_by_hanging_up=True)))
        await asyncio.sleep(0.03)
        first.live.stop()
        await regenerate
        answers = [message.id for message in await world.history() if isinstance(message, AssistantMessage)]
        assert answers == ["m2"], "the client's list has dropped the answer that was cut"

    scenario(world, test)


def test_a_client_that_leaves_messages_out_edits_the_history() -> None:
    world = World(agents=(agent_that_says(*TEXT), agent_that_says(*say("m2", ["Better"]), name="second")))

    async def test() -> None:
        await world.complete(to_agent())
        events = await world.complete(to_agent("second"))
        (snapshot,) = only(events, e.MessagesSnapshot)
        assert snapshot.is_edit
        assert [message.id for message in snapshot.messages] == ["question-1"]
        assert [message.content for message in await world.history()] == ["Hello", "Better"]

    scenario(world, test)


def test_a_client_that_goes_on_edits_nothing() -> None:
    world = World(agents=(agent_that_says(*TEXT), agent_that_says(*say("m2", ["More"]), name="second")))

    async def test() -> None:
        await world.complete(to_agent())
        so_far = (user(), AssistantMessage(id="m", content="Hi"), user("And?", "question-2"))
        events = await world.complete(to_agent("second", messages=so_far))
        assert only(events, e.MessagesSnapshot) == []
        assert [message.content for message in await world.history()] == ["Hello", "Hi", "And?", "More"]

    scenario(world, test)


def test_what_one_scope_stores_another_does_not_see() -> None:
    world = World(agents=(agent_that_says(*TEXT),))

    async def test() -> None:
        await world.complete(to_agent())
        assert await world.log.read(Scope("tenant-2"), THREAD) == ()
        assert await world.log.read(SCOPE, THREAD) != ()

    scenario(world, test)


class Slow:
    """An agent that takes long to answer at all."""

    def __init__(self, until: asyncio.Future[None]) -> None:
        self._until = until

    def describe(self) -> AgentDescription:
        return AgentDescription(WRITER)

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        await self._until
        return await agent_that_says(*TEXT).start(run_input, context)


def test_a_run_whose_agent_takes_long_to_answer_keeps_its_lease() -> None:
    world = World(limits=evolve(LIMITS, lease_seconds=0.03))

    async def test() -> None:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        world.agents = (Slow(answer),)
        started = asyncio.create_task(world.complete(to_agent()))
        for _ in range(4):
            await asyncio.sleep(0.02)
            world.clock.advance(0.02)
            assert await world.log.expired() == []
        answer.set_result(None)
        assert (await started)[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_an_agent_that_never_answers_is_cut_and_leaves_the_thread_free() -> None:
    world = World(limits=evolve(LIMITS, max_seconds=0.05))

    async def test() -> None:
        world.agents = (Slow(asyncio.get_running_loop().create_future()),)
        with pytest.raises(TimedOutError, match=r"0\.05 seconds, the limit of one run"):
            await world.start(to_agent())
        assert await world.stored_events() == []

    scenario(world, test)
