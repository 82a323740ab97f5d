"""What ``serve --workers`` does: as the parent of workers, and as one of them."""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence

from aiohttp import web

from agui_runtime.adapters.memory import MemoryRunLog, MemoryStateStore, MemoryThreadDirectory
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.server import SHUTDOWN_SECONDS, run_app
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.workers import READY, Patience, WorkerPool, reserve
from agui_runtime.domain.errors import ConfigurationError

SPARE_SECONDS = 5.0
"""Beyond all that a worker may take to end."""


def check_shared(settings: Settings, container: RuntimeContainer | None) -> None:
    """Refuse several workers where each would have threads of its own: the next request may go to any of them.

    Args:
        settings: the runtime's.
        container: ``None`` for an application of the host's own, which nobody can look into.

    Raises:
        ConfigurationError: something is kept in memory.
    """
    kept = []
    if container is not None:
        stores = (container.run_log(), container.state_store(), container.thread_directory())
        kept = [store for store in stores if isinstance(store, MemoryRunLog | MemoryStateStore | MemoryThreadDirectory)]
    if kept or (container is None and not settings.database_url):
        raise ConfigurationError(
            "Runs, threads and states are kept in the memory of one process, and workers would not share them. Set "
            "AGUI_DATABASE_URL, or serve with one worker."
        )


def serve_in_workers(settings: Settings, target: str | None, count: int, announce: Callable[[str], None]) -> int:
    """Serve with so many processes until told to stop; the exit code.

    Args:
        settings: say where.
        target: the ``module:attribute`` that each worker loads.
        count: how many.
        announce: called with the runtime's URL once it is served.

    Raises:
        OSError: the address cannot be listened on.
        ConfigurationError: this system cannot do it.
    """
    with reserve(settings.host, settings.port) as reserved:
        port = reserved.getsockname()[1]
        host = f"[{settings.host}]" if ":" in settings.host else settings.host

        def command(line: int) -> Sequence[str]:
            named = () if target is None else (target,)
            own = ("-m", "agui_runtime.composition.cli", "serve", *named, "--worker", str(line), str(port))
            return (sys.executable, *(f"-W{option}" for option in sys.warnoptions), *own)

        async def run() -> int:
            stop = settings.drain_seconds + settings.stop_seconds + SHUTDOWN_SECONDS + SPARE_SECONDS
            url = f"http://{host}:{port}{settings.base_path}"
            return await WorkerPool(command, count, Patience(stop), lambda: announce(url)).run()

        return asyncio.run(run())


def serve_as_worker(app: web.Application, settings: Settings, line: int, port: int) -> None:
    """Serve as one of several, until told to stop or the parent is gone.

    Args:
        app: what to serve.
        settings: say on which address.
        line: the file descriptor of the line to the parent.
        port: shared by all of them.
    """
    with socket.socket(fileno=line) as parent:
        run_app(app, host=settings.host, port=port, announce=lambda _: parent.sendall(READY), parent=parent)
