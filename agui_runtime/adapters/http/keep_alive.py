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
    ticker = asyncio.create_task(silence.fill(), name="keep-alive")
    try:
        async for piece in pieces:
            await silence.end_with(piece)
    finally:
        ticker.cancel()
        await asyncio.wait({ticker})


class _Silence:
    """One task for each stream, not for each piece: the clock is read, and nothing is scheduled, when a piece comes."""

    def __init__(self, write: Write, keep_alive: KeepAlive) -> None:
        self._write = write
        self._keep_alive = keep_alive
        self._now = asyncio.get_running_loop().time
        self._began = self._now()
        # A piece and a filler must not be in one connection's write at the same time.
        self._turn = asyncio.Lock()

    async def end_with(self, piece: bytes) -> None:
        async with self._turn:
            await self._write(piece)
        self._began = self._now()

    async def fill(self) -> None:
        while True:
            left = self._began + self._keep_alive.seconds - self._now()
            if left > 0:
                await asyncio.sleep(left)
                continue
            try:
                await self.end_with(self._keep_alive.filler)
            except OSError:
                # The client is gone; whoever writes the next piece finds out as well.
                return
