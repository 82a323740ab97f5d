"""A run's batches on their way to a response: in slices, and with turns for what waits."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from agui_runtime.adapters.graphql.batches import MAX_BATCH, slices, with_deadlines
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import Custom
from agui_runtime.domain.identity import RunKey, Scope, ThreadId
from tests.support.aio import run
from tests.support.clock import START

ENTRY = LogEntry(1, RunKey(Scope("s"), ThreadId("t"), 1), Custom("x"), START)


class Source:
    """Batches of these sizes, then an event that never comes where ``stays``."""

    def __init__(self, *sizes: int, stays: bool = False) -> None:
        self.sizes = sizes
        self.stays = stays
        self.closed = False

    async def batches(self) -> AsyncIterator[Sequence[LogEntry]]:
        try:
            for size in self.sizes:
                yield [ENTRY] * size
            if self.stays:
                await asyncio.Event().wait()
        finally:
            self.closed = True


def test_a_large_batch_comes_in_slices_and_a_small_one_as_it_is() -> None:
    async def test() -> list[int]:
        return [len(batch) async for batch in slices(Source(3, 2 * MAX_BATCH + 1).batches())]

    assert run(test()) == [3, MAX_BATCH, MAX_BATCH, 1]


def test_others_get_their_turn_between_slices() -> None:
    async def test() -> int:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        async for _ in slices(Source(4 * MAX_BATCH).batches()):
            pass
        task.cancel()
        return turns

    assert run(test()) >= 3


@pytest.mark.parametrize("sizes", [(), (1,), (1, 2, 3)])
def test_without_a_deadline_batches_pass_as_they_are(sizes: tuple[int, ...]) -> None:
    async def test() -> list[int]:
        return [len(batch) async for batch in with_deadlines(Source(*sizes).batches(), lambda: None)]

    assert run(test()) == list(sizes)


def test_when_time_has_passed_an_empty_batch_gives_a_turn() -> None:
    async def test() -> list[int]:
        seen = []
        source = Source(2, stays=True)
        waiting = with_deadlines(source.batches(), lambda: 0.001)
        async for batch in waiting:
            seen.append(len(batch))
            if len(seen) == 3:
                break
        await waiting.aclose()
        assert source.closed
        return seen

    assert run(test()) == [2, 0, 0]


@pytest.mark.parametrize("cut", [slices, lambda batches: with_deadlines(batches, lambda: None)])
def test_closing_it_closes_what_it_reads(cut: object) -> None:
    async def test() -> None:
        source = Source(1, stays=True)
        wrapped = cut(source.batches())  # type: ignore[operator]
        await anext(wrapped)
        await wrapped.aclose()
        assert source.closed

    run(test())


def test_what_the_source_raises_passes_through() -> None:
    async def broken() -> AsyncIterator[Sequence[LogEntry]]:
        yield [ENTRY]
        raise ConnectionError("the log is away")

    async def test() -> None:
        async for _ in with_deadlines(slices(broken()), lambda: 1.0):
            pass

    with pytest.raises(ConnectionError):
        run(test())
