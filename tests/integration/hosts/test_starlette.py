"""The contract of hosts inside Starlette: by its own Mount, and by the runtime's routes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from agui_runtime.adapters.asgi import AsgiHost
from agui_runtime.adapters.asgi.starlette import add_host
from agui_runtime.adapters.http.router import Router
from agui_runtime.composition.runtime import CopilotRuntime
from agui_runtime.domain.errors import MisuseError
from tests.contracts.host import HostContract
from tests.contracts.hosted_runtime import HostedRuntimeContract, settings
from tests.support.asgi import uvicorn_server
from tests.unit.adapters.asgi.lives import NoLife


class TestStarlette(HostContract):
    @asynccontextmanager
    async def serving(self, served: Router) -> AsyncGenerator[str]:
        app, life = Starlette(), NoLife()
        add_host(app, AsgiHost(served, "/api", life), "/api", life.running)
        async with uvicorn_server(app) as url:
            yield url


class TestRuntimeInStarlette(HostedRuntimeContract):
    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        app = Starlette()
        runtime.mount_to_app(app, "/copilot")
        async with uvicorn_server(app) as url:
            yield url + "/copilot"


class TestRuntimeInAMount(HostedRuntimeContract):
    """Starlette redirects requests without the slash to the mount, so here it is part of the URL."""

    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        inner = Mount("/inner", routes=[Mount("/copilot", app=runtime.asgi_app(path="/"))])
        app = Starlette(routes=[inner], lifespan=runtime.lifespan)
        async with uvicorn_server(app) as url:
            yield url + "/inner/copilot"


def test_dependencies_are_refused_where_nobody_would_ask_them() -> None:
    with pytest.raises(MisuseError, match="Only FastAPI"):
        CopilotRuntime(settings=settings()).mount_to_app(Starlette(), dependencies=[object()])
