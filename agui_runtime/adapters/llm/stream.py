"""One provider's answer under way, whatever the SDK."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from agui_runtime.application.iterators import ForwardedEvents
from agui_runtime.domain.events import Event


class AnswerStream(ForwardedEvents):
    """The events of an answer; closing it closes the connection, so that the provider stops working.

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
        super().__init__(events)
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

    async def aclose(self) -> None:
        """Close the connection."""
        try:
            await self._events.aclose()
        finally:
            await self._close()
