"""Opens what needs opening, keeps the log in order now and then, drains and closes in order."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from agui_runtime.composition.container import RuntimeContainer

logger = logging.getLogger(__name__)

CHORE_SECONDS = 60.0
"""The longest time between two looks for something to put in order."""


class Lifespan:
    """A runtime's life within its host.

    Args:
        container: the runtime.
    """

    def __init__(self, container: RuntimeContainer) -> None:
        self._container = container
        self._chores: set[asyncio.Task[None]] = set()
        self._opened: list[Any] = []

    async def start(self) -> None:
        """Open the adapters and begin the chores: lost runs, ended runs, idle threads.

        Raises:
            AguiError: something that was configured cannot be used.
        """
        self._container.supervisor().open()
        try:
            for adapter in self._adapters():
                if hasattr(adapter, "open"):
                    await adapter.open()
                self._opened.append(adapter)
        except BaseException:
            await self.stop()
            raise
        container, settings = self._container, self._container.settings()
        compacting = min(settings.compact_seconds, CHORE_SECONDS)
        self._begin("lost runs were sealed", container.recover_runs(), settings.lease_seconds / 2, logging.WARNING)
        self._begin("ended runs were compacted", container.compact_runs(), compacting, logging.DEBUG)
        if settings.retention_days:
            self._begin("idle threads were erased", container.prune_threads(), CHORE_SECONDS, logging.INFO)

    async def drain(self) -> None:
        """Refuse new runs and let live ones end."""
        await self._container.supervisor().drain(self._container.settings().drain_seconds)

    async def stop(self) -> None:
        """Close the adapters, the last opened first."""
        for task in self._chores:
            task.cancel()
        if self._chores:
            await asyncio.wait(self._chores)
        self._chores.clear()
        while self._opened:
            adapter = self._opened.pop()
            try:
                if hasattr(adapter, "close"):
                    await adapter.close()
            except Exception:
                # The others must be closed all the same.
                logger.exception("%s could not be closed.", type(adapter).__name__)

    async def abandon(self) -> None:
        """Close the adapters although the event loop they were opened in is over."""
        self._chores.clear()
        await self.stop()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Start, then drain and stop."""
        try:
            await self.start()
            yield
            await self.drain()
        finally:
            await self.stop()

    def _adapters(self) -> Iterator[Any]:
        container = self._container
        seen: set[int] = set()
        candidates = (
            container.telemetry(),
            container.identity(),
            container.access_policy(),
            container.database(),
            container.state_store(),
            container.run_log(),
            container.thread_directory(),
            container.model(),
            container.guardrail(),
            container.hooks(),
            container.agent_catalog(),
            container.tool_catalog(),
            *container.agents(),
        )
        for adapter in candidates:
            if adapter is not None and id(adapter) not in seen:
                seen.add(id(adapter))
                yield adapter

    def _begin(self, what: str, chore: Callable[[], Awaitable[int]], seconds: float, level: int) -> None:
        self._chores.add(asyncio.create_task(_now_and_then(what, chore, seconds, level), name=what))


async def _now_and_then(what: str, chore: Callable[[], Awaitable[int]], seconds: float, level: int) -> None:
    while True:
        try:
            count = await chore()
            if count:
                logger.log(level, "%d %s.", count, what)
        except Exception:
            # Whatever a store raises now, later it may be well again.
            logger.warning("It could not be seen to that %s; tried again soon.", what, exc_info=True)
        await asyncio.sleep(seconds)
