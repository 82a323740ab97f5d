"""Makes and updates the tables: numbered plain SQL files, each applied once, in order, all in one transaction."""

import hashlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import asyncpg
from attrs import frozen

from agui_runtime.adapters.postgres.database import HEALTH_SECONDS, PostgresDatabase, PostgresSettings
from agui_runtime.adapters.postgres.faults import DRIVER_FAULTS, translate
from agui_runtime.adapters.postgres.health import Finding, Health
from agui_runtime.domain.errors import AguiError, MisuseError

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any

logger = logging.getLogger(__name__)

LOCK = 4_702_111_234_474_983_745
"""The advisory lock that migrating processes queue up for; any number, but always the same."""

_EXISTS = "SELECT to_regclass('agui_migrations') IS NOT NULL"
_APPLIED = "SELECT number, checksum FROM agui_migrations ORDER BY number"
_RECORD = "INSERT INTO agui_migrations (number, name, checksum) VALUES ($1, $2, $3)"
_TABLE = """
CREATE TABLE IF NOT EXISTS agui_migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@frozen
class Migration:
    """One numbered file.

    Attributes:
        name: the file's.
    """

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Of the SQL, so that a changed file is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known_migrations() -> Sequence[Migration]:
    """The migrations that this version brings, in order."""
    folder = files("agui_runtime.adapters.postgres") / "migrations"
    found = [entry for entry in folder.iterdir() if entry.name[:4].isdigit()]
    made = (Migration(int(entry.name[:4]), entry.name, entry.read_text(encoding="utf-8")) for entry in found)
    return sorted(made, key=lambda migration: migration.number)


class Migrator:
    """Brings the tables up to this version.

    Args:
        settings: how to reach the database; the direct URL is used where there is one.
        migrations: the known ones.
    """

    def __init__(self, settings: PostgresSettings, migrations: Sequence[Migration] | None = None) -> None:
        self._settings = settings
        self._migrations = known_migrations() if migrations is None else migrations

    async def pending(self) -> Sequence[Migration]:
        """What ``migrate`` would apply now.

        Raises:
            MisuseError: the tables are newer than this version, or were made by other files.
            UnavailableError: the database cannot be reached.
        """
        async with self._connection() as connection:
            return self._pending(await _applied(connection))

    async def migrate(self) -> Sequence[Migration]:
        """Apply what is pending, all or nothing; what was applied. Another process that migrates is waited for.

        Raises:
            MisuseError: the tables are newer than this version, or were made by other files.
            UnavailableError: the database cannot be reached, or refuses.
        """
        async with self._connection() as connection, connection.transaction():
            # The transaction's own lock: it cannot outlive it, whatever happens to this process.
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
                logger.info("Another process is migrating; waiting for it.")
                await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            pending = self._pending(await _applied(connection))
            if pending:
                await connection.execute(_TABLE)
            for migration in pending:
                await connection.execute(migration.sql)
                await connection.execute(_RECORD, migration.number, migration.name, migration.checksum)
            return pending

    async def check(self, database: PostgresDatabase) -> None:
        """Refuse to work on tables that this version does not know.

        Raises:
            MisuseError: they are not made yet, older, newer, or were made by other files.
            UnavailableError: the database cannot be reached.
        """
        pending = await self._still_pending(database)
        if pending:
            names = ", ".join(migration.name for migration in pending)
            raise MisuseError(f"The database is not set up for this version ({names}). Run: agui-runtime migrate")

    async def health(self, database: PostgresDatabase) -> Health:
        """Look whether the server can be used and its tables are those of this version. Never raises."""
        health = await database.health()
        if not health.is_usable:
            return health
        try:
            if await self._still_pending(database, seconds=HEALTH_SECONDS):
                return database.found(
                    Finding.NOT_MIGRATED, "The database is not set up for this version. Run: agui-runtime migrate"
                )
        except MisuseError as error:
            return database.found(Finding.OTHER_VERSION, error.message)
        except AguiError as error:
            return database.found_by(error)
        return health

    async def _still_pending(self, database: PostgresDatabase, seconds: float | None = None) -> Sequence[Migration]:
        return self._pending(await database.run(_applied, repeatable=True, seconds=seconds))

    def _pending(self, applied: dict[int, str]) -> Sequence[Migration]:
        known = {migration.number: migration for migration in self._migrations}
        for number, checksum in applied.items():
            if number not in known:
                raise MisuseError(
                    f"The database is at migration {number}, and this version knows {max(known, default=0)} at most: "
                    "a newer version has been here. Update agui-runtime."
                )
            if known[number].checksum != checksum:
                raise MisuseError(
                    f"The database was set up by another {known[number].name} than this version's. "
                    "Nothing was changed; restore the file that belongs to it, or start with an empty database."
                )
        return [migration for migration in self._migrations if migration.number not in applied]

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        settings = self._settings
        try:
            connection = await asyncpg.connect(
                settings.direct_url or settings.url, timeout=settings.connect_seconds, statement_cache_size=0
            )
            try:
                yield connection
            finally:
                await connection.close(timeout=settings.connect_seconds)
        except DRIVER_FAULTS as error:
            raise translate(error) from error


async def _applied(connection: Any) -> dict[int, str]:
    if not await connection.fetchval(_EXISTS):
        return {}
    return {row["number"]: row["checksum"] for row in await connection.fetch(_APPLIED)}
