"""The memory adapters as the contract suites want them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agui_runtime.adapters.memory import (
    MemoryDatabase,
    MemoryLimits,
    MemoryRunLog,
    MemoryStateStore,
    MemoryThreadDirectory,
)
from tests.contracts.world import LEASE_SECONDS, STATE_LIMITS, Adapters
from tests.support.clock import FakeClock


def build(database: MemoryDatabase, clock: FakeClock) -> Adapters:
    return Adapters(
        MemoryStateStore(database, clock, STATE_LIMITS),
        MemoryRunLog(database, clock, LEASE_SECONDS),
        MemoryThreadDirectory(database, clock),
    )


class MemoryWorld:
    limits = MemoryLimits()

    @asynccontextmanager
    async def adapters(self, clock: FakeClock) -> AsyncIterator[Adapters]:
        yield build(MemoryDatabase(self.limits), clock)
