"""One provider's answer under way, whatever the SDK."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType

from agui_runtime.domain.events import Event


class AnswerStream(AsyncGenerator[Event, None]):
    """The events of an answer; closing it closes the connection, so that the provider stops working.

    A class and not a bare generator: closing a generator that was never started runs none of its code.

    Args:
        events: made from the SDK's stream.
        close: closes the SDK's stream; may be called more than once.
        failure_of: what an exception of the SDK means.

    Raises:
        AguiError: while iterating: the answer failed.
    """

    def __init__(
        self,
        events: AsyncGenerator[Event, None],
        close: Callable[[], Awaitable[None]],
        failure_of: Callable[[Exception], Exception],
    ) -> None:
        self._events = events
        self._close = close
        self._failure_of = failure_of

    async def asend(self, value: None) -> Event:
        """The next event."""
        try:
            return await self._events.asend(value)
        except StopAsyncIteration:
            await self._close()
            raise
        except Exception as error:
            await self._close()
            raise self._failure_of(error) from error

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
    ) -> Event:
        """Raise within the reading."""
        error = typ if isinstance(typ, BaseException) else typ(val) if val is not None else typ()
        return await self._events.athrow(error.with_traceback(tb))

    async def aclose(self) -> None:
        """Close the connection."""
        try:
            await self._events.aclose()
        finally:
            await self._close()
