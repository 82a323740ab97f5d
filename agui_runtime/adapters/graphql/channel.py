"""A list that grows and a value that comes later, read by graphql-core as async iterator and awaitable."""

import asyncio
from collections.abc import AsyncIterator, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Channel(Generic[T]):
    """A growing list; each reader, however slow, gets all of it (a document may ask for the same list twice)."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._closed = False
        self._waiters: list[asyncio.Future[None]] = []

    def push(self, item: T) -> None:
        """Add an item."""
        self._items.append(item)
        self._wake()

    def close(self) -> None:
        """No more items will come."""
        self._closed = True
        self._wake()

    async def __aiter__(self) -> AsyncIterator[T]:
        position = 0
        while True:
            while position < len(self._items):
                yield self._items[position]
                position += 1
            if self._closed:
                return
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class Promise(Generic[T]):
    """A value that comes later, exactly once; awaited any number of times."""

    def __init__(self) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def keep(self, value: T) -> None:
        """Give the value; the first one counts."""
        if not self._future.done():
            self._future.set_result(value)

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.shield(self._future).__await__()
