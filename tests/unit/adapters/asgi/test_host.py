"""The ASGI host under uvicorn, with both of its HTTP parsers, keeps the contract of hosts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agui_runtime.adapters.asgi import AsgiHost
from agui_runtime.adapters.http.router import Router
from agui_runtime.composition.runtime import CopilotRuntime
from tests.contracts.host import HostContract
from tests.contracts.hosted_runtime import HostedRuntimeContract
from tests.support.asgi import uvicorn_server
from tests.unit.adapters.asgi.lives import NoLife


class TestUvicornWithH11(HostContract):
    @asynccontextmanager
    async def serving(self, served: Router) -> AsyncGenerator[str]:
        async with uvicorn_server(AsgiHost(served, "/api", NoLife()), http="h11") as url:
            yield url


class TestUvicornWithHttptools(HostContract):
    @asynccontextmanager
    async def serving(self, served: Router) -> AsyncGenerator[str]:
        async with uvicorn_server(AsgiHost(served, "/api", NoLife()), http="httptools") as url:
            yield url


class TestRuntimeInUvicorn(HostedRuntimeContract):
    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        async with uvicorn_server(runtime.asgi_app()) as url:
            yield url + "/api/copilotkit"


class TestRuntimeBehindAPrefix(HostedRuntimeContract):
    """A proxy's prefix that the server is told: it is part of the path, as ASGI wants it."""

    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        async with uvicorn_server(runtime.asgi_app(), root_path="/prefix") as url:
            yield url + "/api/copilotkit"
