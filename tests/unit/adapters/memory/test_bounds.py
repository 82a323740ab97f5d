"""The memory database stays within its bounds and gives up whole idle threads, the longest unused first."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from agui_runtime.adapters.memory import MemoryDatabase, MemoryLimits, MemoryRunLog
from agui_runtime.adapters.memory.records import THREAD_BYTES
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, InvalidError, NotFoundError
from agui_runtime.domain.events import StateSnapshot
from agui_runtime.domain.identity import ThreadId
from tests.contracts.world import OTHER_SCOPE, SCOPE, World, all_of, follow_all, key_of, run_input, text
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.adapters.memory.world import build


async def settled(_: Any) -> None: ...


def in_memory(limits: MemoryLimits, test: Callable[[World, MemoryDatabase], Coroutine[Any, Any, None]]) -> None:
    clock, database = FakeClock(), MemoryDatabase(limits)
    built = build(database, clock)
    run(test(World(built.store, built.log, built.threads, clock, settled), database))


async def threads_of(world: World) -> set[str]:
    return {thread.thread_id for thread in (await world.threads.list(SCOPE)).threads}


def assert_limit(error: InvalidError, limit: str, maximum: int) -> None:
    assert error.code == ErrorCode.LIMIT_EXCEEDED
    assert error.details == {"limit": limit, "maximum": maximum}


@pytest.mark.parametrize("name", ["max_threads", "max_bytes", "max_runs_per_thread"])
def test_a_limit_below_one_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        MemoryLimits(**{name: 0})


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_lease_that_does_not_last_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="lease_seconds"):
        MemoryRunLog(MemoryDatabase(), FakeClock(), seconds)


class TestThreads:
    def test_one_thread_too_many_gives_up_the_one_unused_for_longest(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            for thread_id in ("a", "b", "c"):
                await world.save(thread_id)
            await world.save("d")
            assert await threads_of(world) == {"b", "c", "d"}
            assert await world.store.load(key_of("a")) is None
            assert database.statistics().evicted_threads == 1

        in_memory(MemoryLimits(max_threads=3), test)

    @pytest.mark.parametrize("use", ["load", "read", "get", "save"])
    def test_using_a_thread_keeps_it(self, use: str) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            for thread_id in ("a", "b", "c"):
                await world.save(thread_id)
            uses = {
                "load": world.store.load(key_of("a")),
                "read": world.log.read(SCOPE, ThreadId("a")),
                "get": world.threads.get(SCOPE, ThreadId("a")),
                "save": world.store.save(key_of("a"), {}, expected_version=1),
            }
            await uses.pop(use)
            for unused in uses.values():
                unused.close()
            await world.save("d")
            assert await threads_of(world) == {"a", "c", "d"}

        in_memory(MemoryLimits(max_threads=3), test)

    def test_a_run_that_ends_is_use_of_its_thread(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            lease = await world.begin("a")
            await world.save("b")
            await world.complete(lease)
            await world.save("c")
            assert await threads_of(world) == {"a", "c"}

        in_memory(MemoryLimits(max_threads=2), test)

    def test_listing_threads_keeps_none_of_them(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            for thread_id in ("a", "b"):
                await world.save(thread_id)
            await world.store.load(key_of("a"))
            await world.threads.list(SCOPE)
            await world.store.list_threads(SCOPE, key_of().agent_name)
            await world.save("c")
            assert await threads_of(world) == {"a", "c"}

        in_memory(MemoryLimits(max_threads=2), test)

    def test_compacting_a_run_is_no_use_of_its_thread(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            lease = await world.run_through("a")
            entries = await world.entries("a")
            await world.save("b")
            await world.log.read(SCOPE, ThreadId("b"))
            await world.log.compact(lease.run, entries)
            await world.save("c")
            assert await threads_of(world) == {"b", "c"}

        in_memory(MemoryLimits(max_threads=2), test)

    def test_compacting_gives_memory_back(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            lease = await world.begin()
            before = database.statistics().bytes
            for number in range(100):
                await world.log.append(lease, [text(str(number))])
            await world.complete(lease)
            entries = await world.entries()
            await world.log.compact(lease.run, entries[-1:])
            assert database.statistics().bytes < before

        in_memory(MemoryLimits(), test)

    def test_a_thread_with_a_live_run_is_never_given_up(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            lease = await world.begin("live")
            for number in range(10):
                await world.run_through(f"idle-{number}")
            assert await threads_of(world) == {"live", "idle-9"}
            await world.complete(lease)
            assert len(await world.events("live")) == 2

        in_memory(MemoryLimits(max_threads=2), test)

    def test_a_thread_that_becomes_idle_can_be_given_up_again(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            await world.complete(await world.begin("a"))
            await world.log.abandon(await world.begin("a"))
            await world.run_through("b")
            assert await threads_of(world) == {"b"}

        in_memory(MemoryLimits(max_threads=1), test)

    @pytest.mark.parametrize("first_act", ["run", "save"])
    def test_where_every_thread_is_live_a_new_one_is_refused_and_nothing_changes(self, first_act: str) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            leases = [await world.begin("a"), await world.begin("b", scope=OTHER_SCOPE)]
            before = database.statistics()
            with pytest.raises(InvalidError) as caught:
                await (world.begin("c") if first_act == "run" else world.save("c"))
            assert_limit(caught.value, "memory_threads", 2)
            assert database.statistics() == before
            assert await world.threads.get(SCOPE, ThreadId("c")) is None
            for lease in leases:
                await world.complete(lease)

        in_memory(MemoryLimits(max_threads=2), test)

    def test_a_follower_reads_on_in_a_run_that_has_been_given_up(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            lease = await world.begin("a")
            cursor = aiter(world.log.follow(lease.run))
            await anext(cursor)
            await world.complete(lease)
            await world.run_through("b")
            assert await threads_of(world) == {"b"}
            assert len(await all_of(cursor)) == 1

        in_memory(MemoryLimits(max_threads=1), test)

    def test_a_follower_that_lags_sees_nothing_more_of_an_abandoned_run(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            lease = await world.begin("a")
            cursor = world.log.follow(lease.run)
            await world.log.append(lease, [text("gone")])
            await world.log.abandon(lease)
            assert await all_of(cursor) == []

        in_memory(MemoryLimits(), test)


class TestBytes:
    def test_more_bytes_give_up_as_many_threads_as_needed(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            for number in range(40):
                await world.store.save(key_of(f"t-{number}"), {"a": "x" * 1000}, expected_version=0)
            assert database.statistics().bytes <= 30_000
            kept = await threads_of(world)
            assert kept == {f"t-{number}" for number in range(40 - len(kept), 40)}
            assert len(kept) >= 8

        in_memory(MemoryLimits(max_bytes=30_000), test)

    def test_a_live_run_that_fills_the_memory_is_refused_more_but_can_be_finished(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            await world.run_through("idle")
            lease = await world.begin("live")
            with pytest.raises(InvalidError) as caught:
                await fill(world, lease)
            assert_limit(caught.value, "memory_bytes", 30_000)
            assert await threads_of(world) == {"live"}
            entries = len(await world.events("live"))
            await world.complete(lease)
            assert len(await world.events("live")) == entries + 1
            await world.run_through("next")
            assert await threads_of(world) == {"next"}
            assert database.statistics().bytes < 30_000

        in_memory(MemoryLimits(max_bytes=30_000), test)

    def test_a_refused_batch_is_not_written_in_part(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            lease = await world.begin("live")
            before = database.statistics()
            with pytest.raises(InvalidError):
                await world.log.append(lease, [text("short"), text("x" * 30_000)])
            assert len(await world.events("live")) == 1
            assert database.statistics() == before

        in_memory(MemoryLimits(max_bytes=30_000), test)

    def test_room_is_not_made_by_giving_up_the_thread_that_grows(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            await world.store.save(key_of(agent="a"), {"a": 1}, expected_version=0)
            with pytest.raises(InvalidError) as caught:
                await world.store.save(key_of(agent="b"), {"a": "x" * 2000}, expected_version=0)
            assert_limit(caught.value, "memory_bytes", THREAD_BYTES + 1500)
            assert await world.store.load(key_of(agent="a")) is not None

        in_memory(MemoryLimits(max_bytes=THREAD_BYTES + 1500), test)

    def test_large_payloads_are_counted_not_only_texts(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            lease = await world.begin()
            before = database.statistics().bytes
            await world.log.append(lease, [StateSnapshot({"rows": [{"cell": "x" * 100}] * 100})])
            assert database.statistics().bytes - before > 10_000

        in_memory(MemoryLimits(), test)

    def test_the_input_of_a_run_is_counted(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            await world.begin("a", "x" * 200)
            small = database.statistics().bytes
            large = run_input("b", "x" * 200)
            large = type(large)(large.thread_id, large.run_id, messages=large.messages * 1000)
            await world.log.begin(SCOPE, large, on_stop=lambda: None)
            assert database.statistics().bytes - small > 100_000

        in_memory(MemoryLimits(), test)

    def test_what_is_removed_is_no_longer_counted(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            await world.run_through("a")
            await world.save("a", "writer")
            await world.store.save(key_of("a"), {"longer": "x" * 500}, expected_version=1)
            await world.store.delete(key_of("a"))
            await world.save("a", "reader")
            await world.store.clear_thread(SCOPE, ThreadId("a"))
            await world.threads.rename(SCOPE, ThreadId("a"), "x" * 300)
            await world.threads.rename(SCOPE, ThreadId("a"), "y")
            await world.log.abandon(await world.begin("a"))
            await world.log.abandon(await world.begin("b"))
            assert database.statistics().bytes > THREAD_BYTES
            await world.threads.delete(SCOPE, ThreadId("a"))
            assert database.statistics().bytes == 0

        in_memory(MemoryLimits(), test)

    def test_saving_the_same_again_keeps_the_memory_level(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            await world.store.save(key_of(), {"a": "x" * 500}, expected_version=0)
            level = database.statistics().bytes
            await world.store.save(key_of(), {"a": "y" * 500}, expected_version=1)
            assert database.statistics().bytes == level

        in_memory(MemoryLimits(), test)

    def test_a_name_without_room_is_refused(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            await world.save()
            with pytest.raises(InvalidError) as caught:
                await world.threads.rename(SCOPE, key_of().thread_id, "x" * 5000)
            assert_limit(caught.value, "memory_bytes", 5000)

        in_memory(MemoryLimits(max_bytes=5000), test)


class TestRunsAndStatesPerThread:
    def test_the_oldest_finished_runs_beyond_the_limit_are_forgotten(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            leases = [await world.run_through(run_id=f"run-{number}") for number in range(5)]
            numbers = [entry.run.number for entry in await world.entries()]
            assert numbers == [4, 4, 5, 5]
            with pytest.raises(NotFoundError):
                await follow_all(world.log, leases[0])
            assert len(await follow_all(world.log, leases[4])) == 2
            assert database.statistics().runs == 2

        in_memory(MemoryLimits(max_runs_per_thread=2), test)

    def test_forgetting_old_runs_keeps_the_memory_level(self) -> None:
        async def test(world: World, database: MemoryDatabase) -> None:
            await world.run_through()
            level = database.statistics().bytes
            for _ in range(5):
                await world.run_through()
            assert database.statistics().bytes == level

        in_memory(MemoryLimits(max_runs_per_thread=1), test)

    def test_an_abandoned_run_pushes_no_other_out(self) -> None:
        async def test(world: World, _: MemoryDatabase) -> None:
            await world.run_through(run_id="kept")
            await world.log.abandon(await world.begin(run_id="abandoned"))
            assert len(await world.events()) == 2

        in_memory(MemoryLimits(max_runs_per_thread=1), test)


async def fill(world: World, lease: Lease) -> None:
    while True:
        await world.log.append(lease, [text("x" * 500)])


def test_there_is_no_reading_on_in_a_thread_whose_oldest_run_was_given_up() -> None:
    async def test(world: World, _: MemoryDatabase) -> None:
        await world.run_through(run_id="run-1")
        await world.run_through(run_id="run-2")
        before = await world.entries()
        await world.run_through(run_id="run-3")
        assert await world.read_on(before) is None

    in_memory(MemoryLimits(max_runs_per_thread=2), test)
