"""Agents' states in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agui_runtime.adapters.codec.state_text import checked_text
from agui_runtime.adapters.postgres import statements
from agui_runtime.adapters.postgres.connections import Connection
from agui_runtime.adapters.postgres.database import READ_COMMITTED, PostgresDatabase
from agui_runtime.adapters.postgres.json_text import corrupt, from_text, to_text
from agui_runtime.application.ports import Clock
from agui_runtime.application.refusals import check_limit, stale_version, too_many_states
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.policy import StateLimits
from agui_runtime.domain.state import AgentState

if TYPE_CHECKING:
    import asyncpg

    Row = asyncpg.Record
else:
    Row = Any

MAX_BIGINT = 2**63 - 1
SWEEP_ROWS = 1000
ROOM = 64
"""With more room than this left in a thread, states are created without waiting for each other: so many at one moment
would need as many connections."""


class PostgresStateStore:
    """A ``StateStore``. Time is the clock's, never the server's; what has expired stays hidden until it is swept."""

    def __init__(self, database: PostgresDatabase, clock: Clock, limits: StateLimits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits

    async def load(self, key: StateKey) -> AgentState | None:
        """The state, or ``None``.

        Raises:
            UnavailableError: the database cannot be reached, or refuses.
            CorruptError: what is stored cannot be read.
        """
        row = await self._stored(key, self._clock.now())
        return None if row is None else _state(key, row)

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version if the stored one is still ``expected_version`` (0: none is stored).

        It is one statement, so that it happens whole or not at all. Only where it does nothing, a second one asks why.
        A state that its thread may have no room for is created in a transaction, under a lock.

        Raises:
            ConflictError: another version is stored; ``details["version"]`` says which.
            InvalidError: a limit is broken or a value is impossible; nothing has changed.
            UnavailableError: the database cannot be reached, or refuses; whether it has saved is not known.
        """
        checked = checked_text(values, self._limits)
        expires_at = _utc(expires_at)
        text = to_text(checked)
        while True:
            now = self._clock.now()
            arguments = (*_columns(key), text, checked.size, now, expires_at, *_columns_of_run(run))
            saved = await self._write(arguments, expected_version)
            if saved is not None:
                return AgentState(
                    key=key,
                    values=from_text(text, key) if checked.is_unusual else values,
                    version=saved["version"],
                    created_at=saved["created_at"],
                    updated_at=now,
                    expires_at=expires_at,
                    saved_by=run,
                )
            stored = await self._stored(key, now)
            if stored is not None and run is not None and _run(stored) == run:
                return _state(key, stored)
            version = 0 if stored is None else stored["version"]
            if version != expected_version:
                raise stale_version(key, expected_version, version)
            # Nothing is there and nothing was made: the thread is full, or somebody else removed it just now.
            if version == 0 and await self._is_full(key, now):
                raise too_many_states(self._limits)

    async def delete(self, key: StateKey) -> bool:
        """Remove the state; whether there was one."""
        arguments = (*_columns(key), self._clock.now())
        return bool(await self._database.run(lambda c: c.fetchval(statements.DELETE, *arguments)))

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        """The states of a thread, by agent name in the order of code points."""
        arguments = (str(scope), str(thread_id), self._clock.now())
        return await self._summaries(scope, statements.LIST_AGENTS, arguments)

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        """An agent's states by thread id in the order of code points, at most ``limit`` of them, from behind ``after``.

        Raises:
            InvalidError: ``limit`` is less than 1.
        """
        check_limit(limit)
        arguments = (str(scope), str(agent_name), str(after or ""), self._clock.now(), min(limit, MAX_BIGINT))
        return await self._summaries(scope, statements.LIST_THREADS, arguments)

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        """Remove all states of a thread; how many there were. The thread and its runs stay."""
        arguments = (str(scope), str(thread_id), self._clock.now())
        return int(await self._database.run(lambda c: c.fetchval(statements.CLEAR, *arguments)))

    async def sweep(self) -> int:
        """Remove every expired state, of all scopes; how many there were."""
        now, removed = self._clock.now(), 0
        while True:
            portion = int(await self._database.run(lambda c: c.fetchval(statements.SWEEP, now, SWEEP_ROWS)))
            removed += portion
            if portion < SWEEP_ROWS:
                return removed

    async def _write(self, arguments: tuple[Any, ...], expected: int) -> Row | None:
        if expected == 0:
            return await self._create(arguments)
        if 0 < expected <= MAX_BIGINT:
            return await self._database.run(lambda c: c.fetchrow(statements.UPDATE, *arguments, expected))
        return None

    async def _create(self, arguments: tuple[Any, ...]) -> Row | None:
        maximum = self._limits.max_per_thread
        if maximum > ROOM:
            far_from_full = maximum - ROOM
            saved = await self._database.run(lambda c: c.fetchrow(statements.CREATE, *arguments, far_from_full))
            if saved is not None:
                return saved

        async def alone(connection: Connection) -> Row | None:
            async with connection.transaction(isolation=READ_COMMITTED):
                await connection.execute(statements.CREATE_ALONE, *arguments[:2])
                return await connection.fetchrow(statements.CREATE, *arguments, maximum)

        return await self._database.run(alone)

    async def _is_full(self, key: StateKey, now: datetime) -> bool:
        arguments = (*_columns(key), now, self._limits.max_per_thread)
        return bool(await self._database.run(lambda c: c.fetchval(statements.IS_FULL, *arguments), repeatable=True))

    async def _stored(self, key: StateKey, now: datetime) -> Row | None:
        arguments = (*_columns(key), now)
        return await self._database.run(lambda c: c.fetchrow(statements.LOAD, *arguments), repeatable=True)

    async def _summaries(self, scope: Scope, statement: str, arguments: tuple[Any, ...]) -> Sequence[StateSummary]:
        rows = await self._database.run(lambda c: c.fetch(statement, *arguments), repeatable=True)
        return [
            StateSummary(
                key=StateKey(scope, ThreadId(row["thread_id"]), AgentName(row["agent_name"])),
                version=row["version"],
                size=row["bytes"],
                created_at=row["created_at"],
                updated_at=row["updated_at"],
                expires_at=row["expires_at"],
            )
            for row in rows
        ]


def _columns(key: StateKey) -> tuple[str, str, str]:
    return (str(key.scope), str(key.thread_id), str(key.agent_name))


def _columns_of_run(run: RunKey | None) -> tuple[str | None, str | None, int | None]:
    return (None, None, None) if run is None else (str(run.scope), str(run.thread_id), run.number)


def _state(key: StateKey, row: Row) -> AgentState:
    return AgentState(
        key=key,
        values=from_text(row["state"], key),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
        saved_by=_saved_by(key, row),
    )


def _saved_by(key: StateKey, row: Row) -> RunKey | None:
    try:
        return _run(row)
    except InvalidError as error:
        raise corrupt(key, "the run that saved it has an impossible name") from error


def _run(row: Row) -> RunKey | None:
    if row["run_number"] is None:
        return None
    return RunKey(Scope(row["run_scope"]), ThreadId(row["run_thread_id"]), row["run_number"])


def _utc(expires_at: datetime | None) -> datetime | None:
    if expires_at is None:
        return None
    if expires_at.tzinfo is None:
        raise InvalidError("expires_at needs a time zone.")
    try:
        return expires_at.astimezone(UTC)
    except OverflowError as error:
        raise InvalidError("expires_at is outside of the years 1 to 9999.") from error
