"""One response of a remote agent, read as domain events."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from agui_runtime.adapters.codec.event_decoder import EventDecoder
from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.adapters.remote.response import ResponseReader, too_large
from agui_runtime.adapters.remote.sse import EventTooLargeError, SseDecoder
from agui_runtime.application.failures import without_ending
from agui_runtime.application.iterators import ForwardedEvents
from agui_runtime.domain.errors import AgentError, InvalidError
from agui_runtime.domain.events import TERMINAL, Event


class ClosingStream(ForwardedEvents):
    """Events of a response that is closed with them."""

    def __init__(self, reader: ResponseReader, events: AsyncGenerator[Event, None]) -> None:
        super().__init__(events)
        self._reader = reader

    async def aclose(self) -> None:
        """Cut the connection."""
        self._reader.close()
        await self._events.aclose()


class EventStream(ClosingStream):
    """The events of a server-sent event stream.

    Args:
        reader: the response.
        max_event_bytes: how large one event may be.
        linger: seconds that the stream may stay open after the run's last event.
        new_id: makes ids for what old agents send without one.
        on_cut: called once when the stream is closed before the run's end, for runs that outlive their connection.

    Raises:
        AgentError: while iterating: broken JSON, an invalid or too large event, a stream that breaks off or ends
            without a terminal event (``INCOMPLETE_STREAM``).
        TimedOutError: while iterating: the agent was silent for too long, or took too long as a whole.
    """

    def __init__(
        self,
        reader: ResponseReader,
        max_event_bytes: int,
        linger: float,
        new_id: Callable[[], str],
        on_cut: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(reader, self._read())
        self._on_cut = on_cut
        self._has_ended = False
        self._peer = reader.peer
        self._max_event_bytes = max_event_bytes
        self._linger = linger
        self._decoder = EventDecoder(new_id)

    async def aclose(self) -> None:
        """Cut the connection, and with it the run."""
        await super().aclose()
        on_cut, self._on_cut = self._on_cut, None
        if on_cut is not None and not self._has_ended:
            await on_cut()

    async def _read(self) -> AsyncGenerator[Event, None]:
        sse = SseDecoder(self._max_event_bytes)
        try:
            while chunk := await self._reader.chunk():
                for data in sse.feed(chunk):
                    yield self._decode(data)
            rest = sse.end()
            if rest is not None:
                yield self._decode_last(rest)
            if not self._has_ended:
                self._has_ended = True
                raise without_ending(self._peer)
        except EventTooLargeError as error:
            raise too_large(self._peer, "an event", "event_bytes", self._max_event_bytes) from error
        finally:
            self._reader.close()

    def _decode(self, data: bytes) -> Event:
        try:
            value: Any = from_json(data)
        except InvalidError as error:
            raise AgentError(f"The {self._peer} sent an event that is not valid JSON.") from error
        try:
            event = self._decoder.decode(value)
        except InvalidError as error:
            raise AgentError(f"The {self._peer} sent an event that AG-UI does not allow. {error}") from error
        if isinstance(event, TERMINAL):
            self._has_ended = True
            self._reader.end_within(self._linger)
        return event

    def _decode_last(self, data: bytes) -> Event:
        try:
            from_json(data)
        except InvalidError as error:
            raise AgentError(f"The stream of the {self._peer} broke off within an event.") from error
        return self._decode(data)
