"""Opens what needs opening, does the chores, drains and closes in order."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from agui_runtime.composition.chores import Outage, chores_of, repeat
from agui_runtime.composition.container import RuntimeContainer

logger = logging.getLogger(__name__)


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
        """Open the adapters and begin with the chores.

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
        outage = Outage()
        self._chores = {
            asyncio.create_task(repeat(chore, outage), name=chore.name) for chore in chores_of(self._container)
        }

    async def drain(self) -> None:
        """Refuse new runs and let live ones end."""
        await self._container.supervisor().drain(self._container.settings().drain_seconds)

    async def stop(self) -> None:
        """Close the adapters, the last opened first."""
        chores, self._chores = self._chores, set()
        for chore in chores:
            chore.cancel()
        if chores:
            await asyncio.wait(chores)
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
        self._chores = set()
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
            *container.telemetries(),
            container.identity(),
            container.access_policy(),
            container.database(),
            container.state_store(),
            container.run_log(),
            container.thread_directory(),
            container.model(),
            container.guardrail(),
            container.hooks(),
            container.remote_client(),
            *container.endpoints(),
            container.agent_catalog(),
            container.tool_catalog(),
            *container.agents(),
        )
        for adapter in candidates:
            if adapter is not None and id(adapter) not in seen:
                seen.add(id(adapter))
                yield adapter
