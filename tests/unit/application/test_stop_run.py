"""The three answers to a stop."""

import asyncio

from agui_runtime.adapters.memory import MemoryThreadDirectory
from agui_runtime.application.stop_run import StopResult, StopRun
from agui_runtime.domain.identity import Caller, RunId, Scope, ThreadId
from tests.unit.application.connections import agent_in_two_parts
from tests.unit.application.world import CALLER, THREAD, World, agent_that_says, scenario, to_agent


def stop_of(world: World) -> StopRun:
    return StopRun(world.log, MemoryThreadDirectory(world.database, world.clock))


def hanging() -> World:
    return World(agents=(agent_in_two_parts(lambda: asyncio.get_running_loop().create_future()),))


def test_a_live_run_is_stopped() -> None:
    world = hanging()

    async def test() -> None:
        started = await world.start(to_agent())
        assert await stop_of(world)(CALLER, THREAD) is StopResult.STOPPED
        await started.live.wait()
        assert (await world.stored_events())[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_a_live_run_is_stopped_by_its_clients_name_for_it() -> None:
    world = hanging()

    async def test() -> None:
        started = await world.start(to_agent(client_run_id=RunId("mine")))
        assert await stop_of(world)(CALLER, THREAD, RunId("mine")) is StopResult.STOPPED
        await started.live.wait()

    scenario(world, test)


def test_another_run_is_left_alone() -> None:
    world = hanging()

    async def test() -> None:
        await world.start(to_agent(client_run_id=RunId("mine")))
        assert await stop_of(world)(CALLER, THREAD, RunId("yours")) is StopResult.OTHER_LIVE
        assert world.supervisor.live_runs == 1

    scenario(world, test)


def test_where_nothing_is_going_on_nothing_is_stopped() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        stop = stop_of(world)
        assert await stop(CALLER, ThreadId("unknown")) is StopResult.NOTHING_LIVE
        await world.complete(to_agent())
        assert await stop(CALLER, THREAD) is StopResult.NOTHING_LIVE
        assert await stop(CALLER, THREAD, RunId("run-1")) is StopResult.NOTHING_LIVE

    scenario(world, test)


def test_another_scopes_run_is_out_of_reach() -> None:
    world = hanging()

    async def test() -> None:
        await world.start(to_agent())
        stranger = Caller(CALLER.principal, Scope("tenant-2"))
        assert await stop_of(world)(stranger, THREAD) is StopResult.NOTHING_LIVE
        assert world.supervisor.live_runs == 1

    scenario(world, test)
