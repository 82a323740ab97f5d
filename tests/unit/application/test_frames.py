"""Display frames: text that comes fast is told of once a frame, and nothing is ever told later than a frame."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.application.event_list import EventList
from agui_runtime.application.frames import Frames
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import Event, TextMessageContent, TextMessageEnd, ToolCallArgs
from agui_runtime.domain.identity import RunKey
from tests.support.clock import START
from tests.support.virtual_time import VirtualTimeLoop, run_in_virtual_time
from tests.unit.application.world import SCOPE, THREAD

KEY = RunKey(SCOPE, THREAD, 1)
FRAME = 0.016
PIECE = TextMessageContent("m", "x")
END = TextMessageEnd("m")
ROUNDING = 1e-6

Seen = list[tuple[float, list[int]]]
"""When a cursor got a batch, and the numbers of its entries."""


def entry(number: int, event: Event) -> LogEntry:
    return LogEntry(number, KEY, event, START)


def followed(script: Sequence[tuple[float, Event]], *, seconds: float = FRAME) -> tuple[list[float], Seen]:
    """When each event was appended, so long behind the one before, and what a cursor saw of it."""

    async def test(loop: VirtualTimeLoop) -> tuple[list[float], Seen]:
        events = EventList(Frames(seconds, loop.time))
        appended: list[float] = []
        seen: Seen = []

        async def read() -> None:
            async for batch in events.follow():
                seen.append((loop.time(), [each.sequence for each in batch]))

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        for number, (pause, event) in enumerate(script):
            await asyncio.sleep(pause)
            appended.append(loop.time())
            events.append([entry(number, event)])
        await asyncio.sleep(2 * FRAME)
        events.close()
        await reading
        return appended, seen

    return run_in_virtual_time(test)


def test_fast_text_is_read_once_a_frame() -> None:
    appended, seen = followed([(0.001, PIECE)] * 160)
    assert [number for _, numbers in seen for number in numbers] == list(range(160))
    assert 10 <= len(seen) <= 12
    assert seen[0] == (appended[0], [0])


def test_text_slower_than_frames_is_read_as_it_comes() -> None:
    appended, seen = followed([(0.05, PIECE)] * 5)
    assert seen == [(at, [number]) for number, at in enumerate(appended)]


@pytest.mark.parametrize("piece", [PIECE, ToolCallArgs("c", "{")])
def test_what_is_no_piece_is_read_at_once_and_takes_along_what_waited(piece: Event) -> None:
    appended, seen = followed([(0, piece), (0.0001, piece), (0.0001, END)])
    assert seen == [(appended[0], [0]), (appended[2], [1, 2])]


def test_text_behind_something_else_is_read_at_once() -> None:
    appended, seen = followed([(0, END), (0.0001, PIECE), (0.0001, PIECE)])
    assert seen[:2] == [(appended[0], [0]), (appended[1], [1])]
    assert seen[2][0] > appended[2]


def test_without_frames_everything_is_read_at_once() -> None:
    appended, seen = followed([(0.001, PIECE)] * 20, seconds=0)
    assert seen == [(at, [number]) for number, at in enumerate(appended)]


def test_the_end_of_a_run_does_not_wait() -> None:
    async def test(loop: VirtualTimeLoop) -> None:
        events = EventList(Frames(FRAME, loop.time))
        reading = asyncio.create_task(_all_of(events))
        await asyncio.sleep(0)
        for number in range(3):
            events.append([entry(number, PIECE)])
            await asyncio.sleep(0)
        began = loop.time()
        events.close()
        assert await reading == [[0], [1, 2]]
        assert loop.time() == began

    run_in_virtual_time(test)


@given(
    st.lists(
        st.tuples(st.floats(0, 3 * FRAME, allow_subnormal=False), st.sampled_from([PIECE, PIECE, PIECE, END])),
        max_size=40,
    )
)
def test_nothing_is_lost_or_late_and_no_frame_has_two_batches_of_text(script: list[tuple[float, Event]]) -> None:
    appended, seen = followed(script)
    assert [number for _, numbers in seen for number in numbers] == list(range(len(script)))
    paced = [at for at, numbers in seen if all(script[number][1] is PIECE for number in numbers)]
    assert all(at - appended[number] <= FRAME + ROUNDING for at, numbers in seen for number in numbers)
    # A time on the edge of two frames may count for either.
    assert all(int((first - ROUNDING) / FRAME) < int((next_ + ROUNDING) / FRAME) for first, next_ in pairwise(paced))


def test_all_who_wait_for_the_end_of_a_frame_share_its_timer() -> None:
    async def test(loop: VirtualTimeLoop) -> list[tuple[str, float]]:
        frames = Frames(FRAME, loop.time)
        called: list[tuple[str, float]] = []
        frames.call_at_end(lambda: called.append(("a", loop.time())))
        await asyncio.sleep(FRAME / 8)
        frames.call_at_end(lambda: called.append(("b", loop.time())))
        await asyncio.sleep(2 * FRAME)
        return called

    (first, at), (second, later) = run_in_virtual_time(test)
    assert (first, second) == ("a", "b")
    assert at == later
    assert 1000 < at <= 1000 + FRAME + ROUNDING


def test_another_loop_begins_anew() -> None:
    async def leave(loop: VirtualTimeLoop) -> Frames:
        frames = Frames(FRAME, loop.time)
        frames.call_at_end(lambda: None)
        return frames

    frames = run_in_virtual_time(leave)

    async def again(_: VirtualTimeLoop) -> bool:
        called = asyncio.Event()
        frames.call_at_end(called.set)
        return await called.wait()

    assert run_in_virtual_time(again)


async def _all_of(events: EventList) -> list[list[int]]:
    return [[each.sequence for each in batch] async for batch in events.follow()]
