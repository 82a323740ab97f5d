"""The contract of ``RunLog``'s compaction: which runs are due, and what a compacted run reads as."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from agui_runtime.application.values import Lease, LogEntry
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import RunKey, ThreadId
from tests.contracts.world import (
    LEASE_SECONDS,
    OTHER_SCOPE,
    SCOPE,
    THREAD,
    StoreContract,
    World,
    all_of,
    follow_all,
    scenario,
    text,
)


async def chatter(world: World, run_id: str = "run-1") -> Lease:
    """A run of six entries."""
    lease = await world.begin(run_id=run_id)
    for delta in ("a", "b", "c", "d"):
        await world.log.append(lease, [text(delta)])
    await world.complete(lease)
    return lease


async def entries_of(world: World, lease: Lease) -> Sequence[LogEntry]:
    return [entry for entry in await world.entries() if entry.run == lease.run]


async def folded(world: World, lease: Lease) -> Sequence[LogEntry]:
    """The first, one text for the four in the middle, and the last."""
    raw = await entries_of(world, lease)
    return [raw[0], evolve(raw[4], event=text("abcd")), raw[5]]


class RunLogCompactionContract(StoreContract):
    # What is due

    @scenario
    async def test_runs_that_ended_before_then_are_due_the_oldest_first(self, world: World) -> None:
        ended: list[RunKey] = []
        for thread_id, scope in (("b", SCOPE), ("a", OTHER_SCOPE), ("b", SCOPE)):
            ended.append((await world.run_through(thread_id, scope=scope)).run)
            world.clock.advance(1)
        assert list(await world.log.compactable(world.clock.now())) == ended
        assert list(await world.log.compactable(world.clock.now(), limit=2)) == ended[:2]

    @scenario
    async def test_a_run_that_ended_at_the_very_moment_is_not_due(self, world: World) -> None:
        await world.run_through()
        assert list(await world.log.compactable(world.clock.now())) == []

    @scenario
    async def test_a_live_run_is_not_due_however_old(self, world: World) -> None:
        await world.begin()
        world.clock.advance(LEASE_SECONDS * 100)
        assert list(await world.log.compactable(world.clock.now())) == []

    @scenario
    async def test_the_end_of_a_run_counts_not_its_beginning(self, world: World) -> None:
        lease = await world.begin()
        world.clock.advance(5)
        before = world.clock.now()
        await world.complete(lease)
        assert list(await world.log.compactable(before)) == []

    @scenario
    async def test_a_compacted_run_is_not_due_again(self, world: World) -> None:
        lease = await chatter(world)
        world.clock.advance(1)
        await world.log.compact(lease.run, await folded(world, lease))
        assert list(await world.log.compactable(world.clock.now())) == []

    @scenario
    async def test_a_list_of_less_than_one_run_is_refused(self, world: World) -> None:
        for limit in (0, -1):
            with pytest.raises(InvalidError):
                await world.log.compactable(world.clock.now(), limit=limit)

    # What it reads as

    @scenario
    async def test_a_compacted_run_reads_as_the_fewer_entries_with_their_numbers_and_times(self, world: World) -> None:
        lease = await chatter(world)
        given = await folded(world, lease)
        world.clock.advance(60)
        await world.log.compact(lease.run, given)
        assert list(await world.entries()) == [evolve(entry, compacted=True) for entry in given]

    @scenario
    async def test_raw_entries_do_not_read_as_compacted(self, world: World) -> None:
        await chatter(world)
        assert not any(entry.compacted for entry in await world.entries())

    @scenario
    async def test_compacting_leaves_the_runs_around_it_as_they_were(self, world: World) -> None:
        leases = [await chatter(world, f"run-{number}") for number in range(3)]
        before = [await entries_of(world, lease) for lease in leases]
        given = await folded(world, leases[1])
        await world.log.compact(leases[1].run, given)
        found = await world.entries()
        assert list(found) == [*before[0], *(evolve(entry, compacted=True) for entry in given), *before[2]]

    @scenario
    async def test_reading_behind_a_number_within_a_compacted_run_gives_what_follows_it(self, world: World) -> None:
        lease = await chatter(world)
        given = await folded(world, lease)
        await world.log.compact(lease.run, given)
        behind = await world.entries(after=given[0].sequence + 1)
        assert [entry.sequence for entry in behind] == [given[1].sequence, given[2].sequence]

    @scenario
    async def test_a_compacted_run_can_be_followed(self, world: World) -> None:
        lease = await chatter(world)
        given = await folded(world, lease)
        await world.log.compact(lease.run, given)
        assert await follow_all(world.log, lease) == [entry.event for entry in given]
        assert await follow_all(world.log, lease, after=given[-1].sequence) == []

    @scenario
    async def test_a_follower_that_has_begun_never_gets_a_part_twice(self, world: World) -> None:
        lease = await world.begin()
        cursor = aiter(world.log.follow(lease.run))
        seen = list(await anext(cursor))
        await world.log.append(lease, [text("a")])
        await world.complete(lease)
        raw = await world.entries()
        await world.log.compact(lease.run, [raw[0], raw[2]])
        assert [*seen, *await all_of(cursor)] == list(raw)

    @scenario
    async def test_the_thread_goes_on_with_higher_numbers(self, world: World) -> None:
        lease = await chatter(world)
        last = (await world.entries())[-1].sequence
        await world.log.compact(lease.run, await folded(world, lease))
        following = await world.run_through(run_id="run-2")
        assert following.run.number == lease.run.number + 1
        assert (await world.entries())[3].sequence > last

    @scenario
    async def test_compacting_is_no_activity_of_the_thread(self, world: World) -> None:
        lease = await chatter(world)
        before = await world.threads.get(SCOPE, THREAD)
        world.clock.advance(60)
        await world.log.compact(lease.run, await folded(world, lease))
        assert await world.threads.get(SCOPE, THREAD) == before

    # What is left alone

    @scenario
    async def test_a_run_is_compacted_once(self, world: World) -> None:
        lease = await chatter(world)
        raw = await world.entries()
        await world.log.compact(lease.run, await folded(world, lease))
        before = await world.entries()
        await world.log.compact(lease.run, [raw[0], raw[-1]])
        assert await world.entries() == before

    @scenario
    async def test_a_live_run_is_left_as_it_is(self, world: World) -> None:
        lease = await world.begin()
        await world.log.append(lease, [text("a")])
        raw = await world.entries()
        await world.log.compact(lease.run, raw[-1:])
        assert await world.entries() == raw

    @scenario
    async def test_compacting_what_is_not_there_changes_nothing(self, world: World) -> None:
        lease = await chatter(world)
        given = await folded(world, lease)
        for run in (
            RunKey(SCOPE, THREAD, lease.run.number + 1),
            RunKey(SCOPE, ThreadId("unknown"), lease.run.number),
            RunKey(OTHER_SCOPE, THREAD, lease.run.number),
        ):
            await world.log.compact(run, [evolve(entry, run=run) for entry in given])
        assert len(await world.entries()) == 6
        assert await world.events("unknown") == []

    @scenario
    async def test_entries_with_numbers_that_are_not_the_runs_own_rising_ones_are_refused(self, world: World) -> None:
        earlier = await chatter(world)
        lease = await chatter(world, "run-2")
        before = await world.entries()
        raw = await entries_of(world, lease)
        beyond = evolve(raw[-1], sequence=raw[-1].sequence + 1)
        of_the_earlier = [entry for entry in before if entry.run == earlier.run]
        for wrong in ([], raw[:-1], [*raw, beyond], [raw[1], raw[0], raw[-1]], [of_the_earlier[0], raw[-1]]):
            with pytest.raises(InvalidError):
                await world.log.compact(lease.run, wrong)
        assert await world.entries() == before
