"""Expired states that nobody looks for go with a sweep; statistics tell what is there."""

from agui_runtime.adapters.memory import (
    MemoryDatabase,
    MemoryLimits,
    MemoryRunLog,
    MemoryStateStore,
    MemoryStatistics,
)
from agui_runtime.domain.identity import ThreadId
from agui_runtime.domain.runs import Finished
from tests.contracts.world import LEASE_SECONDS, OTHER_SCOPE, SCOPE, STATE_LIMITS, finished, key_of, run_input
from tests.support.aio import run
from tests.support.clock import FakeClock


def test_a_sweep_removes_every_expired_state_and_no_other() -> None:
    async def test() -> None:
        clock, database = FakeClock(), MemoryDatabase()
        store = MemoryStateStore(database, clock, STATE_LIMITS)
        for thread_id, scope, lives in (("a", SCOPE, 10), ("b", OTHER_SCOPE, 10), ("c", SCOPE, 20)):
            await store.save(key_of(thread_id, scope=scope), {}, expected_version=0, expires_at=clock.after(lives))
        await store.save(key_of("d"), {}, expected_version=0)
        clock.advance(10)
        assert database.statistics().states == 4
        before = database.statistics().bytes
        assert await store.sweep() == 2
        assert database.statistics().states == 2
        assert database.statistics().bytes < before
        assert await store.load(key_of("c")) is not None
        assert await store.load(key_of("d")) is not None
        assert await store.sweep() == 0

    run(test())


def test_a_sweep_reaches_threads_with_a_live_run() -> None:
    async def test() -> None:
        clock, database = FakeClock(), MemoryDatabase()
        store = MemoryStateStore(database, clock, STATE_LIMITS)
        await MemoryRunLog(database, clock, LEASE_SECONDS).begin(SCOPE, run_input(), on_stop=lambda: None)
        await store.save(key_of(), {}, expected_version=0, expires_at=clock.after(1))
        clock.advance(1)
        assert await store.sweep() == 1

    run(test())


def test_a_sweep_does_not_count_as_use() -> None:
    async def test() -> None:
        clock, database = FakeClock(), MemoryDatabase(MemoryLimits(max_threads=2))
        store = MemoryStateStore(database, clock, STATE_LIMITS)
        for thread_id in ("a", "b"):
            await store.save(key_of(thread_id), {}, expected_version=0)
        await store.load(key_of("a"))
        await store.sweep()
        await store.save(key_of("c"), {}, expected_version=0)
        assert await store.load(key_of("a")) is not None
        assert await store.load(key_of("b")) is None

    run(test())


def test_statistics_count_over_all_scopes() -> None:
    async def test() -> None:
        clock, database = FakeClock(), MemoryDatabase()
        store = MemoryStateStore(database, clock, STATE_LIMITS)
        log = MemoryRunLog(database, clock, LEASE_SECONDS)
        assert database.statistics() == MemoryStatistics(0, 0, 0, 0, 0, 0)
        lease = await log.begin(SCOPE, run_input("a"), on_stop=lambda: None)
        await log.begin(OTHER_SCOPE, run_input("a"), on_stop=lambda: None)
        for agent in ("writer", "reader"):
            await store.save(key_of("b", agent), {}, expected_version=0)
        await log.finish(lease, [finished(lease)], Finished())
        found = database.statistics()
        assert (found.threads, found.live_runs, found.runs, found.states) == (3, 1, 2, 2)
        assert found.bytes > 0
        assert found.evicted_threads == 0
        assert len(await log.read(SCOPE, ThreadId("a"))) == 2

    run(test())
