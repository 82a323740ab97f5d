"""Notices that the server is about to exit: ASGI tells applications only after the last connection has closed."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

from agui_runtime.adapters.asgi.uvicorn import server_of_this_process

INTERVAL = 0.2
"""Seconds between two looks."""


class ExitWatch:
    """Drains when the server begins to exit.

    Uvicorn first waits for open connections, with no limit unless told one, and only then says that it shuts down: a
    stream of a run that takes long would keep it. Drained, runs end within their deadline, and so do their streams.
    """

    def __init__(self, drain: Callable[[], Awaitable[None]]) -> None:
        self._drain = drain
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def ensure(self) -> None:
        """Watch from now on, where that is not done and there is something to watch."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop = loop
        server = server_of_this_process()
        if server is not None:
            self._task = loop.create_task(self._wait(server), name="watch for the server's exit")

    @contextmanager
    def on(self) -> Generator[None]:
        """Watch for as long as the block lasts."""
        self.ensure()
        try:
            yield
        finally:
            if self._task is not None:
                self._task.cancel()
            self._task = self._loop = None

    async def _wait(self, server: Any) -> None:
        while not server.should_exit:  # noqa: ASYNC110 - a plain attribute: there is nothing to wait for
            await asyncio.sleep(INTERVAL)
        await self._drain()
