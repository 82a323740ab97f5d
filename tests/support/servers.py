"""Real servers for tests: Python programs in their own process, and handlers within the test's loop."""

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from aiohttp import web

ROOT = Path(__file__).parents[2]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextmanager
def python_server(module: str) -> Iterator[str]:
    """The base URL of ``python -m module``, which writes its port as its first line and serves until it is stopped."""
    # Deprecations of third parties are errors in tests; in this process they are not ours to mend.
    command = [sys.executable, "-W", "ignore", "-m", module]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port.isdecimal(), f"{module} did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@asynccontextmanager
async def aiohttp_server(handler: Handler) -> AsyncIterator[str]:
    """The base URL of a server that gives every request to ``handler``."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
