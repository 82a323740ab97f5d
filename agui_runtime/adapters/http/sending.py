"""Sends a streamed body to a client that may read slowly, or not at all."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable

from agui_runtime.adapters.http.keep_alive import KeepAlive, Write, send_kept_alive

SLICE = 64 * 1024
"""Bytes written at once: as many as servers take before they wait for the client."""


class SlowReaderError(ConnectionError):
    """The client did not read what it was sent in time; its connection is of no more use."""


async def send_body(
    pieces: AsyncIterable[bytes],
    write: Write,
    end: Callable[[], Awaitable[None]],
    *,
    keep_alive: KeepAlive | None,
    write_seconds: float,
) -> None:
    """Write all pieces as they come, and no further slice before the client has made room for it; then end the body.

    Args:
        pieces: the body.
        write: returns when the server can take more.
        end: tells the server that this was all, as a write does.
        keep_alive: what is sent into silence.
        write_seconds: how long one slice may wait for its client; 0 for ever.

    Raises:
        SlowReaderError: a slice waited longer.
        Exception: whatever the pieces or ``write`` raise.
    """
    reader, limit = _Reader(write, write_seconds), asyncio.timeout(None)
    try:
        async with limit:
            reader.watch(limit)
            try:
                await send_kept_alive(pieces, reader.write, keep_alive)
                await reader.wait_for(end())
            finally:
                reader.unwatch()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise SlowReaderError(f"The client did not read for {write_seconds:g} seconds.") from error


class _Reader:
    """One timer for each stream, not for each write: a write only notes when it began."""

    def __init__(self, write: Write, seconds: float) -> None:
        self._write = write
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, limit: asyncio.Timeout) -> None:
        if self._seconds:
            self._timer = self._loop.call_later(self._seconds, self._look, limit)

    def unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def write(self, piece: bytes) -> None:
        if len(piece) <= SLICE:
            await self.wait_for(self._write(piece))
            return
        for start in range(0, len(piece), SLICE):
            await self.wait_for(self._write(piece[start : start + SLICE]))

    async def wait_for(self, writing: Awaitable[None]) -> None:
        self._since = self._loop.time()
        await writing
        self._since = None

    def _look(self, limit: asyncio.Timeout) -> None:
        now = self._loop.time()
        left = self._seconds if self._since is None else self._since + self._seconds - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._look, limit)
        else:
            limit.reschedule(now)
