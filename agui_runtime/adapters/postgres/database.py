"""The connections to a PostgreSQL database: a pool with time limits that mends itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import asyncpg
from attrs import field, frozen

from agui_runtime.adapters.postgres.connections import Connection, Connections, Pool
from agui_runtime.adapters.postgres.faults import (
    DRIVER_FAULTS,
    has_not_happened,
    is_lost,
    leaves_connection_usable,
    translate,
)
from agui_runtime.adapters.postgres.health import Finding, Health, finding_of
from agui_runtime.adapters.postgres.tls import check_tls_files
from agui_runtime.domain.errors import AguiError, ConfigurationError, UnavailableError

logger = logging.getLogger(__name__)
T = TypeVar("T")

APPLICATION_NAME = "agui-runtime"
# Of transactions, whatever the server's default: each statement has to see what it has waited for.
READ_COMMITTED: Final = "read_committed"
RETRY_SECONDS = 0.01
HEALTH_SECONDS = 2.0
"""Who asks for the health wants an answer soon, whatever an operation may take."""

_HEALTH = "SELECT current_setting('server_version') AS version, current_setting('transaction_read_only') AS read_only"
_ENCODING = "SELECT current_setting('server_encoding')"


@frozen
class PostgresSettings:
    """How to reach the database.

    Attributes:
        url: as libpq reads it, TLS parameters included; several hosts are tried in order.
        direct_url: past a connection pooler, for migrations; empty where ``url`` is direct.
        min_connections: kept open.
        max_connections: most open at a time; who finds none free waits.
        connect_seconds: longest time to get one connection.
        operation_seconds: longest time of one operation, waiting for a connection included; also the server's
            statement timeout.
        pgbouncer: a pooler in transaction mode is between: no statement is kept prepared, and nothing is set at the
            start of a session.

    Raises:
        ConfigurationError: the pool's bounds are impossible, or a URL names a file that cannot be read.
    """

    url: str = field(repr=False)
    direct_url: str = field(default="", repr=False)
    min_connections: int = 1
    max_connections: int = 10
    connect_seconds: float = 5.0
    operation_seconds: float = 10.0
    pgbouncer: bool = False

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.min_connections <= self.max_connections or self.max_connections < 1:
            raise ConfigurationError(
                f"The database pool cannot keep {self.min_connections} connections open "
                f"and have {self.max_connections} at most."
            )
        check_tls_files(self.url)
        check_tls_files(self.direct_url)


class PostgresDatabase:
    """A pool of connections, opened once, in the event loop that uses it.

    A connection on which anything went wrong but an answered refusal is thrown away, and the next operation opens a
    new one: that is how it works again after a restart, a failover or a cut line, without being told.
    """

    def __init__(self, settings: PostgresSettings) -> None:
        self.settings = settings
        self._pool: Pool | None = None
        self._connections: Connections | None = None
        self._waiting = 0

    async def open(self) -> None:
        """Connect.

        Raises:
            UnavailableError: the server cannot be reached, or refuses us.
            ConfigurationError: the URL cannot be used, or the database does not keep UTF-8.
        """
        if self._pool is not None:
            return
        try:
            self._pool = await self._create_pool()
        except DRIVER_FAULTS as error:
            raise translate(error) from error
        self._connections = Connections(self._pool, self.settings.max_connections)
        try:
            await self._check_encoding()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Give the connections back. What still runs on one is cut off after the time of one operation."""
        pool, self._pool = self._pool, None
        connections, self._connections = self._connections, None
        if pool is None or connections is None:
            return
        connections.close()
        try:
            await asyncio.wait_for(pool.close(), self.settings.operation_seconds)
        except (TimeoutError, *DRIVER_FAULTS):
            pool.terminate()

    async def run(
        self,
        operation: Callable[[Connection], Awaitable[T]],
        *,
        repeatable: bool = False,
        seconds: float | None = None,
    ) -> T:
        """Do something on one connection, within the time of one operation, or ``seconds``.

        What the server has certainly rolled back is tried again. What may have happened is tried again only where it
        is ``repeatable``, once.

        Raises:
            UnavailableError: it could not be done; whether it was is not known.
            CorruptError: the server reports damaged data.
        """
        seconds = seconds or self.settings.operation_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._attempt(operation, repeats=1 if repeatable else 0)
        except TimeoutError as error:
            raise self._too_late(seconds) from error

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections of this process are open, and how many of them nobody uses now."""
        connections = self._connections
        return (0, 0) if connections is None else (connections.open, connections.free)

    @property
    def waiting(self) -> int:
        """How many operations wait for a connection now."""
        return self._waiting

    async def health(self) -> Health:
        """Look whether the server can be used, and if not, why; within ``HEALTH_SECONDS``. Never raises."""
        seconds = min(HEALTH_SECONDS, self.settings.operation_seconds)
        try:
            row = await self.run(lambda connection: connection.fetchrow(_HEALTH), repeatable=True, seconds=seconds)
        except AguiError as error:
            return self.found_by(error)
        if row is None or row["read_only"] == "on":
            return self.found(Finding.READ_ONLY, "The database is read-only now.")
        return self.found(Finding.USABLE, f"PostgreSQL {row['version']}")

    def found_by(self, error: AguiError) -> Health:
        """What an operation that failed just now says of the database."""
        exhausted = isinstance(error.__cause__, TimeoutError) and self._is_exhausted()
        return self.found(Finding.EXHAUSTED if exhausted else finding_of(error), error.message)

    def found(self, finding: Finding, message: str) -> Health:
        """A finding with the connections as they are now."""
        in_all, free = self.connections
        return Health(finding=finding, message=message, open_connections=in_all, free_connections=free)

    async def _check_encoding(self) -> None:
        encoding = await self.run(lambda connection: connection.fetchval(_ENCODING), repeatable=True)
        if encoding != "UTF8":
            raise ConfigurationError(f"The database keeps text as {encoding}; it must be UTF8.")

    async def _attempt(self, operation: Callable[[Connection], Awaitable[T]], repeats: int) -> T:
        while True:
            try:
                return await self._once(operation)
            except DRIVER_FAULTS as error:
                if is_lost(error) and repeats > 0:
                    repeats -= 1
                elif has_not_happened(error):
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    raise translate(error) from error

    async def _once(self, operation: Callable[[Connection], Awaitable[T]]) -> T:
        connections = self._connections
        if connections is None:
            raise UnavailableError("The database connection is not open.")
        self._waiting += 1
        try:
            borrowed = await connections.take()
        finally:
            self._waiting -= 1
        try:
            return await operation(borrowed.connection)
        except BaseException as error:
            if not leaves_connection_usable(error):
                # Never a polite close: on a stalled line that waits for an answer that does not come.
                borrowed.connection.terminate()
            raise
        finally:
            connections.give_back(borrowed)

    async def _create_pool(self) -> Pool:
        settings = self.settings
        session = {
            "application_name": APPLICATION_NAME,
            "statement_timeout": f"{settings.operation_seconds * 1000:.0f}",
        }
        return await asyncpg.create_pool(
            settings.url,
            min_size=settings.min_connections,
            max_size=settings.max_connections,
            timeout=settings.connect_seconds,
            statement_cache_size=0 if settings.pgbouncer else 100,
            server_settings=None if settings.pgbouncer else session,
            reset=_keep_session,
        )

    def _too_late(self, seconds: float) -> UnavailableError:
        if self._is_exhausted():
            return UnavailableError(
                f"All {self.settings.max_connections} database connections were in use for {seconds:g} s."
            )
        return UnavailableError(f"The database did not answer within {seconds:g} s.")

    def _is_exhausted(self) -> bool:
        return self._connections is not None and self._connections.is_exhausted


async def _keep_session(_: Any) -> None:
    """No reset between uses: it costs a round trip, and no operation sets or listens to anything in its session."""
