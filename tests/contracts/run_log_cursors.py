"""The contract of ``RunLog``'s cursors and of stopping."""

import asyncio

import pytest

from agui_runtime.domain.errors import LeaseLostError, NotFoundError
from agui_runtime.domain.identity import RunId, RunKey, ThreadId
from agui_runtime.domain.runs import Finished
from tests.contracts.world import (
    LEASE_SECONDS,
    OTHER_SCOPE,
    OTHER_THREAD,
    SCOPE,
    THREAD,
    StoreContract,
    World,
    all_of,
    eventually,
    finished,
    follow_all,
    scenario,
    started,
    text,
)


class RunLogCursorContract(StoreContract):
    # Cursors

    @scenario
    async def test_a_follower_sees_a_live_run_from_its_first_event_to_its_last(self, world: World) -> None:
        lease = await world.begin()
        following = await started(all_of(world.log.follow(lease.run)))
        await world.log.append(lease, [text("a"), text("b")])
        await asyncio.sleep(0.01)
        await world.log.append(lease, [text("c")])
        await world.complete(lease)
        assert await following == list(await world.entries())
        assert [entry.event for entry in following.result()[1:]] == [text("a"), text("b"), text("c"), finished(lease)]

    @scenario
    async def test_a_live_follower_gets_events_before_the_run_is_over(self, world: World) -> None:
        lease = await world.begin()
        cursor = aiter(world.log.follow(lease.run))
        assert len(await anext(cursor)) == 1
        for delta in ("a", "b"):
            await world.log.append(lease, [text(delta)])
            (entry,) = await anext(cursor)
            assert entry.event == text(delta)
        await world.complete(lease)
        assert [entry.event for entry in await all_of(cursor)] == [finished(lease)]

    @scenario
    async def test_all_that_is_ready_comes_as_one_batch(self, world: World) -> None:
        lease = await world.begin()
        for number in range(10):
            await world.log.append(lease, [text(str(number))])
        await world.complete(lease)
        cursor = aiter(world.log.follow(lease.run))
        assert len(await anext(cursor)) == 12

    @scenario
    async def test_a_finished_run_is_replayed(self, world: World) -> None:
        lease = await world.begin()
        await world.log.append(lease, [text("a")])
        await world.complete(lease)
        assert (await follow_all(world.log, lease))[1:] == [text("a"), finished(lease)]

    @scenario
    async def test_a_follower_sees_its_own_run_only(self, world: World) -> None:
        first = await world.run_through(run_id="again")
        second = await world.begin(run_id="again")
        await world.log.append(second, [text("second")])
        await world.complete(second)
        await world.run_through(run_id="again")
        assert len(await follow_all(world.log, first)) == 2
        assert (await follow_all(world.log, second))[1:] == [text("second"), finished(second)]

    @scenario
    async def test_a_follower_may_begin_behind_a_number(self, world: World) -> None:
        await world.run_through(run_id="earlier")
        lease = await world.begin()
        await world.log.append(lease, [text("a"), text("b")])
        seen = (await world.entries())[-2].sequence
        following = await started(follow_all(world.log, lease, after=seen))
        await world.complete(lease)
        assert await following == [text("b"), finished(lease)]

    @scenario
    async def test_a_follower_behind_the_last_number_of_a_finished_run_just_ends(self, world: World) -> None:
        lease = await world.run_through()
        last = (await world.entries())[-1].sequence
        assert await follow_all(world.log, lease, after=last) == []

    @scenario
    async def test_two_followers_see_the_same(self, world: World) -> None:
        lease = await world.begin()
        first = await started(all_of(world.log.follow(lease.run)))
        await world.log.append(lease, [text("a")])
        second = await started(all_of(world.log.follow(lease.run)))
        await world.log.append(lease, [text("b")])
        await world.complete(lease)
        assert await first == await second == list(await world.entries())

    @scenario
    async def test_a_follower_that_leaves_does_not_disturb_the_others(self, world: World) -> None:
        lease = await world.begin()
        leaving = await started(all_of(world.log.follow(lease.run)))
        staying = await started(all_of(world.log.follow(lease.run)))
        leaving.cancel()
        await asyncio.wait([leaving])
        await world.log.append(lease, [text("a")])
        await world.complete(lease)
        assert len(await staying) == 3

    @scenario
    async def test_a_slow_follower_loses_nothing(self, world: World) -> None:
        lease = await world.begin()
        cursor = aiter(world.log.follow(lease.run))
        seen = list(await anext(cursor))
        for number in range(500):
            await world.log.append(lease, [text(f"{number}-{part}") for part in range(4)])
        await world.complete(lease)
        seen += await all_of(cursor)
        assert len(seen) == 2002
        assert seen == list(await world.entries())

    @scenario
    async def test_a_follower_keeps_on_when_the_run_is_taken_over(self, world: World) -> None:
        lease = await world.begin()
        following = await started(follow_all(world.log, lease))
        world.clock.advance(LEASE_SECONDS)
        (taken,) = await world.log.expired()
        await world.log.finish(taken, [text("sealed"), finished(taken)], Finished())
        assert (await following)[1:] == [text("sealed"), finished(taken)]

    @scenario
    async def test_followers_of_an_abandoned_run_just_end(self, world: World) -> None:
        lease = await world.begin()
        waiting = aiter(world.log.follow(lease.run))
        await anext(waiting)
        ending = await started(all_of(waiting))
        await world.log.abandon(lease)
        assert await ending == []

    @scenario
    async def test_an_abandoned_run_cannot_be_followed(self, world: World) -> None:
        lease = await world.begin()
        await world.log.abandon(lease)
        with pytest.raises(NotFoundError):
            await follow_all(world.log, lease)

    @scenario
    async def test_an_unknown_run_cannot_be_followed(self, world: World) -> None:
        lease = await world.run_through()
        unknown = [
            RunKey(SCOPE, THREAD, lease.run.number + 1),
            RunKey(SCOPE, THREAD, 0),
            RunKey(SCOPE, OTHER_THREAD, lease.run.number),
            RunKey(OTHER_SCOPE, THREAD, lease.run.number),
        ]
        for run in unknown:
            with pytest.raises(NotFoundError):
                await all_of(world.log.follow(run))

    # Stopping

    @scenario
    async def test_a_stop_reaches_the_live_run(self, world: World) -> None:
        stops: list[str] = []
        await world.begin(on_stop=lambda: stops.append("stop"))
        assert await world.log.request_stop(SCOPE, THREAD) is True
        await eventually(lambda: bool(stops))

    @scenario
    async def test_a_stop_by_run_id_reaches_that_run(self, world: World) -> None:
        stops: list[str] = []
        await world.begin(run_id="mine", on_stop=lambda: stops.append("stop"))
        assert await world.log.request_stop(SCOPE, THREAD, RunId("mine")) is True
        await eventually(lambda: bool(stops))

    @scenario
    async def test_a_stop_for_another_run_id_thread_or_scope_reaches_nothing(self, world: World) -> None:
        stops: list[str] = []
        await world.begin(run_id="mine", on_stop=lambda: stops.append("stop"))
        assert await world.log.request_stop(SCOPE, THREAD, RunId("yours")) is False
        assert await world.log.request_stop(SCOPE, OTHER_THREAD) is False
        assert await world.log.request_stop(OTHER_SCOPE, THREAD) is False
        await asyncio.sleep(0.05)
        assert stops == []

    @scenario
    async def test_a_finished_run_cannot_be_stopped(self, world: World) -> None:
        stops: list[str] = []
        lease = await world.begin(on_stop=lambda: stops.append("stop"))
        await world.complete(lease)
        assert await world.log.request_stop(SCOPE, THREAD) is False
        assert await world.log.request_stop(SCOPE, THREAD, lease.run_id) is False
        assert stops == []

    @scenario
    async def test_a_stop_is_for_the_live_run_not_for_one_before_it(self, world: World) -> None:
        stops: list[str] = []
        for name in ("first", "second"):
            lease = await world.begin(run_id="again", on_stop=lambda name=name: stops.append(name))  # type: ignore[misc]
            if name == "first":
                await world.complete(lease)
        assert await world.log.request_stop(SCOPE, THREAD, RunId("again")) is True
        await eventually(lambda: bool(stops))
        assert set(stops) == {"second"}

    @scenario
    async def test_a_stopped_run_stays_live_until_it_is_finished(self, world: World) -> None:
        lease = await world.begin()
        await world.log.request_stop(SCOPE, THREAD)
        await world.log.append(lease, [text("unwinding")])
        await world.complete(lease)
        assert len(await world.events()) == 3

    @scenario
    async def test_a_stop_for_an_unknown_thread_reaches_nothing(self, world: World) -> None:
        assert await world.log.request_stop(SCOPE, ThreadId("unknown")) is False

    # Whether a run is being stopped

    @scenario
    async def test_a_run_that_nobody_has_stopped_goes_on(self, world: World) -> None:
        lease = await world.begin()
        assert await world.log.is_ending(lease.run) is False
        await world.log.append(lease, [text("on")])
        await world.log.renew(lease)
        assert await world.log.is_ending(lease.run) is False

    @scenario
    async def test_a_run_that_was_asked_to_stop_is_ending(self, world: World) -> None:
        lease = await world.begin()
        await world.log.request_stop(SCOPE, THREAD)
        assert await world.log.is_ending(lease.run) is True
        await world.log.append(lease, [text("unwinding")])
        assert await world.log.is_ending(lease.run) is True

    @scenario
    async def test_a_stop_that_reached_nothing_ends_nothing(self, world: World) -> None:
        lease = await world.begin(run_id="mine")
        await world.log.request_stop(SCOPE, THREAD, RunId("yours"))
        await world.log.request_stop(SCOPE, OTHER_THREAD)
        await world.log.request_stop(OTHER_SCOPE, THREAD)
        assert await world.log.is_ending(lease.run) is False

    @scenario
    async def test_a_run_whose_holder_stops_it_is_ending_when_that_is_announced(self, world: World) -> None:
        lease = await world.begin()
        other = await world.begin(OTHER_THREAD)
        await world.log.announce_stop(lease)
        await world.log.announce_stop(lease)
        assert await world.log.is_ending(lease.run) is True
        assert await world.log.is_ending(other.run) is False
        await world.complete(lease)

    @scenario
    async def test_a_run_that_is_over_is_ending_for_whoever_asks_late(self, world: World) -> None:
        ended, abandoned = await world.run_through(), await world.begin(OTHER_THREAD)
        await world.log.abandon(abandoned)
        assert await world.log.is_ending(ended.run) is True
        assert await world.log.is_ending(abandoned.run) is True
        assert await world.log.is_ending(RunKey(SCOPE, ThreadId("unknown"), 1)) is True

    @scenario
    async def test_the_stop_of_one_run_is_not_the_next_one_s(self, world: World) -> None:
        first = await world.begin()
        await world.log.request_stop(SCOPE, THREAD)
        await world.complete(first)
        second = await world.begin()
        assert await world.log.is_ending(first.run) is True
        assert await world.log.is_ending(second.run) is False

    @scenario
    async def test_a_run_that_was_taken_over_cannot_be_announced_by_its_old_holder(self, world: World) -> None:
        lost = await world.begin()
        world.clock.advance(LEASE_SECONDS)
        (taken,) = await world.log.expired()
        with pytest.raises(LeaseLostError):
            await world.log.announce_stop(lost)
        assert await world.log.is_ending(taken.run) is False
        await world.log.announce_stop(taken)
        assert await world.log.is_ending(taken.run) is True
        await world.complete(taken)

    @scenario
    async def test_the_stop_of_a_run_that_is_over_cannot_be_announced(self, world: World) -> None:
        lease = await world.run_through()
        with pytest.raises(LeaseLostError):
            await world.log.announce_stop(lease)
