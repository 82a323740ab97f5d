"""Every decorator over the memory store keeps the contract of ``StateStore``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from attrs import evolve
from hypothesis import settings

from agui_runtime.adapters.memory import MemoryDatabase, MemoryLimits
from tests.contracts.state_store import StateStoreAmongOthersContract, StateStoreContract
from tests.contracts.state_store_machine import StateStoreMachine
from tests.contracts.world import Adapters
from tests.support.clock import FakeClock
from tests.unit.adapters.memory.world import build
from tests.unit.adapters.state_decorators.stores import Decorator, cached, metered, validated


class DecoratedWorld:
    decorators: ClassVar[tuple[Decorator, ...]] = ()

    @asynccontextmanager
    async def adapters(self, clock: FakeClock) -> AsyncIterator[Adapters]:
        built = build(MemoryDatabase(MemoryLimits()), clock)
        for decorate in self.decorators:
            built = evolve(built, store=decorate(built.store, clock))
        yield built


class MeteredWorld(DecoratedWorld):
    decorators = (metered,)


class ValidatedWorld(DecoratedWorld):
    decorators = (validated,)


class CachedWorld(DecoratedWorld):
    decorators = (cached,)


class StackedWorld(DecoratedWorld):
    decorators = (cached, validated, metered)


class TestMetered(MeteredWorld, StateStoreContract): ...


class TestMeteredAmongOthers(MeteredWorld, StateStoreAmongOthersContract): ...


class TestValidated(ValidatedWorld, StateStoreContract): ...


class TestValidatedAmongOthers(ValidatedWorld, StateStoreAmongOthersContract): ...


class TestCached(CachedWorld, StateStoreContract): ...


class TestCachedAmongOthers(CachedWorld, StateStoreAmongOthersContract): ...


class TestStacked(StackedWorld, StateStoreContract): ...


class CachedMachine(CachedWorld, StateStoreMachine): ...


TestCachedHistories = CachedMachine.TestCase
TestCachedHistories.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
