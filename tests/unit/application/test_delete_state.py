"""Deleting a state, and only that."""

from agui_runtime.application.delete_state import DeleteState
from agui_runtime.domain.identity import AgentName, Caller, Scope, ThreadId
from tests.unit.application.world import CALLER, THREAD, WRITER, World, agent_that_says, scenario, to_agent


def test_a_state_is_gone_once_it_is_deleted() -> None:
    world = World()

    async def test() -> None:
        await world.put_state({"n": 1})
        assert await DeleteState(world.store)(CALLER, THREAD, WRITER) is True
        assert await world.state() is None
        assert await DeleteState(world.store)(CALLER, THREAD, WRITER) is False

    scenario(world, test)


def test_a_state_that_is_saved_again_begins_at_version_one() -> None:
    world = World()

    async def test() -> None:
        await world.put_state({"n": 1})
        await world.put_state({"n": 2})
        await DeleteState(world.store)(CALLER, THREAD, WRITER)
        await world.put_state({"n": 3})
        (state,) = await world.store.list_agents(CALLER.scope, THREAD)
        assert state.version == 1

    scenario(world, test)


def test_nothing_else_is_deleted() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        await world.complete(to_agent())
        await world.put_state({"n": 1})
        await world.put_state({"n": 2}, "other")
        delete = DeleteState(world.store)
        assert await delete(Caller(CALLER.principal, Scope("tenant-2")), THREAD, WRITER) is False
        assert await delete(CALLER, ThreadId("another"), WRITER) is False
        assert await delete(CALLER, THREAD, AgentName("nobody")) is False
        assert await delete(CALLER, THREAD, WRITER) is True
        assert await world.state("other") == {"n": 2}
        assert [message.content for message in await world.history()] == ["Hello"]

    scenario(world, test)
