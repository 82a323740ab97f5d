"""Retention: off by default, and then by the last activity."""

import pytest

from agui_runtime.adapters.memory import MemoryThreadDirectory
from agui_runtime.application import prune_threads
from agui_runtime.application.prune_threads import PruneThreads
from tests.unit.application.world import World, agent_that_says, scenario, to_agent

DAY = 86_400


def prune_of(world: World, days: int) -> PruneThreads:
    return PruneThreads(MemoryThreadDirectory(world.database, world.clock), world.clock, days)


def test_nothing_is_erased_where_no_time_is_set() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        await world.complete(to_agent())
        world.clock.advance(1000 * DAY)
        assert await prune_of(world, 0)() == 0
        assert await world.stored_events() != []

    scenario(world, test)


def test_threads_idle_for_longer_are_erased_with_all_that_is_in_them() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        await world.complete(to_agent())
        await world.put_state({"a": 1})
        world.clock.advance(20 * DAY)
        await world.complete(to_agent(thread_id="thread-2"))
        world.clock.advance(11 * DAY)
        assert await prune_of(world, 30)() == 1
        assert await world.stored_events() == []
        assert await world.state() is None
        assert await world.stored_events("thread-2") != []

    scenario(world, test)


def test_more_threads_than_are_erased_at_once_go_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune_threads, "BATCH", 2)
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        for number in range(5):
            await world.complete(to_agent(thread_id=f"thread-{number}"))
        world.clock.advance(31 * DAY)
        assert await prune_of(world, 30)() == 5

    scenario(world, test)
