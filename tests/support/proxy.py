"""A TCP proxy whose line a test can stall, cut, reset and refuse."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIECE = 65536


class Proxy:
    """Forwards 127.0.0.1:``port`` to another port, until a test says otherwise."""

    def __init__(self, upstream_port: int) -> None:
        self.port = 0
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._left: int | None = None
        self._holding = asyncio.Event()

    async def accept(self) -> None:
        """Listen, on the same port every time."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop listening, and reset what is connected."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.reset()

    async def reset(self) -> None:
        """End every connection with a TCP reset on both sides."""
        for writer in list(self._writers):
            _reset(writer)
        await asyncio.sleep(0)

    def stall(self) -> None:
        """Keep connections open and forward nothing."""
        self._holding.clear()
        self._flowing.clear()

    async def reset_under_way(self) -> None:
        """Reset every connection while something is on its way on one of them."""
        self.stall()
        await self._holding.wait()
        await self.reset()
        self.flow()

    def flow(self) -> None:
        """Forward again, what has come meanwhile included."""
        self._flowing.set()

    def cut_after(self, answer_bytes: int) -> None:
        """Reset all connections when so many more bytes have come from the server."""
        self._left = answer_bytes

    async def close(self) -> None:
        await self.refuse()
        self.flow()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        upstream: asyncio.StreamWriter | None = None
        try:
            answers, upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
            self._writers.add(upstream)
            await asyncio.gather(self._pump(reader, upstream), self._pump(answers, writer, answer=True))
        except (OSError, asyncio.CancelledError):
            # The listener's own callback must not raise; whoever is connected sees the end of the line.
            pass
        finally:
            for end in (writer, upstream):
                if end is not None:
                    self._writers.discard(end)
                    end.close()
                    with contextlib.suppress(OSError, asyncio.CancelledError):
                        await end.wait_closed()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answer: bool = False) -> None:
        while data := await reader.read(PIECE):
            self._holding.set()
            await self._flowing.wait()
            if answer and self._left is not None:
                data, self._left = data[: self._left], self._left - len(data)
            writer.write(data)
            await writer.drain()
            if answer and self._left is not None and self._left <= 0:
                self._left = None
                await self.reset()
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    # Without lingering, closing a socket sends a reset instead of an end.
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxy_to(upstream_port: int) -> AsyncIterator[Proxy]:
    """A proxy that listens."""
    proxy = Proxy(upstream_port)
    await proxy.accept()
    try:
        yield proxy
    finally:
        await proxy.close()
