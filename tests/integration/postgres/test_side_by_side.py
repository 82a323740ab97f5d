"""Memory, Postgres and Postgres behind every decorator: the same random histories, the same answers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from hypothesis import settings

from agui_runtime.adapters.memory import MemoryDatabase, MemoryStateStore
from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.application.ports import StateStore
from tests.contracts.state_store_machine import StateStoreMachine
from tests.contracts.world import STATE_LIMITS
from tests.support import postgres
from tests.support.clock import FakeClock
from tests.unit.adapters.state_decorators.stores import DECORATORS

pytestmark = pytest.mark.postgres


class SideBySideMachine(StateStoreMachine):
    @asynccontextmanager
    async def stores(self, clock: FakeClock) -> AsyncIterator[Mapping[str, StateStore]]:
        async with (
            postgres.database() as url,
            postgres.database() as another,
            postgres.opened(postgres.settings_for(url)) as database,
            postgres.opened(postgres.settings_for(another)) as other_database,
        ):
            decorated: StateStore = PostgresStateStore(other_database, clock, STATE_LIMITS)
            for decorate in DECORATORS.values():
                decorated = decorate(decorated, clock)
            yield {
                "memory": MemoryStateStore(MemoryDatabase(), clock, STATE_LIMITS),
                "Postgres": PostgresStateStore(database, clock, STATE_LIMITS),
                "Postgres, decorated": decorated,
            }


TestHistoriesSideBySide = SideBySideMachine.TestCase
TestHistoriesSideBySide.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
