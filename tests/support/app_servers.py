"""A module of a test's own, which has a ``container`` and an ``asgi`` application, served by each kind of server."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from tests.support.commands import Command, process

ROOT = Path(__file__).parents[2]
MODULE = "served_app"


@frozen
class AppServer:
    """A kind of server, as a process."""

    name: str
    words: tuple[str, ...]

    @contextmanager
    def serving(self, app: str, folder: Path, settings: Mapping[str, str]) -> Iterator[tuple[Command, str]]:
        """The process, and the runtime's URL; whoever asked for it ends it.

        Args:
            app: the module's text.
            folder: where it is written to.
            settings: of the runtime.
        """
        (folder / f"{MODULE}.py").write_text(app)
        environment = {"AGUI_PORT": "0", "PYTHONPATH": f"{ROOT}:{folder}", **settings}
        with process([sys.executable, *self.words], cwd=folder, environment=environment) as host:
            yield host, host.find(r"(http://\S+/api/copilotkit)")


def under_uvicorn(http: str) -> AppServer:
    """Uvicorn with that implementation of HTTP."""
    return AppServer(f"uvicorn-{http}", ("-m", "tests.support.uvicorn_program", f"{MODULE}:asgi", http))


UNDER_AIOHTTP = AppServer("aiohttp", ("-m", "agui_runtime.composition.cli", "serve", f"{MODULE}:container"))
