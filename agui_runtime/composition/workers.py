"""Several processes that serve one address: started, watched, started again, and ended together (ADR 0029)."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from attrs import frozen

from agui_runtime.domain.errors import ConfigurationError

logger = logging.getLogger(__name__)

FAILED = 1
READY = b"r"
"""What a worker sends when it listens."""


@frozen
class Patience:
    """How long things may take, in seconds.

    Attributes:
        stop: from the signal to the end of all workers; who is still there is killed.
        first_pause: before a worker that ended is started again; doubled with each end.
        longest_pause: no pause is longer.
        stable: a worker that lived so long starts with the first pause again.
    """

    stop: float
    first_pause: float = 0.5
    longest_pause: float = 30.0
    stable: float = 60.0


class _Worker:
    """A process, and the line to it: the process ends when its parent's end is closed, however that came about."""

    def __init__(self, process: asyncio.subprocess.Process, line: socket.socket) -> None:
        self.process = process
        self._line = line

    async def is_ready(self, stopping: asyncio.Event) -> bool:
        """Whether it listens; ``False`` if it ended, or was told to end, before."""
        looks = [
            asyncio.create_task(self.process.wait()),
            asyncio.create_task(stopping.wait()),
            asyncio.create_task(asyncio.get_running_loop().sock_recv(self._line, 1)),
        ]
        await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
        told = looks[-1]
        is_ready = told.done() and told.exception() is None and told.result() == READY
        for look in looks:
            look.cancel()
        await asyncio.wait(looks)
        return is_ready

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        try:
            return await self.process.wait()
        finally:
            self._line.close()

    def send(self, number: int) -> None:
        if self.process.returncode is None:
            # Not by the process's own method: that may reap it, and its exit code is then lost to wait().
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)


class WorkerPool:
    """Keeps so many workers running until SIGINT or SIGTERM.

    Args:
        command: of a worker that has its end of the line as this file descriptor.
        count: how many.
        patience: with them.
        announce: called once the first one listens.
    """

    def __init__(
        self, command: Callable[[int], Sequence[str]], count: int, patience: Patience, announce: Callable[[], None]
    ) -> None:
        self._command = command
        self._count = count
        self._patience = patience
        self._announce = announce
        self._workers: set[_Worker] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Until told to stop; the exit code: that of a first worker that could not start, 1 if one had to be killed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        # One first: what keeps it from starting would keep all of them, and is told once.
        first = await self._start()
        if await first.is_ready(self._stopping):
            self._announce()
        elif not self._stopping.is_set():
            self._workers.discard(first)
            code = await first.wait()
            return code if code > 0 else FAILED
        keeping = [asyncio.create_task(self._keep(first))]
        if not self._stopping.is_set():
            keeping += [asyncio.create_task(self._keep()) for _ in range(1, self._count)]
        await self._stopping.wait()
        logger.info("Shutting down %d workers.", len(self._workers))
        _, late = await asyncio.wait(keeping, timeout=self._patience.stop)
        if late:
            logger.error("%d workers did not end within %g seconds and are killed.", len(late), self._patience.stop)
            self._send_all(signal.SIGKILL)
            await asyncio.wait(late)
        return FAILED if late else 0

    async def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            words, line = self._command(theirs.fileno()), theirs.fileno()
            process = await asyncio.create_subprocess_exec(*words, pass_fds=(line,))
        worker = _Worker(process, ours)
        self._workers.add(worker)
        return worker

    async def _keep(self, worker: _Worker | None = None) -> None:
        """One worker after the other."""
        pause = self._patience.first_pause
        while worker is not None or not self._stopping.is_set():
            worker = worker or await self._start()
            began = monotonic()
            code = await self._end_of(worker)
            if self._stopping.is_set():
                return
            if monotonic() - began >= self._patience.stable:
                pause = self._patience.first_pause
            logger.error("Worker %d ended with %d; another is started in %g s.", worker.process.pid, code, pause)
            worker = None
            await self._wait_for_stop(pause)
            pause = min(2 * pause, self._patience.longest_pause)

    async def _end_of(self, worker: _Worker) -> int:
        ending = asyncio.create_task(worker.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._stopping.is_set():
            worker.send(signal.SIGTERM)
        code = await ending
        self._workers.discard(worker)
        return code

    async def _wait_for_stop(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    def _send_all(self, number: int) -> None:
        for worker in self._workers:
            worker.send(number)


def reserve(host: str, port: int) -> socket.socket:
    """A socket that keeps a port for workers, each of which listens on it with a socket of its own.

    It does not listen itself, so the system gives it no connections.

    Raises:
        OSError: the address is in use, or is none of this machine.
        ConfigurationError: this system cannot have several processes on one port.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigurationError("This system cannot share a port between processes. Serve with one worker.")
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    # Sharing would succeed beside any other server that shares, and take half of its connections.
    with socket.socket(family, kind, protocol) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind(address)
        if port == 0:
            address = alone.getsockname()
    reserved = socket.socket(family, kind, protocol)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(address)
    except BaseException:
        reserved.close()
        raise
    return reserved
