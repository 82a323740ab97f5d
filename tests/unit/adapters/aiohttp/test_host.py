"""The aiohttp host keeps the contract of hosts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

from agui_runtime.adapters.aiohttp import add_router
from agui_runtime.adapters.http.router import Router
from agui_runtime.composition.runtime import CopilotRuntime
from tests.contracts.host import HostContract
from tests.contracts.hosted_runtime import HostedRuntimeContract


@asynccontextmanager
async def serving(app: web.Application) -> AsyncGenerator[str]:
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class TestAiohttp(HostContract):
    @asynccontextmanager
    async def serving(self, served: Router) -> AsyncGenerator[str]:
        app = web.Application()
        add_router(app, served)
        async with serving(app) as url:
            yield url


class TestRuntimeInAiohttp(HostedRuntimeContract):
    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        async with serving(runtime.aiohttp_app()) as url:
            yield url + "/api/copilotkit"
