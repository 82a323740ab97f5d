"""Sends a streamed body to a client that may read slowly, or not at all, and fills the body's silences."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

from agui_runtime.adapters.http.keep_alive import KeepAlive
from agui_runtime.application.eager_reader import EagerReader

Write = Callable[[bytes], Awaitable[None]]

OPENING_TURNS = 3
"""Turns of the event loop in which a run that has all it says at hand comes to its end: it is then one write."""

SLICE = 64 * 1024
"""Bytes written at once: as many as servers take before they wait for the client."""


class SlowReaderError(ConnectionError):
    """The client did not read what it was sent in time; its connection is of no more use."""


async def send_body(
    pieces: AsyncIterable[bytes],
    write: Write,
    end: Write,
    *,
    keep_alive: KeepAlive | None,
    write_seconds: float,
) -> None:
    """Write all pieces as they come, and no further slice before the client has made room for it; then end the body.

    What the body has at once is written as one piece, and the end with it: each write wakes the client's machine.

    Args:
        pieces: the body.
        write: returns when the server can take more. An empty piece has it send the head of the response, which may
            wait for the first one.
        end: tells the server that this is all, as a write does.
        keep_alive: what is sent into silence.
        write_seconds: how long one slice may wait for its client; 0 for ever.

    Raises:
        SlowReaderError: a slice waited longer.
        Exception: whatever the pieces or ``write`` raise.
    """
    limit = asyncio.timeout(None)
    client = _Client(write, keep_alive, write_seconds, limit)
    try:
        async with limit:
            client.watch()
            try:
                coming = aiter(pieces)
                last = await _open(coming, client)
                async for piece in coming:
                    await client.write(piece)
                if client.filling is not None:
                    await asyncio.wait({client.filling})
                client.begin()
                await end(last)
            finally:
                await client.leave()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise SlowReaderError(f"The client did not read for {write_seconds:g} seconds.") from error


async def _open(pieces: AsyncIterator[bytes], client: "_Client") -> bytes:
    """Write what the body has at once, and the piece that it is then waited for; what is still to be written."""
    for _ in range(OPENING_TURNS):
        await asyncio.sleep(0)
    ready: list[bytes] = []
    size, is_written = 0, False

    async def write_ready() -> None:
        nonlocal is_written
        if not is_written:
            is_written = True
            await client.write(b"".join(ready))

    try:
        async for piece in EagerReader(pieces, write_ready):
            if is_written:
                await client.write(piece)
                return b""
            ready.append(piece)
            size += len(piece)
            if size > SLICE:
                await write_ready()
                return b""
    except Exception:
        # What was said before the fault was said, and an answer that has begun is not taken for another one.
        await write_ready()
        raise
    return b"" if is_written else b"".join(ready)


class _Client:
    """Two timers for each stream, and none for a write, which only notes when it began and when it was over.

    Attributes:
        filling: the write of a filler that is going on: a piece waits for it, since a connection takes one write at a
            time.
    """

    def __init__(self, write: Write, keep_alive: KeepAlive | None, seconds: float, limit: asyncio.Timeout) -> None:
        self.filling: asyncio.Task[None] | None = None
        self._write = write
        self._keep_alive = keep_alive
        self._seconds = seconds
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._since: float | None = None
        self._rests_since = self._now()
        self._patience: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Look after it from now on."""
        if self._seconds:
            self._patience = self._loop.call_later(self._seconds, self._look_at_write)
        if self._keep_alive is not None:
            self._silence = self._loop.call_later(self._keep_alive.seconds, self._look_at_silence, self._keep_alive)

    async def leave(self) -> None:
        """No more is written."""
        for timer in (self._patience, self._silence):
            if timer is not None:
                timer.cancel()
        if self.filling is not None:
            self.filling.cancel()
            await asyncio.wait({self.filling})

    def begin(self) -> None:
        """A write begins."""
        self._since = self._now()

    def rest(self) -> None:
        """It is over."""
        self._since = None
        self._rests_since = self._now()

    async def write(self, piece: bytes) -> None:
        """Write a piece of any length, when the client can take it."""
        if self.filling is not None:
            await asyncio.wait({self.filling})
        self.begin()
        if len(piece) <= SLICE:
            await self._write(piece)
        else:
            await self._write_slices(piece)
        self.rest()

    async def _write_slices(self, piece: bytes) -> None:
        for start in range(0, len(piece), SLICE):
            self.begin()
            await self._write(piece[start : start + SLICE])

    def _look_at_write(self) -> None:
        left = self._seconds if self._since is None else self._since + self._seconds - self._now()
        if left > 0:
            self._patience = self._loop.call_later(left, self._look_at_write)
        else:
            self._limit.reschedule(self._now())

    def _look_at_silence(self, keep_alive: KeepAlive) -> None:
        # A write that waits for its client is no silence.
        left = keep_alive.seconds if self._since is not None else self._rests_since + keep_alive.seconds - self._now()
        if left > 0:
            self._silence = self._loop.call_later(left, self._look_at_silence, keep_alive)
        else:
            self.filling = self._loop.create_task(self._fill(keep_alive), name="keep-alive")

    async def _fill(self, keep_alive: KeepAlive) -> None:
        try:
            self.begin()
            await self._write(keep_alive.filler)
        except OSError:
            # The client is gone; whoever writes the next piece finds out as well.
            return
        finally:
            self.filling = None
        self.rest()
        self._silence = self._loop.call_later(keep_alive.seconds, self._look_at_silence, keep_alive)
