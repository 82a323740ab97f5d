"""Bytes into silence, so that no proxy takes a quiet stream for a dead one (contract agui §1)."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable

from attrs import frozen

Write = Callable[[bytes], Awaitable[None]]


@frozen
class KeepAlive:
    """What a streamed body sends when it has been silent.

    Attributes:
        filler: bytes that its clients ignore wherever one piece of the body has ended.
        seconds: how long nothing may be sent.
    """

    filler: bytes
    seconds: float


async def send_kept_alive(pieces: AsyncIterable[bytes], write: Write, keep_alive: KeepAlive | None) -> None:
    """Write all pieces as they come, and the filler whenever none came for so long.

    Raises:
        Exception: whatever the pieces or ``write`` raise.
    """
    if keep_alive is None:
        async for piece in pieces:
            await write(piece)
        return
    silence = _Silence(write, keep_alive)
    try:
        async for piece in pieces:
            # A piece and a filler must not be in one connection's write at the same time.
            if silence.filling is not None:
                await asyncio.wait({silence.filling})
            silence.is_broken = True
            await write(piece)
            silence.begin()
    finally:
        await silence.stop()


class _Silence:
    """One timer for each stream, not for each piece: the clock is read, and nothing is scheduled, when a piece comes.

    Attributes:
        is_broken: a piece is being written.
        filling: the write of a filler that is going on.
    """

    def __init__(self, write: Write, keep_alive: KeepAlive) -> None:
        self.is_broken = False
        self.filling: asyncio.Task[None] | None = None
        self._write = write
        self._keep_alive = keep_alive
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._timer = self._loop.call_later(keep_alive.seconds, self._look)

    def begin(self) -> None:
        self.is_broken = False
        self._began = self._loop.time()

    async def stop(self) -> None:
        self._timer.cancel()
        if self.filling is not None:
            self.filling.cancel()
            await asyncio.wait({self.filling})

    def _look(self) -> None:
        left = self._began + self._keep_alive.seconds - self._loop.time()
        if self.is_broken or left > 0:
            # A write that waits for its client is no silence.
            self._look_in(self._keep_alive.seconds if self.is_broken else left)
        else:
            self.filling = self._loop.create_task(self._fill(), name="keep-alive")

    def _look_in(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)

    async def _fill(self) -> None:
        try:
            await self._write(self._keep_alive.filler)
        except OSError:
            # The client is gone; whoever writes the next piece finds out as well.
            return
        finally:
            self.filling = None
        self._began = self._loop.time()
        self._look_in(self._keep_alive.seconds)
