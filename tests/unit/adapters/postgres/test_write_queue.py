"""What waits for its commit is bounded, keeps its order, and is shared out fairly."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.postgres.event_blocks import WrittenEvent, write
from agui_runtime.adapters.postgres.held_run import HeldRun, Part
from agui_runtime.adapters.postgres.run_feed import RunFeed
from agui_runtime.adapters.postgres.write_queue import QueueLimits, WriteQueue
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import LeaseLostError
from agui_runtime.domain.identity import RunId, RunKey
from tests.contracts.world import SCOPE, THREAD, text
from tests.support.aio import run


def held(number: int = 1) -> HeldRun:
    key = RunKey(SCOPE, THREAD, number)
    return HeldRun(Lease(key, 1, RunId("run-1")), lambda: None, RunFeed(key), next_sequence=1)


def pieces(*deltas: str) -> Sequence[WrittenEvent]:
    return write(text(delta) for delta in deltas)


SIZE = len(pieces("x")[0].text)


def drained(queue: WriteQueue) -> list[Sequence[Part]]:
    batches: list[Sequence[Part]] = []
    while queue:
        batches.append(queue.next_batch())
    return batches


def test_all_that_is_small_goes_in_one_batch_with_the_numbers_of_its_runs() -> None:
    queue, first, second = WriteQueue(QueueLimits()), held(1), held(2)
    queue.put(first, pieces("a", "b"))
    queue.put(second, pieces("c"))
    queue.put(first, pieces("d"))
    (batch,) = drained(queue)
    assert [(part.run, len(part.events), part.last) for part in batch] == [(first, 3, 3), (second, 1, 1)]
    queue.put(first, pieces("e"))
    assert [part.last for part in queue.next_batch()] == [4]


def test_a_run_with_much_to_say_goes_to_the_end_of_the_line() -> None:
    queue, loud, quiet = WriteQueue(QueueLimits(batch_events=4)), held(1), held(2)
    queue.put(loud, pieces(*"abcdefghij"))
    queue.put(quiet, pieces("q"))
    batches = drained(queue)
    assert [[(part.run, len(part.events)) for part in batch] for batch in batches] == [
        [(loud, 4)],
        [(quiet, 1), (loud, 3)],
        [(loud, 3)],
    ]
    assert [batches[0][0].last, batches[1][1].last, batches[2][0].last] == [4, 7, 10]


def test_a_runs_end_goes_with_the_last_of_its_events() -> None:
    queue, ending = WriteQueue(QueueLimits(batch_events=2)), held()
    queue.put(ending, pieces("a", "b"))
    ending.outcome = "finished"
    queue.put(ending, pieces("c"))
    assert [[part.outcome for part in batch] for batch in drained(queue)] == [[None], ["finished"]]


def test_an_end_without_events_is_written_too() -> None:
    queue, ending = WriteQueue(QueueLimits()), held()
    ending.outcome = "finished"
    queue.put(ending, [])
    ((part,),) = drained(queue)
    assert (part.events, part.last, part.outcome) == ([], 0, "finished")


def test_what_was_dropped_is_not_written_and_its_room_is_free() -> None:
    async def test() -> None:
        queue, gone, other = WriteQueue(QueueLimits(queued_bytes=3 * SIZE)), held(1), held(2)
        queue.put(gone, pieces("a", "b", "c"))
        waiting = asyncio.create_task(queue.room_for(other, pieces("d")))
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.drop(gone)
        await waiting
        assert drained(queue) == []

    run(test())


def test_who_finds_no_room_waits_until_a_batch_has_gone() -> None:
    async def test() -> None:
        queue, writer = WriteQueue(QueueLimits(queued_bytes=2 * SIZE)), held()
        queue.put(writer, pieces("a"))
        await queue.room_for(writer, pieces("b"))
        queue.put(writer, pieces("b"))
        waiting = asyncio.create_task(queue.room_for(writer, pieces("c")))
        await asyncio.sleep(0)
        queue.wake()
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.next_batch()
        queue.wake()
        await waiting

    run(test())


def test_a_run_that_is_lost_while_it_waits_for_room_is_told() -> None:
    async def test() -> None:
        queue, writer = WriteQueue(QueueLimits(queued_bytes=SIZE)), held()
        queue.put(writer, pieces("a"))
        waiting = asyncio.create_task(queue.room_for(writer, pieces("b")))
        await asyncio.sleep(0)
        writer.lost = LeaseLostError()
        queue.drop(writer)
        with pytest.raises(LeaseLostError):
            await waiting

    run(test())


def test_an_event_larger_than_all_room_passes_alone() -> None:
    async def test() -> None:
        queue, writer = WriteQueue(QueueLimits(queued_bytes=10, batch_bytes=10)), held()
        giant = pieces("x" * 1000)
        await queue.room_for(writer, giant)
        queue.put(writer, giant)
        assert [len(batch) for batch in drained(queue)] == [1]

    run(test())


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5), st.booleans()), max_size=40),
    st.integers(1, 6),
    st.integers(1, 6 * SIZE),
)
def test_whatever_is_put_comes_out_once_in_order_and_in_bounds(
    puts: list[tuple[int, int, bool]], batch_events: int, batch_bytes: int
) -> None:
    queue = WriteQueue(QueueLimits(batch_events=batch_events, batch_bytes=batch_bytes))
    runs = {number: held(number) for number in range(1, 5)}
    given_events: dict[int, list[WrittenEvent]] = {number: [] for number in runs}
    batches: list[Sequence[Part]] = []
    for number, count, takes in puts:
        events = pieces(*(str(index) for index in range(count)))
        queue.put(runs[number], events)
        given_events[number].extend(events)
        if takes:
            batches.append(queue.next_batch())
    batches.extend(drained(queue))
    for batch in batches:
        assert sum(len(part.events) for part in batch) <= batch_events
        assert len({part.run.lease.run for part in batch}) == len(batch)
    for number, held_run in runs.items():
        parts = [part for batch in batches for part in batch if part.run is held_run]
        assert [event for part in parts for event in part.events] == given_events[number]
        last = 0
        for part in parts:
            last += len(part.events)
            assert part.last == last
