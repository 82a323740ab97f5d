"""The Postgres state store keeps the contract of its port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agui_runtime.adapters.postgres import PostgresRunLog, PostgresStateStore, PostgresThreadDirectory
from agui_runtime.application.ports import RunLog
from tests.contracts.run_log import RunLogContract
from tests.contracts.run_log_compaction import RunLogCompactionContract
from tests.contracts.run_log_cursors import RunLogCursorContract
from tests.contracts.state_store import StateStoreAmongOthersContract, StateStoreContract
from tests.contracts.thread_directory import ThreadDirectoryContract
from tests.contracts.world import LEASE_SECONDS, STATE_LIMITS, Adapters, eventually
from tests.support import postgres
from tests.support.clock import FakeClock

pytestmark = pytest.mark.postgres


class PostgresWorld:
    @asynccontextmanager
    async def adapters(self, clock: FakeClock) -> AsyncIterator[Adapters]:
        async with postgres.database() as url, postgres.opened(postgres.settings_for(url)) as database:
            log = PostgresRunLog(database, clock, LEASE_SECONDS)
            await log.open()
            try:
                yield Adapters(
                    PostgresStateStore(database, clock, STATE_LIMITS), log, PostgresThreadDirectory(database, clock)
                )
            finally:
                await log.close()

    async def settle(self, log: RunLog) -> None:
        assert isinstance(log, PostgresRunLog)
        await eventually(lambda: not log.is_writing)


class TestPostgresStateStore(PostgresWorld, StateStoreContract): ...


class TestPostgresStateStoreAmongOthers(PostgresWorld, StateStoreAmongOthersContract): ...


class TestPostgresRunLog(PostgresWorld, RunLogContract): ...


class TestPostgresRunLogCursors(PostgresWorld, RunLogCursorContract): ...


class TestPostgresRunLogCompaction(PostgresWorld, RunLogCompactionContract): ...


class TestPostgresThreadDirectory(PostgresWorld, ThreadDirectoryContract): ...
