"""Saves under a fault, counted: what was acknowledged must be there, what was not is there whole or not at all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import Factory, define

from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.identity import StateKey
from tests.contracts.world import key_of

WRITERS = 8
PAYLOAD = "x" * 4000
GRACE_SECONDS = 1.0


@define
class Count:
    """What came of one fault.

    Attributes:
        unknown: saves that ended in ``UnavailableError``.
        slowest: seconds that the longest save took to end; ``None`` where nobody looked.
        recovery: seconds from the end of the fault to the first save that went well; ``None`` where nobody looked.
    """

    fault: str
    tried: int = 0
    acknowledged: int = 0
    unknown: int = 0
    found: int = 0
    slowest: float | None = None
    recovery: float | None = None
    reasons: set[str] = Factory(set[str])

    def row(self) -> str:
        return (
            f"| {self.fault} | {self.tried} | {self.acknowledged} | {self.unknown} | {self.found} "
            f"| {_seconds(self.slowest)} | {_seconds(self.recovery)} | {'; '.join(sorted(self.reasons)) or '-'} |"
        )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


HEADER = (
    "| fault | saves tried | acknowledged | effect unknown | found | slowest save, s | recovery, s | said |\n"
    "|---|---|---|---|---|---|---|---|"
)


class Load:
    """Writers that each save new states one after the other, whatever happens to the database."""

    def __init__(self, store: PostgresStateStore, count: Count, limit_seconds: float) -> None:
        self._store = store
        self._limit = limit_seconds
        self.count = count
        self.acknowledged: set[StateKey] = set()
        self.tried: set[StateKey] = set()
        self._stop = asyncio.Event()

    async def writer(self, name: str) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            await self.save(key_of(f"{name}-{number}"))

    async def save(self, key: StateKey) -> bool:
        self.tried.add(key)
        began = time.monotonic()
        try:
            await self._store.save(key, content_of(key), expected_version=0)
        except UnavailableError as error:
            self.count.unknown += 1
            self.count.reasons.add(error.message)
            # As callers do; a refused connection would be tried thousands of times a second.
            await asyncio.sleep(0.01)
            return False
        finally:
            took = time.monotonic() - began
            self.count.slowest = max(self.count.slowest or 0.0, took)
            assert took < self._limit + GRACE_SECONDS, f"a save took {took:.1f} s"
        self.acknowledged.add(key)
        return True

    async def under(self, fault: Callable[[], Awaitable[None]], mend: Callable[[], Awaitable[None]]) -> None:
        """Save before, during and after a fault, and measure how long it takes until saves go well again."""
        writers = [asyncio.create_task(self.writer(f"writer-{number}")) for number in range(WRITERS)]
        try:
            await asyncio.sleep(0.4)
            await fault()
            await mend()
            mended, before = time.monotonic(), len(self.acknowledged)
            while len(self.acknowledged) == before:  # noqa: ASYNC110 - the condition is the server's doing
                await asyncio.sleep(0.002)
            self.count.recovery = time.monotonic() - mended
            await asyncio.sleep(0.3)
        finally:
            self._stop.set()
            await asyncio.gather(*writers)

    async def verify(self) -> None:
        """Hold what is stored against what was acknowledged and tried."""
        for key in sorted(self.tried, key=lambda tried: tried.thread_id):
            state = await self._store.load(key)
            if state is None:
                assert key not in self.acknowledged, f"{key.thread_id} was acknowledged and is lost"
                continue
            assert (state.version, state.values) == (1, content_of(key))
            self.count.found += 1
        self.count.tried, self.count.acknowledged = len(self.tried), len(self.acknowledged)
        assert self.count.acknowledged > 0


def content_of(key: StateKey) -> dict[str, Any]:
    return {"thread": str(key.thread_id), "payload": PAYLOAD, "end": True}
