"""Reading what is ready, and doing something else just before waiting: cancellation and faults pass as ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agui_runtime.application.eager_reader import EagerReader
from tests.support.aio import run


class Log:
    """What happened, in order."""

    def __init__(self, pause_seconds: float | None = None) -> None:
        self.said: list[str] = []
        self._pause_seconds = pause_seconds

    async def pause(self) -> None:
        self.said.append("pause")
        if self._pause_seconds is not None:
            await asyncio.sleep(self._pause_seconds)

    async def read(self, items: AsyncIterator[str]) -> None:
        async for item in EagerReader(items, self.pause):
            self.said.append(item)


async def two_goes() -> AsyncIterator[str]:
    yield "a"
    yield "b"
    await asyncio.sleep(0.001)
    yield "c"
    await asyncio.sleep(0)
    yield "d"


@pytest.mark.parametrize("pause_seconds", [None, 0.005])
def test_what_is_ready_is_read_at_once_and_the_pause_comes_before_waiting(pause_seconds: float | None) -> None:
    log = Log(pause_seconds)
    run(log.read(two_goes()))
    assert log.said == ["a", "b", "pause", "c", "pause", "d"]


def test_an_iterator_that_is_no_generator_is_read_the_same() -> None:
    class Items:
        def __init__(self) -> None:
            self.left = ["a", "b"]

        def __aiter__(self) -> "Items":
            return self

        async def __anext__(self) -> str:
            if not self.left:
                raise StopAsyncIteration
            if len(self.left) == 1:
                await asyncio.sleep(0.001)
            return self.left.pop(0)

    log = Log()
    run(log.read(Items()))
    assert log.said == ["a", "pause", "b"]


@pytest.mark.parametrize("waits", [True, False])
def test_what_the_iterator_raises_passes_through(waits: bool) -> None:
    async def broken() -> AsyncIterator[str]:
        yield "a"
        if waits:
            await asyncio.sleep(0)
        raise ConnectionError("gone")

    log = Log()
    with pytest.raises(ConnectionError):
        run(log.read(broken()))
    assert log.said == ["a", *["pause"][: int(waits)]]


def test_what_the_pause_raises_ends_the_reading_and_closes_the_iterator() -> None:
    closed = []

    async def items() -> AsyncIterator[str]:
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    async def pause() -> None:
        raise ConnectionError("the log is away")

    async def test() -> None:
        async for _ in EagerReader(items(), pause):
            pass

    with pytest.raises(ConnectionError):
        run(test())
    assert closed == [True]


@pytest.mark.parametrize("pause_seconds", [None, 60.0], ids=["while it waits", "in a pause"])
def test_a_reader_that_is_cancelled_cancels_what_the_iterator_waits_for(pause_seconds: float | None) -> None:
    ended: list[str] = []

    async def upstream() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("upstream")
            raise

    async def items() -> AsyncIterator[str]:
        yield "a"
        try:
            await asyncio.create_task(upstream())
        finally:
            await asyncio.sleep(0.001)
            ended.append("iterator")

    async def test() -> None:
        log = Log(pause_seconds)
        reading = asyncio.create_task(log.read(items()))
        await asyncio.sleep(0.02)
        assert log.said == ["a", "pause"]
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    run(test())
    assert ended == ["upstream", "iterator"]


def test_a_cancellation_in_a_pause_is_not_lost_when_the_next_item_came_meanwhile() -> None:
    async def test() -> None:
        came = asyncio.get_running_loop().create_future()

        async def items() -> AsyncIterator[str]:
            yield "a"
            await came
            yield "never read"

        log = Log(60.0)
        reading = asyncio.create_task(log.read(items()))
        await asyncio.sleep(0.01)
        came.set_result(None)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert log.said == ["a", "pause"]

    run(test())


def test_an_iterator_may_answer_a_cancellation_with_another_item() -> None:
    async def stubborn() -> AsyncIterator[str]:
        yield "a"
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            yield "stubborn"

    async def test() -> list[str]:
        log = Log()
        reading = asyncio.create_task(log.read(stubborn()))
        await asyncio.sleep(0.01)
        reading.cancel()
        await reading
        return log.said

    assert run(test()) == ["a", "pause", "stubborn"]
