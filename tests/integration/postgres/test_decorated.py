"""Every decorator, alone and with the others, keeps the contract over Postgres."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.application.ports import StateStore
from tests.contracts.state_store import StateStoreContract
from tests.contracts.world import STATE_LIMITS, Adapters
from tests.support import postgres
from tests.support.clock import FakeClock
from tests.unit.adapters.state_decorators.stores import DECORATORS

pytestmark = pytest.mark.postgres


class DecoratedWorld:
    names: ClassVar[tuple[str, ...]] = ()

    @asynccontextmanager
    async def adapters(self, clock: FakeClock) -> AsyncIterator[Adapters]:
        async with postgres.database() as url, postgres.opened(postgres.settings_for(url)) as database:
            store: StateStore = PostgresStateStore(database, clock, STATE_LIMITS)
            for name in self.names:
                store = DECORATORS[name](store, clock)
            yield Adapters(store)


class TestMetered(DecoratedWorld, StateStoreContract):
    names = ("metered",)


class TestValidated(DecoratedWorld, StateStoreContract):
    names = ("validated",)


class TestCached(DecoratedWorld, StateStoreContract):
    names = ("cached",)


class TestStacked(DecoratedWorld, StateStoreContract):
    names = tuple(DECORATORS)
