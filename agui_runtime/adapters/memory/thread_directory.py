"""The list of threads in memory."""

import sys
from datetime import datetime

from agui_runtime.adapters.codec.paging import Position, decode_cursor, encode_cursor
from agui_runtime.adapters.memory.database import MemoryDatabase
from agui_runtime.adapters.memory.records import ThreadRecord
from agui_runtime.application.ports import Clock
from agui_runtime.application.refusals import busy, check_limit, no_such_thread
from agui_runtime.application.values import Thread, ThreadPage
from agui_runtime.domain.identity import AgentName, Scope, ThreadId


class MemoryThreadDirectory:
    """A ``ThreadDirectory``. A run that begins or ends, a saved state, a new name and archiving are activity."""

    def __init__(self, database: MemoryDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self,
        scope: Scope,
        *,
        agent_name: AgentName | None = None,
        cursor: str | None = None,
        limit: int = 50,
        include_archived: bool = False,
    ) -> ThreadPage:
        """A page of threads, newest activity first, those of one agent where one is named.

        A thread that becomes active between two pages is not shown again behind the cursor.

        Raises:
            InvalidError: the cursor is none of ours, or ``limit`` is less than 1.
        """
        check_limit(limit)
        before = None if cursor is None else decode_cursor(cursor)
        found = [
            thread
            for thread in self._database.all_of(scope)
            if (include_archived or not thread.archived)
            and agent_name in {None, thread.agent_name}
            and (before is None or _position(thread) < before)
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

    async def prune(self, idle_since: datetime, *, limit: int = 100) -> int:
        """Remove threads of all scopes that were last active before then, with their runs and states; how many.

        At most ``limit`` of them, the idlest first. Threads with a live run stay.

        Raises:
            InvalidError: ``limit`` is less than 1.
        """
        check_limit(limit)
        idle = (thread for thread in self._database.all_threads() if thread.live is None)
        due = sorted((thread for thread in idle if thread.updated_at < idle_since), key=_position)[:limit]
        for thread in due:
            self._database.drop(thread)
        return len(due)

    def _existing(self, scope: Scope, thread_id: ThreadId) -> ThreadRecord:
        thread = self._database.find(scope, thread_id)
        if thread is None:
            raise no_such_thread(thread_id)
        return thread


def _position(thread: ThreadRecord) -> Position:
    return (thread.updated_at, thread.thread_id)


def _size(name: str | None) -> int:
    return 0 if name is None else sys.getsizeof(name)
