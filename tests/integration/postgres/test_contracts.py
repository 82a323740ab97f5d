"""The Postgres state store keeps the contract of its port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import settings

from agui_runtime.adapters.postgres import PostgresStateStore
from tests.contracts.state_store import StateStoreContract
from tests.contracts.state_store_machine import StateStoreMachine
from tests.contracts.world import STATE_LIMITS, Adapters
from tests.support import postgres
from tests.support.clock import FakeClock

pytestmark = pytest.mark.postgres


class PostgresWorld:
    @asynccontextmanager
    async def adapters(self, clock: FakeClock) -> AsyncIterator[Adapters]:
        async with postgres.database() as url, postgres.opened(postgres.settings_for(url)) as database:
            yield Adapters(PostgresStateStore(database, clock, STATE_LIMITS))


class TestPostgresStateStore(PostgresWorld, StateStoreContract): ...


class PostgresMachine(PostgresWorld, StateStoreMachine): ...


TestPostgresStateStoreHistories = PostgresMachine.TestCase
TestPostgresStateStoreHistories.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
