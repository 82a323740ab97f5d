"""Connections at hand: taken from the driver's pool for some seconds, and lent to one operation after the other."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import asyncpg
from attrs import frozen

if TYPE_CHECKING:
    # Generic for type checkers only: at run time the driver's classes take no parameters.
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = Any
    Pool = Any

logger = logging.getLogger(__name__)

KEPT_SECONDS = 5.0


@frozen
class Borrowed:
    """A connection, and the time of the loop's clock from which the pool gets it back."""

    connection: Connection
    due: float


class Connections:
    """Lends a pool's connections.

    Handing a connection back to asyncpg's pool takes a task, a shield, two timers and a turn of the loop: as much as
    a small read. So it goes back once in ``KEPT_SECONDS``, used or idle, and the pool looks after it then: it
    replaces the old and closes the idle.

    Args:
        pool: open; nobody else takes connections from it.
        most: how many it has at most.
        seconds: how long one is kept from the pool.
    """

    def __init__(self, pool: Pool, most: int, seconds: float = KEPT_SECONDS) -> None:
        self._pool = pool
        self._most = most
        self._seconds = seconds
        self._room = asyncio.Semaphore(most)
        self._free: list[Borrowed] = []
        self._look: asyncio.TimerHandle | None = None
        self._returns: set[asyncio.Task[None]] = set()
        self._is_closing = False

    @property
    def open(self) -> int:
        """How many connections are open."""
        return self._pool.get_size()

    @property
    def free(self) -> int:
        """How many open ones nobody uses now."""
        return self._pool.get_idle_size() + sum(map(_is_usable, self._free))

    @property
    def is_exhausted(self) -> bool:
        """Whether all that there may be are in use."""
        return self.free == 0 and self.open >= self._most

    async def take(self) -> Borrowed:
        """A connection for the caller alone, once there is one.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: a new one could not be made.
        """
        await self._room.acquire()
        try:
            while self._free:
                borrowed = self._free.pop()
                if _is_usable(borrowed):
                    return borrowed
                await self._pool.release(borrowed.connection)
            connection = await self._pool.acquire()
        except BaseException:
            self._room.release()
            raise
        return Borrowed(connection, asyncio.get_running_loop().time() + self._seconds)

    def give_back(self, borrowed: Borrowed) -> None:
        """The caller is done with it; what must not be used again is terminated."""
        self._room.release()
        if self._is_closing or self._is_due(borrowed) or not _is_usable(borrowed):
            self._return(borrowed)
            return
        self._free.append(borrowed)
        if self._look is None:
            self._look_later()

    def close(self) -> None:
        """The pool gets all back: the free ones now, the others when their users are done with them."""
        self._is_closing = True
        if self._look is not None:
            self._look.cancel()
        while self._free:
            self._return(self._free.pop())

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(self._seconds, self._return_due)

    def _return_due(self) -> None:
        self._look = None
        kept, self._free = self._free, []
        for borrowed in kept:
            if self._is_due(borrowed):
                self._return(borrowed)
            else:
                self._free.append(borrowed)
        if self._free:
            self._look_later()

    def _is_due(self, borrowed: Borrowed) -> bool:
        return asyncio.get_running_loop().time() >= borrowed.due

    def _return(self, borrowed: Borrowed) -> None:
        task = asyncio.create_task(self._pool.release(borrowed.connection), name="postgres return")
        self._returns.add(task)
        task.add_done_callback(self._returned)

    def _returned(self, task: "asyncio.Task[None]") -> None:
        self._returns.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # It is terminated then, and the next operation has another one.
            logger.debug("A connection broke on its way back to the pool.", exc_info=task.exception())


def _is_usable(borrowed: Borrowed) -> bool:
    try:
        return not borrowed.connection.is_closed() and not borrowed.connection.is_in_transaction()
    except asyncpg.InterfaceError:
        # It was terminated, and has left its proxy.
        return False
