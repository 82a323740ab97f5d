"""The list of threads in PostgreSQL."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agui_runtime.adapters.codec.paging import decode_cursor, encode_cursor
from agui_runtime.adapters.postgres import run_statements
from agui_runtime.adapters.postgres import thread_statements as statements
from agui_runtime.adapters.postgres.connections import Connection
from agui_runtime.adapters.postgres.database import PostgresDatabase
from agui_runtime.application.ports import Clock
from agui_runtime.application.refusals import busy, check_limit, no_such_thread
from agui_runtime.application.values import Thread, ThreadPage
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import AgentName, RunId, Scope, ThreadId

if TYPE_CHECKING:
    import asyncpg

    Row = asyncpg.Record
else:
    Row = Any

MAX_LIMIT = 2**31
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class PostgresThreadDirectory:
    """A ``ThreadDirectory``. A run that begins or ends, a saved state, a new name and archiving are activity."""

    def __init__(self, database: PostgresDatabase, clock: Clock) -> None:
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
            UnavailableError: the database cannot be reached, or refuses.
        """
        check_limit(limit)
        limit = min(limit, MAX_LIMIT)
        statement = statements.LIST if cursor is None else statements.LIST_BEHIND
        agent = None if agent_name is None else str(agent_name)
        position = () if cursor is None else _columns_of(cursor)
        # One more than asked for tells whether there is a next page.
        arguments = (str(scope), include_archived, agent, limit + 1, *position)
        rows = await self._database.run(lambda c: c.fetch(statement, *arguments), repeatable=True)
        threads = tuple(_thread(row) for row in rows[:limit])
        more = encode_cursor((threads[-1].updated_at, threads[-1].thread_id)) if len(rows) > limit else None
        return ThreadPage(threads, more)

    async def get(self, scope: Scope, thread_id: ThreadId) -> Thread | None:
        """The thread, or ``None``.

        Raises:
            UnavailableError: the database cannot be reached, or refuses.
        """
        arguments = (str(scope), str(thread_id))
        row = await self._database.run(lambda c: c.fetchrow(statements.GET, *arguments), repeatable=True)
        return None if row is None else _thread(row)

    async def rename(self, scope: Scope, thread_id: ThreadId, name: str) -> Thread:
        """Give it a name.

        Raises:
            NotFoundError: there is no such thread.
            InvalidError: the name has a character that no database text can hold.
            UnavailableError: the database cannot be reached, or refuses.
        """
        if _UNSTORABLE.search(name):
            raise InvalidError("The name has a character that cannot be stored: U+0000 or half of a surrogate pair.")
        return await self._change(statements.RENAME, scope, thread_id, name)

    async def archive(self, scope: Scope, thread_id: ThreadId, *, archived: bool = True) -> Thread:
        """Put it away, or take it back.

        Raises:
            NotFoundError: there is no such thread.
            UnavailableError: the database cannot be reached, or refuses.
        """
        return await self._change(statements.ARCHIVE, scope, thread_id, archived)

    async def delete(self, scope: Scope, thread_id: ThreadId) -> bool:
        """Remove it with its runs and states; whether there was one.

        Raises:
            BusyError: a run is live on it; ``details`` has its ``run_id``.
            UnavailableError: the database cannot be reached, or refuses; whether it was removed is not known.
        """
        if await self._remove(scope, thread_id):
            return True
        live = await self._database.run(lambda c: c.fetchrow(run_statements.LIVE, str(scope), str(thread_id)))
        if live is not None:
            raise busy(thread_id, RunId(live["run_id"]))
        return False

    async def prune(self, idle_since: datetime, *, limit: int = 100) -> int:
        """Remove threads of all scopes that were last active before then, with their runs and states; how many.

        At most ``limit`` of them, the idlest first, each in a transaction of its own. Threads with a live run stay.

        Raises:
            InvalidError: ``limit`` is less than 1.
            UnavailableError: the database cannot be reached, or refuses.
        """
        check_limit(limit)
        arguments = (idle_since, min(limit, MAX_LIMIT))
        rows = await self._database.run(lambda c: c.fetch(statements.IDLE, *arguments), repeatable=True)
        removed = 0
        for row in rows:
            scope, thread_id = Scope(row["scope"]), ThreadId(row["thread_id"])
            # It may have become active since it was found.
            removed += await self._remove(scope, thread_id, idle_since)
        return removed

    async def _remove(self, scope: Scope, thread_id: ThreadId, idle_since: datetime | None = None) -> bool:
        return await self._database.run(lambda c: _delete(c, scope, thread_id, idle_since))

    async def _change(self, statement: str, scope: Scope, thread_id: ThreadId, value: str | bool) -> Thread:
        arguments = (str(scope), str(thread_id), value, self._clock.now())
        row = await self._database.run(lambda c: c.fetchrow(statement, *arguments), repeatable=True)
        if row is None:
            raise no_such_thread(thread_id)
        return _thread(row)


async def _delete(connection: Connection, scope: Scope, thread_id: ThreadId, idle_since: datetime | None) -> bool:
    key = (str(scope), str(thread_id))
    # Whatever the server's default: each statement has to see what it has waited for.
    async with connection.transaction(isolation="read_committed"):
        await connection.execute(statements.LOCK_STATES, *key)
        if not await connection.fetchval(statements.DELETE, *key, idle_since):
            return False
        for statement in statements.DELETE_CONTENT:
            await connection.execute(statement, *key)
    return True


def _columns_of(cursor: str) -> tuple[datetime, str]:
    updated_at, thread_id = decode_cursor(cursor)
    return (updated_at, str(thread_id))


def _thread(row: Row) -> Thread:
    return Thread(
        thread_id=ThreadId(row["thread_id"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        name=row["name"],
        agent_name=None if row["agent_name"] is None else AgentName(row["agent_name"]),
        archived=row["archived"],
        live=row["live"],
    )
