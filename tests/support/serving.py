"""A runtime of a test's own behind a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from dependency_injector import providers

from agui_runtime.composition.app import create_app
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.settings import Settings
from tests.support.graphql_client import PATH
from tests.support.paths import on_the_chosen_path


def runtime(*, environment: dict[str, str] | None = None, **bound: Any) -> RuntimeContainer:
    """A container with settings from ``environment`` alone, and objects bound to its providers."""
    given = {name: providers.Object(value) for name, value in bound.items()}
    settings = providers.Object(Settings.from_environment(environment or {}))
    return on_the_chosen_path(RuntimeContainer(settings=settings, **given))


@asynccontextmanager
async def serving(container: RuntimeContainer) -> AsyncIterator[str]:
    """The URL of the runtime's endpoint, for as long as the block lasts."""
    runner = web.AppRunner(create_app(container), handler_cancellation=True, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    finally:
        await runner.cleanup()
