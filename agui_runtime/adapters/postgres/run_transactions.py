"""What the run log does in more than one statement on one connection."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agui_runtime.adapters.postgres import run_statements as statements
from agui_runtime.adapters.postgres.connections import Connection
from agui_runtime.adapters.postgres.database import READ_COMMITTED, PostgresDatabase
from agui_runtime.adapters.postgres.event_blocks import block_of, write
from agui_runtime.application.refusals import check_compaction
from agui_runtime.application.values import Lease, LogEntry
from agui_runtime.domain.identity import RunId, RunKey, Scope, ThreadId

if TYPE_CHECKING:
    import asyncpg

    Row = asyncpg.Record
else:
    Row = Any

TAKEOVERS = 500
"""Most runs that one look takes over; the next look finds the others."""


def columns(run: RunKey) -> tuple[str, str, int]:
    """A run's key as the tables have it."""
    return (str(run.scope), str(run.thread_id), run.number)


def run_key(row: Row) -> RunKey:
    """The key that a row has."""
    return RunKey(Scope(row["scope"]), ThreadId(row["thread_id"]), row["number"])


async def begin(connection: Connection, arguments: Sequence[Any], token: int) -> tuple[int, int] | str:
    """The number and the first sequence number of the new run, or the run id of the one that is live.

    Tried again with the same token it gives the run that an earlier try has begun.
    """
    while True:
        begun = await connection.fetchrow(statements.BEGIN, *arguments)
        if begun is not None:
            return begun["number"], begun["first_sequence"]
        live = await connection.fetchrow(statements.LIVE, *arguments[:2])
        # None: it has ended between the two statements.
        if live is not None and live["token"] == token:
            return live["number"], live["first_sequence"]
        if live is not None:
            return str(live["run_id"])


class Abandonment:
    """Forgets a run; whether there was one under the lease. To be tried again as a whole."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._is_repeated = False

    async def __call__(self, connection: Connection) -> bool:
        """One try."""
        run = self._lease.run
        thread = (str(run.scope), str(run.thread_id))
        is_repeated, self._is_repeated = self._is_repeated, True
        async with connection.transaction(isolation=READ_COMMITTED):
            first = await connection.fetchval(statements.FORGET_RUN, *columns(run), self._lease.token)
            if first is None:
                return is_repeated
            await connection.execute(statements.FORGET_EVENTS, *thread, first)
            await connection.execute(statements.DROP_EMPTY_THREAD, *thread)
            await connection.execute(statements.RESTORE_THREAD, *thread)
        return True


async def take_over(connection: Connection, now: datetime, until: datetime) -> Sequence[tuple[Lease, int]]:
    """The runs taken over, each with the last sequence number that its old holder has used."""
    async with connection.transaction(isolation=READ_COMMITTED):
        rows = await connection.fetch(statements.TAKE_OVER, now, until, TAKEOVERS)
        return [
            (
                Lease(run_key(row), row["token"], RunId(row["run_id"])),
                await connection.fetchval(statements.LAST_SEQUENCE, row["scope"], row["thread_id"]),
            )
            for row in rows
        ]


async def compact(database: PostgresDatabase, run: RunKey, entries: Sequence[LogEntry]) -> None:
    """Put fewer entries in the place of an ended run's; what is not there or compacted is left as it is.

    Raises:
        InvalidError: the numbers of the entries are not a rising choice of the run's own that ends with its last.
        UnavailableError: the database cannot be reached, or refuses.
    """
    key, thread = columns(run), (str(run.scope), str(run.thread_id))
    found = await database.run(lambda c: c.fetchrow(statements.RAW, *key), repeatable=True)
    if found is None:
        return
    first, last = found["first_sequence"], found["last_sequence"]
    check_compaction(run, entries, range(first, last + 1))
    written = write(entry.event for entry in entries)
    rows = (
        [entry.sequence for entry in entries],
        [entry.recorded_at for entry in entries],
        [block_of([event]) for event in written],
    )

    async def replace(connection: Connection) -> None:
        async with connection.transaction(isolation=READ_COMMITTED):
            if await connection.fetchval(statements.MARK_COMPACTED, *key):
                await connection.execute(statements.REMOVE_EVENTS, *thread, first, last)
                await connection.execute(statements.INSERT_COMPACTED, *key, *rows)

    await database.run(replace, repeatable=True)
