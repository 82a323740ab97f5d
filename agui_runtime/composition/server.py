"""Runs an application until it is told to stop."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable
from importlib import import_module

from aiohttp import web

logger = logging.getLogger(__name__)


SHUTDOWN_SECONDS = 5.0
"""How long open connections may take after the runs are drained."""

YOUNG_OBJECTS = 5_000
"""How many new objects the garbage collector lets come together before it looks at them (Python's own default: 700).

Every tenth look takes in older objects and every hundredth all of them, the events of a log in memory among them: at
the default that was 15 % of what paced streams cost.
"""


def run_app(
    app: web.Application,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    shutdown_seconds: float = SHUTDOWN_SECONDS,
    parent: socket.socket | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then end in good order.

    Args:
        app: what to serve.
        host: the address to listen on.
        port: the port; 0 picks a free one.
        announce: called with the server's URL once it listens.
        shutdown_seconds: how long open connections may take after the runs are drained.
        parent: of a worker, the line to it: the port is shared with other workers, and the end of the line is ours.

    Raises:
        OSError: the address cannot be listened on.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(app, host, port, announce, shutdown_seconds, parent))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed (the extra ``uvloop``); ``None`` for Python's own."""
    try:
        uvloop = import_module("uvloop")
    except ModuleNotFoundError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _settle() -> None:
    # What the start has made stays to the end. Looking through it again at each full collection took a quarter of a
    # short request's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


async def _serve(
    app: web.Application,
    host: str,
    port: int,
    announce: Callable[[str], None],
    shutdown_seconds: float,
    parent: socket.socket | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if parent is not None:
        # A parent says nothing on the line: it is read from only when it is closed, even by kill -9.
        loop.add_reader(parent, stop.set)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=shutdown_seconds, access_log=None)
    try:
        await runner.setup()
        site = web.TCPSite(runner, host, port, reuse_port=parent is not None or None)
        await site.start()
        _settle()
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        announce(f"http://{shown}:{bound}")
        await stop.wait()
        logger.info("Shutting down.")
    finally:
        if parent is not None:
            loop.remove_reader(parent)
        await runner.cleanup()
