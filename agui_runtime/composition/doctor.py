"""``agui-runtime doctor``: looks at what most often keeps a runtime from working, and says what to do about it."""

import asyncio
import json
import platform
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from time import monotonic

import aiohttp
from attrs import frozen

from agui_runtime._version import __version__
from agui_runtime.adapters.telemetry.log import LogTelemetry
from agui_runtime.application.ports import Upstream
from agui_runtime.composition.access import check_exposure, identity_of
from agui_runtime.composition.remotes import configured_agents, configured_endpoints, remote_client_of
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.storage import database_of
from agui_runtime.domain.errors import AguiError

SECONDS = 10.0
"""How long any one look may take."""
FIRST_AGUI, FIRST_GRAPHQL = (1, 50), (1, 3)
FRONTEND = "@copilotkit/react-core"


class Grade(StrEnum):
    """How it is."""

    OK = "ok"
    NOTE = "note"
    FAILED = "FAILED"


@frozen
class Diagnosis:
    """One line of the report; ``text`` says what to do where it is not well."""

    grade: Grade
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.grade:<7} {self.subject}: {self.text}"


Look = Callable[[], Awaitable[Diagnosis]]


async def diagnose(settings: Settings, *, url: str = "", frontend: Path | None = None) -> AsyncIterator[Diagnosis]:
    """Look at everything, one thing after the other.

    Args:
        settings: the server's.
        url: the runtime's public address, as frontends use it; without it the network is not looked at.
        frontend: a folder with a frontend's ``package.json``.
    """
    yield _python()
    yield _access(settings)
    yield await _within("database", lambda: _database(settings))
    async for found in _elsewhere(settings):
        yield found
    if url:
        yield await _within("address", lambda: _address(url))
        yield await _within("streaming", lambda: _streaming(url))
    if frontend is not None:
        yield _frontend(frontend)


async def _within(subject: str, look: Look) -> Diagnosis:
    try:
        async with asyncio.timeout(SECONDS):
            return await look()
    except TimeoutError:
        return Diagnosis(Grade.FAILED, subject, f"No answer within {SECONDS:g} seconds.")
    except AguiError as error:
        return Diagnosis(Grade.FAILED, subject, error.message)
    except aiohttp.ClientError as error:
        return Diagnosis(Grade.FAILED, subject, f"Cannot be reached: {error}")


def _python() -> Diagnosis:
    versions = f"agui-runtime {__version__}, {platform.python_implementation()} {platform.python_version()}"
    return Diagnosis(Grade.OK, "python", f"{versions} ({sys.executable})")


def _access(settings: Settings) -> Diagnosis:
    try:
        identity = identity_of(settings)
        check_exposure(settings, identity)
    except AguiError as error:
        return Diagnosis(Grade.FAILED, "access", error.message)
    kind = type(identity).__name__
    if kind == "NoIdentity":
        grade = Grade.NOTE if settings.allow_anonymous else Grade.OK
        return Diagnosis(grade, "access", f"Nobody is asked who they are; listening on {settings.host}.")
    return Diagnosis(Grade.OK, "access", f"Callers are asked who they are ({kind}); listening on {settings.host}.")


async def _database(settings: Settings) -> Diagnosis:
    storage = database_of(settings)
    if storage is None:
        return Diagnosis(Grade.NOTE, "database", "None: everything is kept in memory, and gone with the process.")
    await storage.open()
    try:
        found = await storage.health()
    finally:
        await storage.close()
    return Diagnosis(Grade.OK if found.is_usable else Grade.FAILED, "database", found.message)


async def _elsewhere(settings: Settings) -> AsyncIterator[Diagnosis]:
    """Each agent and endpoint of the settings; those that are set up in code are in ``/readyz``."""
    client = remote_client_of(settings, LogTelemetry())
    try:
        upstreams: tuple[Upstream, ...] = (
            *configured_agents(settings, client),
            *configured_endpoints(settings, client, ()),
        )
        for upstream in upstreams:
            yield await _within(upstream.health().name, partial(_upstream, upstream))
    except AguiError as error:
        yield Diagnosis(Grade.FAILED, "agents elsewhere", error.message)
    finally:
        await client.close()


async def _upstream(upstream: Upstream) -> Diagnosis:
    await upstream.probe()
    found = upstream.health()
    if found.problem:
        return Diagnosis(Grade.FAILED, found.name, found.problem)
    if not found.asked:
        text = "Not asked: what it is sent depends on who calls."
        return Diagnosis(Grade.NOTE, found.name, text)
    offers = ", ".join(f"{count} {kind}" for kind, count in found.offers.items())
    return Diagnosis(Grade.OK, found.name, f"It answers, and offers {offers}." if offers else "It answers.")


async def _address(url: str) -> Diagnosis:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as response:
        text = await response.text()
        if response.status == 200 and '"ready"' in text:
            return Diagnosis(Grade.OK, "address", f"{url} leads to a runtime that is ready.")
        if response.status == 503 and "reasons" in text:
            return Diagnosis(Grade.FAILED, "address", f"{url} leads to a runtime that is not ready: {text}")
    return Diagnosis(
        Grade.FAILED, "address", f"{url}/readyz answers {response.status}: this is not where a runtime is served."
    )


async def _streaming(url: str) -> Diagnosis:
    """Pieces that are sent one after the other must arrive one after the other."""
    arrived: list[float] = []
    async with aiohttp.ClientSession() as session, session.get(f"{url}/streamz") as response:
        if response.status != 200:
            return Diagnosis(Grade.FAILED, "streaming", f"{url}/streamz answers {response.status}.")
        seen = b""
        async for piece in response.content.iter_any():
            known = seen.count(b"\n\n")
            seen += piece
            arrived.extend([monotonic()] * (seen.count(b"\n\n") - known))
    if len(arrived) < 2:
        return Diagnosis(Grade.FAILED, "streaming", "The stream was cut off.")
    # The pieces are sent over 0.6 seconds.
    if arrived[-1] - arrived[0] < 0.3:
        text = (
            "Pieces are held back until the answer is whole: something in between buffers. Turn that off for this "
            "path, for nginx with proxy_buffering off."
        )
        return Diagnosis(Grade.FAILED, "streaming", text)
    return Diagnosis(Grade.OK, "streaming", "Pieces arrive as they are sent.")


def _frontend(folder: Path) -> Diagnosis:
    installed = folder / "node_modules" / FRONTEND / "package.json"
    try:
        if installed.exists():
            text = str(json.loads(installed.read_text(encoding="utf-8"))["version"])
        else:
            package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
            text = str({**package.get("devDependencies", {}), **package.get("dependencies", {})}[FRONTEND])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Diagnosis(Grade.FAILED, "frontend", f"{folder} has no package.json that asks for {FRONTEND}.")
    return _of_version(text)


def _of_version(text: str) -> Diagnosis:
    found = re.search(r"(\d+)\.(\d+)", text)
    if found is None:
        return Diagnosis(Grade.NOTE, "frontend", f"{FRONTEND} {text}: which version that is cannot be told.")
    version: Sequence[int] = (int(found[1]), int(found[2]))
    if tuple(version) >= FIRST_AGUI:
        return Diagnosis(Grade.OK, "frontend", f"{FRONTEND} {text} speaks AG-UI.")
    if tuple(version) >= FIRST_GRAPHQL:
        return Diagnosis(Grade.OK, "frontend", f"{FRONTEND} {text} speaks GraphQL.")
    return Diagnosis(Grade.FAILED, "frontend", f"{FRONTEND} {text} is too old; 1.3 is the oldest that is served.")
