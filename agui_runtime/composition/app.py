"""The aiohttp application: a router with a life."""

from collections.abc import AsyncIterator

from aiohttp import web

from agui_runtime.adapters.aiohttp import add_router
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.shared_lifespan import SharedLifespan


def mount(app: web.Application, container: RuntimeContainer, life: SharedLifespan | None = None) -> None:
    """Serve a runtime from an aiohttp application of yours, under the runtime's own base path.

    Run the application with ``handler_cancellation=True``, as ``agui_runtime.run_app`` does: a GraphQL frontend stops a
    run by hanging up, and only then does aiohttp say so at once.

    Args:
        app: the application.
        container: the runtime.
        life: the runtime's, where somebody else holds it too.
    """
    lifespan = life or SharedLifespan(container)

    async def live(_: web.Application) -> AsyncIterator[None]:
        await lifespan.start()
        yield
        await lifespan.stop()

    async def drain(_: web.Application) -> None:
        await lifespan.drain()

    add_router(app, container.router())
    app.cleanup_ctx.append(live)
    app.on_shutdown.append(drain)


def create_app(container: RuntimeContainer) -> web.Application:
    """An aiohttp application that serves one runtime, with its health checks at the root as well."""
    app = web.Application()
    add_root_health(app, container)
    mount(app, container)
    return app


def add_root_health(app: web.Application, container: RuntimeContainer) -> None:
    """``/livez``, ``/readyz`` and ``/health`` where orchestrators look for them first."""
    if container.settings().base_path:
        add_router(app, container.health_router(), is_exact=True)
