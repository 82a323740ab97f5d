"""The read cache: what it saves, how far it may be behind, and what it never shows.

Two processes are two caches over one store: a cache shares nothing with another one but the store.
"""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from agui_runtime.adapters.state_decorators import CachedStateStore
from agui_runtime.application.expiry import Expiry
from agui_runtime.application.save_state import SaveState
from agui_runtime.domain.errors import ConfigurationError, ConflictError, UnavailableError
from agui_runtime.domain.identity import ANONYMOUS, Caller
from agui_runtime.domain.state import AgentState
from tests.contracts.world import SCOPE, STATE_LIMITS, THREAD, key_of, started
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.adapters.state_decorators.stores import Watched

KEY = key_of()


class Two:
    """Two processes' caches over one store."""

    def __init__(self, **bounds: Any) -> None:
        self.clock = FakeClock()
        self.inner = Watched(self.clock)
        self.here = CachedStateStore(self.inner, self.clock, **bounds)
        self.there = CachedStateStore(self.inner, self.clock, **bounds)


async def version(store: CachedStateStore) -> int:
    state = await store.load(KEY)
    return 0 if state is None else state.version


def unavailable() -> None:
    raise UnavailableError("down")


def test_a_second_load_does_not_ask_the_store() -> None:
    async def story() -> None:
        two = Two()
        saved = await two.there.save(KEY, {"a": [1]}, expected_version=0)
        assert [await two.here.load(KEY) for _ in range(3)] == [saved] * 3
        assert two.inner.loads == 1

    run(story())


def test_what_was_saved_here_is_loaded_without_asking() -> None:
    async def story() -> None:
        two = Two()
        saved = await two.here.save(KEY, {"a": 1}, expected_version=0)
        assert await two.here.load(KEY) == saved
        assert two.inner.loads == 0

    run(story())


def test_that_there_is_nothing_is_not_kept() -> None:
    async def story() -> None:
        two = Two()
        assert await version(two.here) == 0
        await two.there.save(KEY, {}, expected_version=0)
        assert await version(two.here) == 1

    run(story())


def test_what_another_process_saved_shows_after_the_largest_age() -> None:
    async def story() -> None:
        two = Two(max_age_seconds=5)
        await two.here.save(KEY, {}, expected_version=0)
        await two.there.save(KEY, {}, expected_version=1)
        two.clock.advance(4.999999)
        assert await version(two.here) == 1
        two.clock.advance(0.000001)
        assert await version(two.here) == 2

    run(story())


def test_the_age_counts_from_the_question_not_from_the_answer() -> None:
    async def story() -> None:
        two = Two(max_age_seconds=5)
        await two.there.save(KEY, {}, expected_version=0)
        answer = two.inner.hold()
        slow = await started(two.here.load(KEY))
        two.clock.advance(4)
        answer.set()
        await slow
        await two.there.save(KEY, {}, expected_version=1)
        two.clock.advance(1)
        assert await version(two.here) == 2

    run(story())


def test_a_use_does_not_make_an_entry_younger() -> None:
    async def story() -> None:
        two = Two(max_age_seconds=5)
        await two.here.save(KEY, {}, expected_version=0)
        await two.there.save(KEY, {}, expected_version=1)
        for _ in range(4):
            two.clock.advance(1)
            assert await version(two.here) == 1
        two.clock.advance(1)
        assert await version(two.here) == 2

    run(story())


def test_a_clock_that_is_set_back_makes_no_entry_live_on() -> None:
    async def story() -> None:
        two = Two()
        await two.here.save(KEY, {}, expected_version=0)
        await two.there.save(KEY, {}, expected_version=1)
        two.clock.advance(-3600)
        assert await version(two.here) == 2

    run(story())


def test_after_a_conflict_the_store_is_asked() -> None:
    async def story() -> None:
        two = Two()
        await two.here.save(KEY, {}, expected_version=0)
        await two.there.save(KEY, {}, expected_version=1)
        with pytest.raises(ConflictError):
            await two.here.save(KEY, {}, expected_version=1)
        assert await version(two.here) == 2

    run(story())


def test_merges_from_two_processes_lose_nothing() -> None:
    async def story() -> None:
        two = Two(max_age_seconds=3600)
        caller = Caller(ANONYMOUS, SCOPE)
        saves = [SaveState(store, STATE_LIMITS, Expiry(two.clock)) for store in (two.here, two.there)]

        async def add(number: int) -> None:
            await saves[number % 2](caller, THREAD, KEY.agent_name, {f"n{number}": number})

        await asyncio.gather(*(add(number) for number in range(40)))
        state = await two.inner.load(KEY)
        assert state is not None
        assert state.values == {f"n{number}": number for number in range(40)}
        assert state.version == 40

    run(story())


def test_what_was_removed_here_is_gone_at_once() -> None:
    async def story() -> None:
        two = Two()
        await two.here.save(KEY, {}, expected_version=0)
        assert await two.here.delete(KEY) is True
        assert await version(two.here) == 0
        await two.here.save(KEY, {}, expected_version=0)
        assert await two.here.clear_thread(SCOPE, THREAD) == 1
        assert await version(two.here) == 0

    run(story())


def test_an_entry_expires_with_its_state() -> None:
    async def story() -> None:
        two = Two(max_age_seconds=3600)
        await two.here.save(KEY, {}, expected_version=0, expires_at=two.clock.after(10))
        two.clock.advance(9.999999)
        assert await version(two.here) == 1
        two.clock.advance(0.000001)
        assert await version(two.here) == 0

    run(story())


def test_a_cached_state_can_be_changed_without_changing_the_cache() -> None:
    async def story() -> None:
        two = Two()
        values: dict[str, Any] = {"list": [1]}
        saved = await two.here.save(KEY, values, expected_version=0)
        values["list"].append(2)
        cast("Any", saved.values)["list"].append(3)
        for _ in range(2):
            state = await two.here.load(KEY)
            assert state is not None
            assert state.values == {"list": [1]}
            cast("Any", state.values)["list"].append(4)

    run(story())


def test_a_slow_load_does_not_bring_back_what_a_save_replaced() -> None:
    async def story() -> None:
        two = Two()
        await two.there.save(KEY, {}, expected_version=0)
        answer = two.inner.hold()
        slow = await started(two.here.load(KEY))
        await two.here.save(KEY, {}, expected_version=1)
        answer.set()
        await slow
        assert await version(two.here) == 2

    run(story())


def test_a_slow_load_does_not_bring_back_what_was_removed() -> None:
    async def story() -> None:
        for remove in (lambda store: store.delete(KEY), lambda store: store.clear_thread(SCOPE, THREAD)):
            two = Two()
            await two.there.save(KEY, {}, expected_version=0)
            answer = two.inner.hold()
            slow = await started(two.here.load(KEY))
            await remove(two.here)
            answer.set()
            await slow
            assert await version(two.here) == 0

    run(story())


def test_of_two_loads_at_once_the_slower_does_not_hide_the_newer_version() -> None:
    async def story() -> None:
        two = Two()
        await two.there.save(KEY, {}, expected_version=0)
        answer = two.inner.hold()
        slow = await started(two.here.load(KEY))
        await two.there.save(KEY, {}, expected_version=1)
        assert await version(two.here) == 2
        answer.set()
        await slow
        assert await version(two.here) == 2

    run(story())


def test_a_slow_save_does_not_hide_the_version_that_a_load_has_shown() -> None:
    async def story() -> None:
        two = Two()
        answer = two.inner.hold()
        slow = await started(two.here.save(KEY, {}, expected_version=0))
        await two.there.save(KEY, {}, expected_version=1)
        assert await version(two.here) == 2
        answer.set()
        assert (await slow).version == 1
        assert await version(two.here) == 2

    run(story())


def test_loads_at_once_that_agree_leave_an_entry() -> None:
    async def story() -> None:
        two = Two()
        await two.there.save(KEY, {}, expected_version=0)
        answers = [two.inner.hold() for _ in range(3)]
        loads = [await started(two.here.load(KEY)) for _ in answers]
        for answer in answers:
            answer.set()
        await asyncio.gather(*loads)
        assert await version(two.here) == 1
        assert two.inner.loads == 3

    run(story())


def test_a_save_of_unknown_outcome_leaves_no_entry() -> None:
    async def story() -> None:
        two = Two()
        await two.here.save(KEY, {}, expected_version=0)
        two.inner.fault = unavailable
        with pytest.raises(UnavailableError):
            await two.here.save(KEY, {}, expected_version=1)
        two.inner.fault = lambda: None
        assert await version(two.here) == 2

    run(story())


def test_a_cancelled_save_leaves_no_entry() -> None:
    async def story() -> None:
        two = Two()
        await two.here.save(KEY, {}, expected_version=0)
        two.inner.hold()
        save = await started(two.here.save(KEY, {}, expected_version=1))
        save.cancel()
        await asyncio.wait({save})
        assert await version(two.here) == 2

    run(story())


def test_a_store_that_is_down_is_not_covered_up_beyond_the_age() -> None:
    async def story() -> None:
        two = Two(max_age_seconds=5)
        await two.here.save(KEY, {}, expected_version=0)
        two.inner.fault = unavailable
        assert await version(two.here) == 1
        two.clock.advance(5)
        with pytest.raises(UnavailableError):
            await two.here.load(KEY)

    run(story())


def test_the_least_recently_used_entries_go_when_the_memory_is_full() -> None:
    async def story() -> None:
        two = Two(max_bytes=4000)
        keys = [key_of(agent=f"agent-{number}") for number in range(4)]
        for key in keys[:3]:
            await two.here.save(key, {}, expected_version=0)
        await two.here.load(keys[0])
        await two.here.save(keys[3], {}, expected_version=0)
        for key, asked in zip((keys[0], keys[2], keys[3], keys[1]), (0, 0, 0, 1), strict=True):
            before = two.inner.loads
            assert await two.here.load(key) is not None
            assert two.inner.loads - before == asked

    run(story())


def test_a_state_larger_than_all_the_memory_is_loaded_and_not_kept() -> None:
    async def story() -> None:
        two = Two(max_bytes=1500)
        saved: list[AgentState] = [
            await two.here.save(KEY, {}, expected_version=0),
            await two.here.save(KEY, {"a": "x" * 1000}, expected_version=1),
        ]
        assert await two.here.load(KEY) == saved[1]
        assert two.inner.loads == 1

    run(story())


def test_nothing_is_left_of_threads_that_nobody_asks_for() -> None:
    async def story() -> None:
        two = Two(max_bytes=5000)
        for number in range(50):
            await two.here.save(key_of(f"thread-{number}"), {}, expected_version=0)
        assert len(two.here._entries) <= 5
        assert len(two.here._threads) == 0
        for number in range(50):
            await two.here.delete(key_of(f"thread-{number}"))
        assert two.here._bytes == 0

    run(story())


@pytest.mark.parametrize(
    "bounds",
    [
        {"max_age_seconds": 0},
        {"max_age_seconds": -1},
        {"max_age_seconds": float("nan")},
        {"max_age_seconds": float("inf")},
        {"max_age_seconds": timedelta.max.total_seconds() * 2},
        {"max_bytes": 0},
    ],
    ids=str,
)
def test_bounds_that_are_none_are_refused(bounds: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(bounds))):
        Two(**bounds)
