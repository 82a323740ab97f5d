"""Reads an iterator as long as it has something ready, and has something else done just before it makes us wait.

That is how events become batches without a timer, a task or a queue: what a producer says in one go is written in one
go, and nothing that was said is held back while the producer waits for its model.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import suppress
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Pause = Callable[[], Awaitable[None]]


class EagerReader(Generic[T]):
    """The items of an iterator; ``pause`` is awaited each time before its reader has to wait for the next one.

    Cancelling the reader, in a pause too, cancels what the iterator waits for.
    """

    def __init__(self, items: AsyncIterator[T], pause: Pause) -> None:
        self._next = _Next(items, pause)

    def __aiter__(self) -> "EagerReader[T]":
        return self

    def __anext__(self) -> "_Next[T]":
        return self._next


class _Next(Generic[T]):
    """The next item, each time that it is awaited.

    A coroutine cannot see whether another one is about to wait; ``__await__`` can.
    """

    def __init__(self, items: AsyncIterator[T], pause: Pause) -> None:
        self._items = items
        self._pause = pause

    def __await__(self) -> Generator[Any, None, T]:
        step: Any = anext(self._items).__await__()
        try:
            awaited = next(step)
        except StopIteration as ready:
            item: T = ready.value
            return item
        thrown: BaseException | None = None
        try:
            yield from self._pause().__await__()
        except asyncio.CancelledError as error:
            thrown = _cancel(awaited, error)
        except Exception:
            # It is in the middle of a step, and can be closed only when that has come to an end.
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                yield from _rest(step, awaited, _cancel(awaited, asyncio.CancelledError()))
            raise
        rest: T = yield from _rest(step, awaited, thrown)
        return rest


def _cancel(awaited: Any, error: BaseException) -> BaseException | None:
    """Cancel as the loop does it: the future that is waited for, so that tasks below end; else the error is thrown."""
    return None if hasattr(awaited, "cancel") and awaited.cancel() else error


def _rest(step: Any, awaited: Any, thrown: BaseException | None) -> Generator[Any, None, Any]:
    """``yield from step``, begun when ``step`` already waits for something."""
    while True:
        if thrown is None:
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the iterator's
                thrown = error
        try:
            if thrown is None:
                awaited = next(step)
            else:
                given, thrown = thrown, None
                awaited = step.throw(given)
        except StopIteration as ready:
            return ready.value
