"""A list that grows and a value that comes later, read by graphql-core as async iterator and awaitable.

The compiled plan reads the same two without a task: it looks at what is there and is called when there is more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from typing import Any, Generic, TypeGuard, TypeVar

from agui_runtime.application.waiters import Waiters

T = TypeVar("T")


class Channel(Generic[T]):
    """A growing list; each reader, however slow, gets all of it (a document may ask for the same list twice).

    Attributes:
        forgotten: how many of its first items are no longer kept.
    """

    def __init__(self) -> None:
        self.forgotten = 0
        self._items: list[T] = []
        self._closed = False
        self._waiters = Waiters()
        self._watchers: tuple[Callable[[], None], ...] = ()

    @property
    def items(self) -> Sequence[T]:
        """What is there, behind what is ``forgotten``."""
        return self._items

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def push(self, item: T) -> None:
        """Add an item."""
        self._items.append(item)
        self._wake()

    def close(self) -> None:
        """No more items will come."""
        self._closed = True
        self._wake()

    def forget(self) -> None:
        """Keep nothing of what is there: its only reader has it."""
        self.forgotten += len(self._items)
        self._items.clear()

    def watch(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called after each change from now on. It must not raise."""
        self._watchers = (*self._watchers, wake)

    def unwatch(self, wake: Callable[[], None]) -> None:
        """Stop calling it."""
        self._watchers = tuple(watcher for watcher in self._watchers if watcher != wake)

    async def __aiter__(self) -> AsyncIterator[T]:
        position = 0
        while True:
            while position < len(self._items):
                yield self._items[position]
                position += 1
            if self._closed:
                return
            await self._waiters.wait()

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher()
        if self._waiters:
            self._waiters.wake()


class Promise(Generic[T]):
    """A value that comes later, exactly once; awaited any number of times."""

    def __init__(self) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._watchers: tuple[Callable[[], None], ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether the value is there."""
        return self._future.done()

    @property
    def value(self) -> T:
        """The value, which must be there."""
        return self._future.result()

    def keep(self, value: T) -> None:
        """Give the value; the first one counts."""
        if not self._future.done():
            self._future.set_result(value)
            for watcher in self._watchers:
                watcher()

    def watch(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called when the value comes. It must not raise."""
        self._watchers = (*self._watchers, wake)

    def unwatch(self, wake: Callable[[], None]) -> None:
        """Stop calling it."""
        self._watchers = tuple(watcher for watcher in self._watchers if watcher != wake)

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.shield(self._future).__await__()


def is_channel(value: Any) -> TypeGuard[Channel[Any]]:
    """Whether a value is a list that grows."""
    return isinstance(value, Channel)


def is_promise(value: Any) -> TypeGuard[Promise[Any]]:
    """Whether a value is one that comes later."""
    return isinstance(value, Promise)
