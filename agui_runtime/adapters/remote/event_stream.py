"""One response of a remote agent, read as domain events."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any

import aiohttp
from attrs import frozen

from agui_runtime.adapters.codec.event_decoder import EventDecoder
from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.adapters.remote.sse import EventTooLargeError, SseDecoder
from agui_runtime.domain.errors import AgentError, ErrorCode, InvalidError, TimedOutError
from agui_runtime.domain.events import TERMINAL, Event


@frozen
class StreamLimits:
    """What one stream may take.

    Attributes:
        max_event_bytes: the size of one event.
        idle: seconds of silence.
        linger: seconds that it may stay open after the run's last event.
    """

    max_event_bytes: int
    idle: float
    linger: float


class EventStream(AsyncGenerator[Event, None]):
    """The events of a response.

    A class and not a bare generator, because closing a generator that was never started runs none of its code, and
    the connection would stay open. Closing it cuts the connection, so that the agent sees that nobody listens.

    Raises:
        AgentError: while iterating: broken JSON, an invalid or too large event, a stream that breaks off.
        TimedOutError: while iterating: the agent was silent for too long.
    """

    def __init__(
        self, agent: str, response: aiohttp.ClientResponse, limits: StreamLimits, new_id: Callable[[], str]
    ) -> None:
        self._agent = agent
        self._response = response
        self._limits = limits
        self._decoder = EventDecoder(new_id)
        self._last_moment: float | None = None
        self._events = self._read()

    async def asend(self, value: None) -> Event:
        """The next event."""
        return await self._events.asend(value)

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
    ) -> Event:
        """Raise within the reading, which closes the response."""
        error = typ if isinstance(typ, BaseException) else typ(val) if val is not None else typ()
        return await self._events.athrow(error.with_traceback(tb))

    async def aclose(self) -> None:
        """Cut the connection."""
        self._response.close()
        await self._events.aclose()

    async def _read(self) -> AsyncGenerator[Event, None]:
        sse = SseDecoder(self._limits.max_event_bytes)
        try:
            while chunk := await self._next_chunk():
                for data in sse.feed(chunk):
                    yield self._decode(data)
            rest = sse.end()
            if rest is not None:
                yield self._decode_last(rest)
        except EventTooLargeError as error:
            raise AgentError(
                f"The agent {self._agent!r} sent an event of more than {self._limits.max_event_bytes} bytes.",
                code=ErrorCode.LIMIT_EXCEEDED,
                details={"limit": "event_bytes", "maximum": self._limits.max_event_bytes},
            ) from error
        finally:
            self._response.close()

    async def _next_chunk(self) -> bytes:
        now = asyncio.get_running_loop().time()
        ended = self._last_moment is not None
        try:
            async with asyncio.timeout_at(now + self._limits.idle if self._last_moment is None else self._last_moment):
                return await self._response.content.readany()
        except TimeoutError as error:
            if ended:
                return b""
            raise TimedOutError(f"The agent {self._agent!r} was silent for {self._limits.idle:g} seconds.") from error
        except (aiohttp.ClientError, OSError) as error:
            if ended:
                return b""
            raise AgentError(f"The stream of the agent {self._agent!r} broke off.") from error

    def _decode(self, data: bytes) -> Event:
        try:
            value: Any = from_json(data)
        except InvalidError as error:
            raise AgentError(f"The agent {self._agent!r} sent an event that is not valid JSON.") from error
        try:
            event = self._decoder.decode(value)
        except InvalidError as error:
            raise AgentError(f"The agent {self._agent!r} sent an event that AG-UI does not allow. {error}") from error
        if self._last_moment is None and isinstance(event, TERMINAL):
            self._last_moment = asyncio.get_running_loop().time() + self._limits.linger
        return event

    def _decode_last(self, data: bytes) -> Event:
        try:
            from_json(data)
        except InvalidError as error:
            raise AgentError(f"The stream of the agent {self._agent!r} broke off within an event.") from error
        return self._decode(data)
