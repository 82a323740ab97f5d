"""The contract of hosts inside Litestar."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar import Litestar, asgi

from agui_runtime.adapters.asgi import AsgiHost
from agui_runtime.adapters.http.router import Router
from agui_runtime.composition.runtime import CopilotRuntime
from tests.contracts.host import HostContract
from tests.contracts.hosted_runtime import HostedRuntimeContract
from tests.support.asgi import uvicorn_server
from tests.unit.adapters.asgi.lives import NoLife


class TestLitestar(HostContract):
    @asynccontextmanager
    async def serving(self, served: Router) -> AsyncGenerator[str]:
        host = AsgiHost(served, "/api", NoLife())
        async with uvicorn_server(Litestar([asgi("/api", is_mount=True, copy_scope=True)(host)])) as url:
            yield url


class TestRuntimeInLitestar(HostedRuntimeContract):
    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        route = asgi("/api/copilotkit", is_mount=True, copy_scope=True)(runtime.asgi_app())
        async with uvicorn_server(Litestar([route], lifespan=[runtime.lifespan])) as url:
            yield url + "/api/copilotkit"
