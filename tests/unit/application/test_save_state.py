"""Saving a state: merge or replace, and no update is ever lost."""

import asyncio
from typing import Any

import pytest

from agui_runtime.adapters.memory import MemoryDatabase, MemoryStateStore
from agui_runtime.application.expiry import Expiry
from agui_runtime.application.save_state import SaveState
from agui_runtime.domain.errors import ConflictError, ErrorCode, InvalidError
from agui_runtime.domain.policy import StateLimits
from agui_runtime.domain.state import AgentState
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.application.world import CALLER, THREAD, WRITER, key_of

LIMITS = StateLimits(max_bytes=200, max_depth=4)


class Yielding(MemoryStateStore):
    """Lets others in between every load and save, as a store across a network does."""

    async def load(self, key: Any) -> AgentState | None:
        stored = await super().load(key)
        await asyncio.sleep(0)
        return stored


def store(limits: StateLimits = LIMITS) -> Yielding:
    return Yielding(MemoryDatabase(), FakeClock(), limits)


async def save(into: MemoryStateStore, values: Any, limits: StateLimits = LIMITS, **given: Any) -> AgentState:
    return await SaveState(into, limits, Expiry(into._clock))(CALLER, THREAD, WRITER, values, **given)


def test_values_are_merged_deeply_and_null_deletes() -> None:
    async def test() -> None:
        kept = store()
        await save(kept, {"a": {"x": 1, "y": 1}, "b": 1})
        saved = await save(kept, {"a": {"y": None, "z": 2}, "b": [1]})
        assert (saved.values, saved.version) == ({"a": {"x": 1, "z": 2}, "b": [1]}, 2)

    run(test())


def test_values_may_take_the_place_of_the_stored_ones() -> None:
    async def test() -> None:
        kept = store()
        await save(kept, {"a": 1})
        assert (await save(kept, {"b": 1}, merge=False)).values == {"b": 1}

    run(test())


def test_sixty_four_merges_at_once_lose_nothing() -> None:
    async def test() -> None:
        limits = StateLimits()
        kept = store(limits)
        await asyncio.gather(*(save(kept, {f"k{n}": n}, limits) for n in range(64)))
        stored = await kept.load(key_of())
        assert stored is not None
        assert (stored.values, stored.version) == ({f"k{n}": n for n in range(64)}, 64)

    run(test())


def test_the_expected_version_is_saved_on() -> None:
    async def test() -> None:
        kept = store()
        await save(kept, {"a": 1}, expected_version=0)
        assert (await save(kept, {"a": 2}, expected_version=1)).version == 2

    run(test())


@pytest.mark.parametrize("expected", [0, 2, 99])
def test_another_version_than_the_expected_one_is_a_conflict_that_says_which(expected: int) -> None:
    async def test() -> None:
        kept = store()
        await save(kept, {"a": 1})
        with pytest.raises(ConflictError) as caught:
            await save(kept, {"a": 2}, expected_version=expected)
        assert caught.value.details == {"version": 1}
        stored = await kept.load(key_of())
        assert stored is not None
        assert stored.values == {"a": 1}

    run(test())


def test_of_two_that_expect_the_same_version_one_wins() -> None:
    async def test() -> None:
        kept = store()
        done = await asyncio.gather(
            *(save(kept, {"by": n}, expected_version=0) for n in range(2)), return_exceptions=True
        )
        assert sorted(type(result).__name__ for result in done) == ["AgentState", "ConflictError"]

    run(test())


def test_the_expiry_stays_unless_another_is_given() -> None:
    async def test() -> None:
        kept, clock = store(), FakeClock()
        await save(kept, {"a": 1}, expires_at=clock.after(60))
        assert (await save(kept, {"a": 2})).expires_at == clock.after(60)
        assert (await save(kept, {"a": 3}, expires_at=clock.after(90))).expires_at == clock.after(90)

    run(test())


@pytest.mark.parametrize("values", [None, [], "text", 1, {"a": object()}, {"a": float("nan")}, {1: "a"}])
def test_what_is_no_json_object_is_refused(values: Any) -> None:
    kept = store()
    with pytest.raises(InvalidError):
        run(save(kept, values))
    assert run(kept.load(key_of())) is None


@pytest.mark.parametrize("values", [{"a": "x" * 300}, {"a": {"b": {"c": {"d": {}}}}}])
def test_a_limit_that_is_broken_is_named(values: Any) -> None:
    with pytest.raises(InvalidError) as caught:
        run(save(store(), values))
    assert caught.value.code == ErrorCode.LIMIT_EXCEEDED


def test_what_is_small_enough_alone_may_be_too_large_merged() -> None:
    async def test() -> None:
        kept = store()
        await save(kept, {"a": "x" * 150})
        with pytest.raises(InvalidError) as caught:
            await save(kept, {"b": "x" * 150})
        assert caught.value.code == ErrorCode.LIMIT_EXCEEDED
        stored = await kept.load(key_of())
        assert stored is not None
        assert stored.version == 1

    run(test())
