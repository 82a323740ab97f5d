"""Stores that can be watched, held up and made to fail."""

import asyncio
from collections.abc import Callable
from typing import Any

from agui_runtime.adapters.memory import MemoryDatabase, MemoryLimits, MemoryStateStore
from agui_runtime.adapters.state_decorators import CachedStateStore, MeteredStateStore, ValidatedStateStore
from agui_runtime.adapters.telemetry.log import LogTelemetry
from agui_runtime.application.ports import StateStore
from agui_runtime.domain.identity import StateKey
from agui_runtime.domain.state import AgentState
from tests.contracts.world import STATE_LIMITS
from tests.support.clock import FakeClock

Decorator = Callable[[StateStore, FakeClock], StateStore]


def metered(inner: StateStore, clock: FakeClock) -> StateStore:
    return MeteredStateStore(inner, LogTelemetry())


def validated(inner: StateStore, clock: FakeClock) -> StateStore:
    return ValidatedStateStore(inner, {"writer": {"type": "object"}}, STATE_LIMITS)


def cached(inner: StateStore, clock: FakeClock) -> StateStore:
    return CachedStateStore(inner, clock, max_age_seconds=1000)


DECORATORS: dict[str, Decorator] = {"cached": cached, "validated": validated, "metered": metered}
"""Every decorator there is, the innermost first, as the contract suites want them."""


class Watched(MemoryStateStore):
    """Counts loads; holds up the answers of those operations that the test wants held."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(MemoryDatabase(MemoryLimits()), clock, STATE_LIMITS)
        self.loads = 0
        self.held: list[asyncio.Event] = []
        self.fault: Callable[[], None] = lambda: None

    def hold(self) -> asyncio.Event:
        """The next load or save answers when the event is set."""
        self.held.append(asyncio.Event())
        return self.held[-1]

    async def load(self, key: StateKey) -> AgentState | None:
        self.loads += 1
        answer = await super().load(key)
        await self._answer()
        return answer

    async def save(self, key: StateKey, values: Any, **rest: Any) -> AgentState:
        answer = await super().save(key, values, **rest)
        await self._answer()
        return answer

    async def _answer(self) -> None:
        if self.held:
            await self.held.pop(0).wait()
        self.fault()
