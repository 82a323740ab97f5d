"""Chores are done again and again, whatever goes wrong in one round."""

import asyncio
import logging
from typing import Any

import pytest
from dependency_injector import providers

from agui_runtime.adapters.memory import MemoryDatabase, MemoryStateStore
from agui_runtime.adapters.state_decorators import CachedStateStore, MeteredStateStore
from agui_runtime.composition.chores import Chore, Outage, chores_of, repeat
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.lifespan import Lifespan
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import eventually, key_of
from tests.support.aio import run
from tests.support.clock import FakeClock

SWEEP = "removal of expired states"


class Bare:
    """A store of a host's own that does not sweep."""


def names(**bound: Any) -> list[str]:
    return [chore.name for chore in chores_of(container(**bound))]


def container(**bound: Any) -> RuntimeContainer:
    given = {"settings": Settings(state_sweep_seconds=0.001), **bound}
    return RuntimeContainer(**{name: providers.Object(value) for name, value in given.items()})


def test_expired_states_are_removed_where_the_store_can() -> None:
    assert SWEEP in names()
    assert SWEEP not in names(state_store=Bare())


def test_a_decorator_that_does_not_sweep_keeps_nobody_from_it() -> None:
    class Opaque:
        def __init__(self, inner: object) -> None:
            self.inner = inner

    assert SWEEP in names(state_decorators=[Opaque])


def test_decorated_states_are_removed_too_and_it_is_measured() -> None:
    clock, told = FakeClock(), []

    class Telling(MeteredStateStore):
        async def sweep(self) -> int:
            told.append(await super().sweep())
            return told[-1]

    runtime = container(clock=clock, state_decorators=[lambda s: CachedStateStore(s, clock), lambda s: Telling(s, log)])
    log = runtime.telemetry()

    async def story() -> None:
        await runtime.states().save(key_of(), {}, expected_version=0, expires_at=clock.after(1))
        async with Lifespan(runtime).running():
            clock.advance(1)
            await eventually(lambda: 1 in told)
        assert runtime.memory().statistics().states == 0

    run(story())


def test_a_sweep_that_fails_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(MemoryStateStore):
        rounds = 0

        async def sweep(self) -> int:
            self.rounds += 1
            if self.rounds < 3:
                raise RuntimeError("A driver's own error.")
            return await super().sweep()

    clock = FakeClock()
    store = Failing(MemoryDatabase(), clock, StateLimits())

    async def story() -> None:
        await store.save(key_of(), {}, expected_version=0, expires_at=clock.after(1))
        clock.advance(1)
        async with Lifespan(container(state_store=store)).running():
            await eventually(lambda: store.rounds > 3)
        assert await store.sweep() == 0

    run(story())
    assert caplog.text.count(f"The {SWEEP} failed; it is tried again") == 2


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    is_away, rounds = True, {"a": 0, "b": 0}

    def chore(name: str) -> Chore:
        async def work() -> int:
            rounds[name] += 1
            if is_away:
                raise UnavailableError("The database cannot be reached.")
            return 0

        return Chore(name, 0.001, work)

    async def story() -> None:
        nonlocal is_away
        outage = Outage()
        tasks = [asyncio.create_task(repeat(chore(name), outage)) for name in rounds]
        for _ in range(2):
            is_away = True
            await eventually(lambda: min(rounds.values()) > 3)
            is_away, rounds["a"], rounds["b"] = False, 0, 0
            await eventually(lambda: min(rounds.values()) > 1)
            rounds.update(a=0, b=0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    with caplog.at_level(logging.INFO):
        run(story())
    told = [record for record in caplog.records if record.name.endswith("chores")]
    assert [record.levelname for record in told] == ["WARNING", "INFO"] * 2
    assert "The database cannot be reached." in told[0].message
    assert not any(record.exc_info for record in told)


def test_a_round_with_nothing_in_it_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    counts = [0, 3, 0]

    async def work() -> int:
        if not counts:
            raise asyncio.CancelledError
        return counts.pop(0)

    with caplog.at_level(logging.INFO), pytest.raises(asyncio.CancelledError):
        run(repeat(Chore("count", 0.0, work), Outage()))
    assert [record.message for record in caplog.records if record.name.endswith("chores")] == ["Count: 3"]


def test_stopping_ends_a_round_that_is_under_way() -> None:
    ended: list[str] = []

    class Slow(MemoryStateStore):
        async def sweep(self) -> int:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append("cancelled")
            return 0

    async def story() -> None:
        store = Slow(MemoryDatabase(), FakeClock(), StateLimits())
        async with Lifespan(container(state_store=store)).running():
            await asyncio.sleep(0.01)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(story())
    assert ended == ["cancelled"]
