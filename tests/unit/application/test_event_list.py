"""Cursors into a run's events: a slow reader loses nothing, a cancelled one leaves nothing behind."""

import asyncio
from collections.abc import Sequence

from agui_runtime.application.event_list import EventList
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import TextMessageContent
from agui_runtime.domain.identity import RunKey
from tests.support.aio import run
from tests.support.clock import START
from tests.unit.application.world import SCOPE, THREAD

KEY = RunKey(SCOPE, THREAD, 1)


def entries(first: int, last: int) -> list[LogEntry]:
    return [LogEntry(n, KEY, TextMessageContent("m", str(n)), START) for n in range(first, last + 1)]


async def numbers(events: EventList, after: int = 0) -> list[list[int]]:
    return [[entry.sequence for entry in batch] async for batch in events.follow(after)]


def test_a_cursor_takes_all_that_is_ready_as_one_batch() -> None:
    async def test() -> None:
        events = EventList()
        events.append(entries(1, 2))
        events.append(entries(3, 5))
        events.close()
        assert await numbers(events) == [[1, 2, 3, 4, 5]]

    run(test())


def test_a_cursor_waits_for_what_is_still_to_come() -> None:
    async def test() -> None:
        events = EventList()
        reader = asyncio.create_task(numbers(events))
        for n in (1, 2):
            await asyncio.sleep(0)
            events.append(entries(n, n))
            await asyncio.sleep(0)
        events.close()
        assert await reader == [[1], [2]]

    run(test())


def test_a_slow_reader_loses_nothing() -> None:
    async def test() -> None:
        events = EventList()
        cursor = events.follow()
        events.append(entries(1, 1))
        first: Sequence[LogEntry] = await anext(cursor)
        for n in range(2, 1001):
            events.append(entries(n, n))
        events.close()
        rest = [entry.sequence async for batch in cursor for entry in batch]
        assert [first[0].sequence, *rest] == list(range(1, 1001))

    run(test())


def test_two_readers_see_the_same_each_at_its_own_pace() -> None:
    async def test() -> None:
        events = EventList()
        early = asyncio.create_task(numbers(events))
        await asyncio.sleep(0)
        events.append(entries(1, 2))
        await asyncio.sleep(0)
        late = asyncio.create_task(numbers(events))
        events.append(entries(3, 3))
        events.close()
        seen = [[number for batch in await reader for number in batch] for reader in (early, late)]
        assert seen == [[1, 2, 3]] * 2

    run(test())


def test_a_cursor_begins_behind_a_sequence_number() -> None:
    async def test() -> None:
        events = EventList()
        events.append(entries(11, 15))
        events.close()
        assert await numbers(events, after=13) == [[14, 15]]
        assert await numbers(events, after=99) == []

    run(test())


def test_a_cancelled_reader_is_forgotten_and_the_others_go_on() -> None:
    async def test() -> None:
        events = EventList()
        gone, other = (asyncio.create_task(numbers(events)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert len(events._waiters) == 1
        events.append(entries(1, 1))
        events.close()
        assert await other == [[1]]
        assert len(events._waiters) == 0

    run(test())


def test_a_cursor_on_a_closed_empty_list_ends_at_once() -> None:
    async def test() -> None:
        events = EventList()
        events.close()
        assert await numbers(events) == []

    run(test())
