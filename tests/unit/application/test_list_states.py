"""The states of a thread, without their values."""

from agui_runtime.application.list_states import ListStates
from agui_runtime.domain.identity import Caller, Scope, ThreadId
from tests.unit.application.world import CALLER, THREAD, World, key_of, scenario


def test_states_are_listed_by_agent_with_size_version_and_times() -> None:
    world = World()

    async def test() -> None:
        created = world.clock.now()
        await world.put_state({"n": "é"}, "zoe")
        await world.put_state({}, "adam")
        world.clock.advance(5)
        await world.put_state({"n": 1}, "adam")
        adam, zoe = await ListStates(world.store)(CALLER, THREAD)
        assert (adam.key, zoe.key) == (key_of("adam"), key_of("zoe"))
        assert (adam.version, adam.size, zoe.version, zoe.size) == (2, 7, 1, len('{"n":"é"}'.encode()))
        assert (adam.created_at, adam.updated_at) == (created, world.clock.now())
        assert adam.expires_at is None

    scenario(world, test)


def test_a_state_that_has_expired_is_not_listed() -> None:
    world = World()

    async def test() -> None:
        await world.store.save(key_of(), {}, expected_version=0, expires_at=world.clock.after(5))
        (state,) = await ListStates(world.store)(CALLER, THREAD)
        assert state.expires_at == world.clock.after(5)
        world.clock.advance(6)
        assert list(await ListStates(world.store)(CALLER, THREAD)) == []

    scenario(world, test)


def test_other_threads_and_scopes_are_not_seen() -> None:
    world = World()

    async def test() -> None:
        await world.put_state({})
        assert list(await ListStates(world.store)(CALLER, ThreadId("another"))) == []
        assert list(await ListStates(world.store)(Caller(CALLER.principal, Scope("tenant-2")), THREAD)) == []

    scenario(world, test)
