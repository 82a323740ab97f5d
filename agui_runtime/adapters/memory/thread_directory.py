"""The list of threads in memory."""

import sys

from agui_runtime.adapters.memory.database import MemoryDatabase
from agui_runtime.adapters.memory.faults import busy
from agui_runtime.adapters.memory.paging import Position, check_page_size, decode_cursor, encode_cursor
from agui_runtime.adapters.memory.records import ThreadRecord
from agui_runtime.application.ports import Clock
from agui_runtime.application.values import Thread, ThreadPage
from agui_runtime.domain.errors import NotFoundError
from agui_runtime.domain.identity import Scope, ThreadId


class MemoryThreadDirectory:
    """A ``ThreadDirectory``. A run that begins or ends, a saved state, a new name and archiving are activity."""

    def __init__(self, database: MemoryDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self, scope: Scope, *, cursor: str | None = None, limit: int = 50, include_archived: bool = False
    ) -> ThreadPage:
        """A page of threads, newest activity first.

        A thread that becomes active between two pages is not shown again behind the cursor.

        Raises:
            InvalidError: the cursor is none of ours, or ``limit`` is less than 1.
        """
        check_page_size(limit)
        before = None if cursor is None else decode_cursor(cursor)
        found = [
            thread
            for thread in self._database.all_of(scope)
            if (include_archived or not thread.archived) and (before is None or _position(thread) < before)
        ]
        found.sort(key=_position, reverse=True)
        shown = found[:limit]
        more = encode_cursor(_position(shown[-1])) if len(found) > limit else None
        return ThreadPage(tuple(thread.thread() for thread in shown), more)

    async def get(self, scope: Scope, thread_id: ThreadId) -> Thread | None:
        """The thread, or ``None``."""
        thread = self._database.find(scope, thread_id)
        return None if thread is None else thread.thread()

    async def rename(self, scope: Scope, thread_id: ThreadId, name: str) -> Thread:
        """Give it a name.

        Raises:
            NotFoundError: there is no such thread.
            InvalidError: there is no room for the name.
        """
        thread = self._existing(scope, thread_id)
        self._database.charge(thread, _size(name) - _size(thread.name))
        thread.name = name
        thread.touched_at = self._clock.now()
        return thread.thread()

    async def archive(self, scope: Scope, thread_id: ThreadId, *, archived: bool = True) -> Thread:
        """Put it away, or take it back.

        Raises:
            NotFoundError: there is no such thread.
        """
        thread = self._existing(scope, thread_id)
        thread.archived = archived
        thread.touched_at = self._clock.now()
        return thread.thread()

    async def delete(self, scope: Scope, thread_id: ThreadId) -> bool:
        """Remove it with its runs and states; whether there was one.

        Raises:
            BusyError: a run is live on it; ``details`` has its ``run_id``.
        """
        thread = self._database.find(scope, thread_id)
        if thread is None:
            return False
        if thread.live is not None:
            raise busy(thread_id, thread.live.run_id)
        self._database.drop(thread)
        return True

    def _existing(self, scope: Scope, thread_id: ThreadId) -> ThreadRecord:
        thread = self._database.find(scope, thread_id)
        if thread is None:
            raise NotFoundError("There is no such thread.", details={"thread_id": thread_id})
        return thread


def _position(thread: ThreadRecord) -> Position:
    return (thread.updated_at, thread.thread_id)


def _size(name: str | None) -> int:
    return 0 if name is None else sys.getsizeof(name)
