"""Async iterators that have something to give back."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType

from agui_runtime.domain.events import Event


async def close(iterator: AsyncIterator[object]) -> None:
    """Close an iterator that can be closed, and with it the outside call under it."""
    aclose: Callable[[], Awaitable[None]] | None = getattr(iterator, "aclose", None)
    if aclose is not None:
        await aclose()


class ForwardedEvents(AsyncGenerator[Event, None]):
    """Events of a connection, to which a subclass gives an end: its ``aclose`` closes what is under them.

    A class and not a bare generator: closing a generator that was never started runs none of its code, and the
    connection would stay open.

    Args:
        events: what is forwarded.
    """

    def __init__(self, events: AsyncGenerator[Event, None]) -> None:
        self._events = events

    async def asend(self, value: None) -> Event:
        """The next event."""
        return await self._events.asend(value)

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
    ) -> Event:
        """Raise within the reading."""
        error = typ if isinstance(typ, BaseException) else typ(val) if val is not None else typ()
        return await self._events.athrow(error.with_traceback(tb))
