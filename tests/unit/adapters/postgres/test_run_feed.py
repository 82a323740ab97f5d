"""What a process has in memory of a run's committed events: enough for quick cursors, never without bound."""

import asyncio

import pytest

from agui_runtime.adapters.postgres.run_feed import RECENT_BYTES, RunFeed, RunFeeds
from agui_runtime.application.frames import Frames
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.events import StepStarted
from agui_runtime.domain.identity import RunKey
from tests.contracts.world import SCOPE, THREAD, text
from tests.support.aio import run
from tests.support.clock import START
from tests.support.virtual_time import VirtualTimeLoop, run_in_virtual_time

RUN = RunKey(SCOPE, THREAD, 1)


def entries(first: int, last: int) -> list[LogEntry]:
    return [LogEntry(number, RUN, text(str(number)), START) for number in range(first, last + 1)]


def numbers(found: list[LogEntry] | None) -> list[int]:
    assert found is not None
    return [entry.sequence for entry in found]


def test_a_cursor_gets_what_is_behind_it() -> None:
    feed = RunFeed(RUN)
    feed.open_at(10)
    feed.publish(entries(11, 13), 30)
    feed.publish(entries(14, 14), 10)
    assert feed.published == 14
    assert numbers(feed.behind(10)) == [11, 12, 13, 14]
    assert numbers(feed.behind(13)) == [14]
    assert numbers(feed.behind(14)) == []


def test_what_came_before_the_feed_was_opened_is_not_in_memory() -> None:
    feed = RunFeed(RUN)
    feed.open_at(10)
    assert feed.behind(9) is None
    feed.publish(entries(11, 11), 10)
    assert feed.behind(9) is None


def test_old_batches_leave_memory_and_the_newest_stays_however_large() -> None:
    feed = RunFeed(RUN)
    feed.open_at(0)
    for number in range(1, 11):
        feed.publish(entries(number, number), RECENT_BYTES // 4)
    assert feed.behind(5) is None
    assert numbers(feed.behind(6)) == [7, 8, 9, 10]
    feed.publish(entries(11, 12), RECENT_BYTES * 3)
    assert feed.behind(9) is None
    assert numbers(feed.behind(10)) == [11, 12]


def test_a_feed_opened_anew_begins_without_a_gap() -> None:
    feed = RunFeed(RUN)
    feed.open_at(0)
    feed.publish(entries(1, 3), 30)
    feed.open_at(7, is_local=True)
    feed.publish(entries(8, 8), 10)
    assert feed.behind(3) is None
    assert numbers(feed.behind(7)) == [8]


def test_every_change_wakes_who_waits() -> None:
    async def test() -> None:
        feed = RunFeed(RUN)
        feed.open_at(0)
        changes = (
            lambda: feed.publish(entries(1, 1), 1),
            lambda: feed.open_at(5),
            feed.end,
            feed.vanish,
            lambda: feed.fail(UnavailableError()),
        )
        for change in changes:
            waiting = [asyncio.create_task(feed.changed()) for _ in range(2)]
            leaving = asyncio.create_task(feed.changed())
            await asyncio.sleep(0)
            leaving.cancel()
            change()
            await asyncio.gather(*waiting)

    run(test())


def test_pieces_of_text_wake_who_waits_once_a_frame_and_anything_else_at_once() -> None:
    async def test(loop: VirtualTimeLoop) -> None:
        feed = RunFeed(RUN, Frames(0.016, loop.time))
        feed.open_at(0)
        woken: list[int] = []

        async def read() -> None:
            while not feed.ended:
                await feed.changed()
                woken.append(feed.published)

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        for number in (1, 2, 3):
            feed.publish(entries(number, number), 1)
            await asyncio.sleep(0.0001)
        assert woken == [1]
        await asyncio.sleep(0.016)
        assert woken == [1, 3]
        for number in (4, 5):
            feed.publish(entries(number, number), 1)
        feed.publish([LogEntry(6, RUN, StepStarted("s"), START)], 1)
        await asyncio.sleep(0)
        feed.end()
        await reading
        assert woken == [1, 3, 6, 6]

    run_in_virtual_time(test)


def test_a_feed_is_kept_while_it_is_followed_or_written() -> None:
    feeds = RunFeeds()
    local = feeds.local(RUN, 3)
    with feeds.joined(RUN) as feed:
        assert feed is local
    with feeds.joined(RUN) as again:
        assert again is local
        local.end()
        feeds.release(local)
        with feeds.joined(RUN) as still:
            assert still is local
    with feeds.joined(RUN) as new:
        assert new is not local


def test_only_open_runs_of_others_that_go_on_are_looked_for() -> None:
    feeds = RunFeeds()
    with feeds.joined(RUN) as feed:
        assert feeds.remote() == []
        feed.open_at(1)
        assert feeds.remote() == [feed]
        feed.is_local = True
        assert feeds.remote() == []
        feed.is_local = False
        feed.end()
        assert feeds.remote() == []


def test_a_feed_that_failed_is_not_met_by_the_next_cursor() -> None:
    feeds = RunFeeds()
    with feeds.joined(RUN) as feed:
        feed.open_at(1)
        feed.fail(UnavailableError())
        feeds.release(feed)
        assert feeds.remote() == []
        with feeds.joined(RUN) as another:
            assert another is not feed
            assert another.error is None


@pytest.mark.parametrize("first", [1, 100])
def test_an_abandoned_runs_feed_has_nothing_more_for_anybody(first: int) -> None:
    feed = RunFeed(RUN)
    feed.open_at(first - 1)
    feed.publish(entries(first, first + 5), 60)
    feed.vanish()
    assert feed.ended
    assert feed.published < first
