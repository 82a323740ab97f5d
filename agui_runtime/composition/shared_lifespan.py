"""One life for a runtime with several holders: hosts, scripts, and requests of hosts that tell of no start."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import define, field

from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.lifespan import Lifespan
from agui_runtime.domain.errors import MisuseError


@define(eq=False)
class _Era:
    """From a start to a stop, in one event loop."""

    loop: asyncio.AbstractEventLoop
    lifespan: Lifespan
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    holders: int = 0
    is_started: bool = False


class SharedLifespan:
    """Starts with the first holder and stops with the last.

    ``ensure`` starts it without a holder, for whoever cannot know when the end is; the next holder to leave stops it.
    It may start again after it has stopped, in another event loop too, but it lives in one loop at a time.
    """

    def __init__(self, container: RuntimeContainer) -> None:
        self._container = container
        self._era: _Era | None = None

    @property
    def is_started(self) -> bool:
        """Whether it is going on."""
        return self._era is not None and self._era.is_started

    async def ensure(self) -> None:
        """Start it, unless that was done.

        Raises:
            AguiError: something that was configured cannot be used.
            MisuseError: it lives in another event loop.
        """
        era = self._era
        if era is None or era.loop is not asyncio.get_running_loop() or not era.is_started:
            await self._start(await self._of_this_loop())

    async def start(self) -> None:
        """Hold it; the same errors."""
        era = await self._of_this_loop()
        await self._start(era)
        era.holders += 1

    async def drain(self) -> None:
        """Refuse new runs and let live ones end."""
        if self._era is not None and self._era.is_started:
            await self._era.lifespan.drain()

    async def leave(self) -> None:
        """Let go of it; the last holder drains it and stops it."""
        if self._era is not None and self._era.holders <= 1:
            await self.drain()
        await self.stop()

    async def stop(self) -> None:
        """Let go of it; the last holder stops it."""
        era = self._era
        if era is None:
            return
        era.holders = max(0, era.holders - 1)
        if era.holders == 0 and era.is_started:
            era.is_started = False
            await era.lifespan.stop()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Hold it for as long as the block lasts; the last to leave drains it first."""
        await self.start()
        try:
            yield
        finally:
            await self.leave()

    async def _start(self, era: _Era) -> None:
        async with era.lock:
            if not era.is_started:
                await era.lifespan.start()
                era.is_started = True

    async def _of_this_loop(self) -> _Era:
        loop = asyncio.get_running_loop()
        era = self._era
        if era is not None and era.loop is loop:
            return era
        if era is not None and era.is_started:
            if era.loop.is_running():
                raise MisuseError("This runtime lives in another event loop. Make one for each loop.")
            # Its loop ended without a word, as loops of scripts and test clients do.
            await era.lifespan.abandon()
        self._era = _Era(loop, Lifespan(self._container))
        return self._era
