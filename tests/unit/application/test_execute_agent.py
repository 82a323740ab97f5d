"""One run without streaming: its status, its result, what it said, and how it is stopped."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agui_runtime.adapters.scripted import FunctionAgent, say
from agui_runtime.application.execute_agent import ExecuteAgent, Execution
from agui_runtime.application.generate_request import GeneratedResponse, GenerateRequest
from agui_runtime.application.values import AfterRun
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AguiError, ErrorCode
from agui_runtime.domain.identity import ThreadId
from agui_runtime.domain.runs import Interrupt, RunInput, Stopped
from tests.unit.application.world import (
    THREAD,
    WRITER,
    Hooks,
    World,
    agent_that_says,
    scenario,
    server_tool,
    to_agent,
    user,
)


async def execute(world: World, **given: Any) -> Execution:
    class Starting:
        """``GenerateResponse`` as the world makes it."""

        async def __call__(self, request: GenerateRequest) -> GeneratedResponse:
            world.clock.advance(1)
            return await world.start(request)

    generate: Any = Starting()
    return await ExecuteAgent(generate, world.clock)(to_agent(**given))


def test_a_finished_run_gives_what_it_said_and_not_what_it_was_told() -> None:
    world = World(agents=(agent_that_says(*say("a", ["hello ", "there"])),))

    async def test() -> None:
        done = await execute(world, messages=(user("hi"),))
        assert (done.status, done.thread_id, done.agent_name) == ("finished", THREAD, WRITER)
        assert [(message.id, message.content) for message in done.output.messages] == [("a", "hello there")]
        assert (done.result, done.error_message) == (None, None)
        assert (done.completed_at - done.started_at).total_seconds() == 1

    scenario(world, test)


def test_a_result_is_given() -> None:
    async def script(run_input: RunInput) -> AsyncIterator[e.Event]:
        yield e.RunFinished(run_input.thread_id, run_input.run_id, result=[1])

    world = World(agents=(FunctionAgent(script, WRITER),))

    async def test() -> None:
        assert (await execute(world)).result == [1]

    scenario(world, test)


def test_a_run_that_asks_is_interrupted() -> None:
    async def script(run_input: RunInput) -> AsyncIterator[e.Event]:
        yield e.RunFinished(run_input.thread_id, run_input.run_id, interrupts=(Interrupt("q"),))

    world = World(agents=(FunctionAgent(script, WRITER),))

    async def test() -> None:
        assert (await execute(world)).status == "interrupted"

    scenario(world, test)


def test_a_run_that_breaks_has_failed_with_its_message() -> None:
    async def script(run_input: RunInput) -> AsyncIterator[e.Event]:
        for event in (*say("a", ["half"])[:-1], e.RunError("no more paper")):
            yield event

    world = World(agents=(FunctionAgent(script, WRITER),))

    async def test() -> None:
        done = await execute(world)
        assert (done.status, done.error_message) == ("failed", "no more paper")
        assert done.output.incomplete == {"a"}

    scenario(world, test)


def test_a_thread_is_made_where_none_is_given() -> None:
    world = World(agents=(agent_that_says(*say("a", ["hi"])),))

    async def test() -> None:
        done = await execute(world, thread_id=None)
        assert [message.content for message in await world.history(done.thread_id)] == ["Hello", "hi"]
        assert await world.history(ThreadId("thread-1")) == ()

    scenario(world, test)


def test_the_state_that_it_tells_is_the_one_that_is_stored() -> None:
    delta = ({"op": "add", "path": "/n", "value": 1},)
    world = World(agents=(agent_that_says(e.StateDelta(delta)),))

    async def test() -> None:
        await world.put_state({"kept": True})
        done = await execute(world)
        (report,) = done.output.states
        assert (report.state, report.agent_name, report.run_id) == ({"kept": True, "n": 1}, WRITER, done.run_id)
        assert await world.state() == report.state

    scenario(world, test)


def test_a_server_tool_is_run() -> None:
    async def double(arguments: dict[str, Any]) -> Any:
        return arguments["n"] * 2

    calling = (e.ToolCallStart("c", "double"), e.ToolCallArgs("c", '{"n":2}'), e.ToolCallEnd("c"))
    world = World(agents=(agent_that_says(*calling),), tools=(server_tool("double", double),))

    async def test() -> None:
        assert [message.content for message in (await execute(world)).output.messages][1:] == ["4"]

    scenario(world, test)


def test_a_refused_request_raises_and_stores_nothing() -> None:
    world = World()

    async def test() -> None:
        with pytest.raises(AguiError) as refused:
            await execute(world)
        assert refused.value.code == ErrorCode.AGENT_NOT_FOUND
        assert await world.stored_events() == []

    scenario(world, test)


def test_a_cancelled_call_stops_its_run() -> None:
    waits, is_over = asyncio.Event(), asyncio.Event()

    async def script(run_input: RunInput) -> AsyncIterator[str]:
        yield "one"
        waits.set()
        await asyncio.sleep(3600)

    class Ending(Hooks):
        async def after_run(self, after: AfterRun) -> None:
            await super().after_run(after)
            is_over.set()

    hooks = Ending()
    world = World(agents=(FunctionAgent(script, WRITER),), hooks=hooks)

    async def test() -> None:
        running = asyncio.create_task(execute(world))
        await waits.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await is_over.wait()
        assert hooks.after[0].outcome == Stopped()

    scenario(world, test)
