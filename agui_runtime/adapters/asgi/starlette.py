"""Puts a host into a FastAPI or Starlette application. Imported late: neither is a dependency."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agui_runtime.adapters.asgi.client import Receive, Scope, Send
from agui_runtime.adapters.asgi.host import AsgiHost
from agui_runtime.domain.errors import MisuseError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class _Handed(Response):
    """An answer that somebody else gives."""

    def __init__(self, host: AsgiHost) -> None:
        super().__init__()
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._host(scope, receive, send)


def add_host(
    app: Any,
    host: AsgiHost,
    path: str,
    running: Callable[[], AbstractAsyncContextManager[None]],
    dependencies: Sequence[Any] = (),
) -> None:
    """Serve a path, and all below it, from the host, and let it live as long as the application.

    Routes, not a ``Mount``: that redirects requests without a trailing slash, which browsers do not follow after a
    preflight.

    Args:
        app: the application.
        host: made for the same path.
        path: where.
        running: the host's life, put around the application's own.
        dependencies: FastAPI's; the application's own count as well. Preflights carry no credentials, so they are
            asked for nothing.

    Raises:
        MisuseError: this is no such application, or it knows no dependencies.
    """
    add_api_route = getattr(app, "add_api_route", None)
    if dependencies and add_api_route is None:
        raise MisuseError("Only FastAPI applications have dependencies.")
    if not hasattr(app, "add_route") or not hasattr(getattr(app, "router", None), "lifespan_context"):
        raise MisuseError(f"A {type(app).__name__} is no FastAPI or Starlette application. Serve asgi_app() from it.")
    for served in (path or "/", path + "/{below:path}"):
        if add_api_route is None:
            app.add_route(served, host, include_in_schema=False)
            continue
        add_api_route(
            served, _endpoint(host), methods=list(METHODS), include_in_schema=False, dependencies=list(dependencies)
        )
        app.add_route(served, host, methods=["OPTIONS"], include_in_schema=False)
    _live_with(app, running)


def _endpoint(host: AsgiHost) -> Callable[[Request], Any]:
    # Named parameters only: FastAPI reads no body for it, and leaves that to the host.
    async def agui_runtime(request: Request) -> Response:  # noqa: ARG001 - without it FastAPI would look for parameters
        return _Handed(host)

    return agui_runtime


def _live_with(app: Any, running: Callable[[], AbstractAsyncContextManager[None]]) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(of: Any) -> AsyncGenerator[Any]:
        async with running(), inner(of) as state:
            yield state

    app.router.lifespan_context = lifespan
