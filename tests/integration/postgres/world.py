"""What the Postgres tests beside the contract stand on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen

from agui_runtime.adapters.postgres import PostgresDatabase, PostgresStateStore
from agui_runtime.domain.policy import StateLimits
from tests.support import postgres
from tests.support.clock import FakeClock

LIMITS = StateLimits()


@frozen
class PostgresWorld:
    url: str
    database: PostgresDatabase
    store: PostgresStateStore
    clock: FakeClock

    async def sql(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        """Run a statement beside the adapter; the rows."""
        return [tuple(row.values()) for row in await postgres.execute(self.url, statement, *arguments)]


@asynccontextmanager
async def world(**changes: object) -> AsyncIterator[PostgresWorld]:
    """A store over a fresh database; ``changes`` are those of the database settings."""
    clock = FakeClock()
    async with (
        postgres.database() as url,
        postgres.opened(postgres.settings_for(url, **changes)) as database,
    ):
        yield PostgresWorld(url, database, PostgresStateStore(database, clock, LIMITS), clock)
