"""Uvicorn within a test's own event loop."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # The test run keeps its own.
        yield


@asynccontextmanager
async def uvicorn_server(app: Any, **given: Any) -> AsyncGenerator[str]:
    """The base URL of a real uvicorn that serves an ASGI application, for as long as the block lasts."""
    options = {"lifespan": "on", "log_config": None, "access_log": False, "timeout_graceful_shutdown": 3, **given}
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, **options))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), "uvicorn did not start"
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
