"""What graphql-core reads while a run goes on: growing lists and values that come later."""

import asyncio

import pytest

from agui_runtime.adapters.graphql.channel import Channel, Promise
from tests.support.aio import run


async def read(channel: Channel[int]) -> list[int]:
    return [item async for item in channel]


def test_a_reader_gets_what_was_there_and_what_comes() -> None:
    async def test() -> None:
        channel: Channel[int] = Channel()
        channel.push(1)
        reader = asyncio.create_task(read(channel))
        await asyncio.sleep(0)
        for item in (2, 3):
            channel.push(item)
            await asyncio.sleep(0)
        channel.push(4)
        channel.close()
        assert await reader == [1, 2, 3, 4]

    run(test())


def test_a_reader_that_comes_late_gets_all() -> None:
    async def test() -> None:
        channel: Channel[int] = Channel()
        for item in range(1000):
            channel.push(item)
        channel.close()
        assert await read(channel) == list(range(1000))

    run(test())


def test_a_channel_forgets_what_its_only_reader_has_and_counts_on() -> None:
    async def test() -> None:
        channel: Channel[int] = Channel()
        channel.push(1)
        channel.push(2)
        channel.forget()
        channel.push(3)
        assert (list(channel.items), channel.forgotten) == ([3], 2)

    run(test())


def test_an_empty_channel_ends_when_it_is_closed() -> None:
    async def test() -> None:
        channel: Channel[int] = Channel()
        reader = asyncio.create_task(read(channel))
        await asyncio.sleep(0)
        channel.close()
        channel.close()
        assert await reader == []

    run(test())


def test_pushing_to_a_channel_whose_reader_is_gone_is_no_error() -> None:
    async def test() -> None:
        channel: Channel[int] = Channel()
        reader = asyncio.create_task(read(channel))
        await asyncio.sleep(0)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        channel.push(1)
        channel.close()

    run(test())


def test_a_promise_is_awaited_before_and_after_it_is_kept() -> None:
    async def test() -> None:
        promise: Promise[int] = Promise()
        waiting = [asyncio.create_task(value_of(promise)) for _ in range(2)]
        await asyncio.sleep(0)
        promise.keep(1)
        promise.keep(2)
        assert [*await asyncio.gather(*waiting), await promise] == [1, 1, 1]

    run(test())


def test_a_promise_survives_a_reader_that_gives_up() -> None:
    async def test() -> None:
        promise: Promise[int] = Promise()
        impatient = asyncio.create_task(value_of(promise))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        promise.keep(1)
        assert await promise == 1

    run(test())


async def value_of(promise: Promise[int]) -> int:
    return await promise
