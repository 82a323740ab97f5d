"""Where states, runs and threads are kept: in memory, or in the configured database. Never one for the other."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agui_runtime.adapters.memory import MemoryDatabase, MemoryRunLog, MemoryStateStore, MemoryThreadDirectory
from agui_runtime.application.frames import Frames
from agui_runtime.application.ports import Clock, RunLog, StateStore, ThreadDirectory
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from agui_runtime.adapters.postgres import Health, Migrator, PostgresDatabase, PostgresSettings


class Storage:
    """The database as a runtime uses it: it refuses to open one that is not set up for this version."""

    def __init__(self, database: "PostgresDatabase", migrator: "Migrator", address: str) -> None:
        self.database = database
        self._address = address
        self._migrator = migrator

    async def open(self) -> None:
        """Connect, and look at the tables.

        Raises:
            UnavailableError: the server cannot be reached, or refuses us.
            ConfigurationError: the URL or the database cannot be used.
            MisuseError: the tables are not those of this version.
        """
        try:
            await self.database.open()
        except UnavailableError as error:
            raise UnavailableError(f"{error.message} AGUI_DATABASE_URL names {self._address}.") from error
        try:
            await self._migrator.check(self.database)
        except BaseException:
            await self.database.close()
            raise

    async def close(self) -> None:
        """Give the connections back."""
        await self.database.close()

    async def health(self) -> "Health":
        """Whether it can be used now, its tables included, and if not, why. Within a few seconds; never raises."""
        return await self._migrator.health(self.database)

    async def check(self) -> None:
        """Refuse a database that cannot be used now.

        Raises:
            UnavailableError: with the reason.
        """
        found = await self.health()
        if not found.is_usable:
            raise UnavailableError(found.message)


def database_of(settings: Settings) -> Storage | None:
    """The configured database, not yet opened; ``None`` where none is configured.

    Raises:
        ConfigurationError: its driver is not installed.
    """
    if not settings.database_url:
        return None
    configured = _postgres_settings(settings)
    from agui_runtime.adapters.postgres import Migrator, PostgresDatabase

    return Storage(PostgresDatabase(configured), Migrator(configured), _address(settings.database_url))


def _address(url: str) -> str:
    """Host and port, for an operator at the start; never the user or the password."""
    return urlsplit(url).netloc.rpartition("@")[2] or "the local socket"


def state_store_of(settings: Settings, storage: Storage | None, memory: MemoryDatabase, clock: Clock) -> StateStore:
    """The store of states that the settings ask for."""
    if storage is None:
        return MemoryStateStore(memory, clock, settings.state_limits)
    from agui_runtime.adapters.postgres import PostgresStateStore

    return PostgresStateStore(storage.database, clock, settings.state_limits)


def run_log_of(
    settings: Settings, storage: Storage | None, memory: MemoryDatabase, clock: Clock, frames: Frames
) -> RunLog:
    """The log of runs that the settings ask for."""
    if storage is None:
        return MemoryRunLog(memory, clock, settings.lease_seconds, frames)
    from agui_runtime.adapters.postgres import PostgresRunLog

    return PostgresRunLog(storage.database, clock, settings.lease_seconds, frames=frames)


def thread_directory_of(storage: Storage | None, memory: MemoryDatabase, clock: Clock) -> ThreadDirectory:
    """The list of threads that belongs to the log of runs."""
    if storage is None:
        return MemoryThreadDirectory(memory, clock)
    from agui_runtime.adapters.postgres import PostgresThreadDirectory

    return PostgresThreadDirectory(storage.database, clock)


def decorated(store: StateStore, decorators: Iterable[Callable[[StateStore], StateStore]]) -> StateStore:
    """The store inside of its decorators, the last of them outermost."""
    for decorate in decorators:
        store = decorate(store)
    return store


def migrator_of(settings: Settings) -> "Migrator":
    """What makes and updates the tables.

    Raises:
        ConfigurationError: no database is configured, or its driver is not installed.
    """
    if not settings.database_url:
        raise ConfigurationError("AGUI_DATABASE_URL is not set: there is no database to migrate.")
    configured = _postgres_settings(settings)
    from agui_runtime.adapters.postgres import Migrator

    return Migrator(configured)


def _postgres_settings(settings: Settings) -> "PostgresSettings":
    # Imported late: the driver is an extra, and a runtime without a database works without it.
    try:
        from agui_runtime.adapters.postgres import PostgresSettings
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise ConfigurationError(
            "AGUI_DATABASE_URL is set, but the database driver is missing. Install agui-runtime[postgres]."
        ) from error
    return PostgresSettings(
        url=settings.database_url,
        direct_url=settings.database_direct_url,
        min_connections=settings.database_min_connections,
        max_connections=settings.database_max_connections,
        connect_seconds=settings.database_connect_seconds,
        operation_seconds=settings.database_seconds,
        pgbouncer=settings.database_pgbouncer,
    )
