"""The aiohttp host keeps the contract of hosts."""

import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from agui_runtime.adapters.aiohttp import add_router
from agui_runtime.adapters.http.limits import HttpLimits
from agui_runtime.adapters.http.router import Router
from agui_runtime.composition.runtime import CopilotRuntime
from tests.contracts.host import HostContract
from tests.contracts.hosted_runtime import HostedRuntimeContract
from tests.support.aio import run
from tests.unit.adapters.http.exchanges import router


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

    @pytest.mark.parametrize(
        ("packed", "status", "said"),
        [
            (gzip.compress(b"x" * 1000), 200, b"x" * 1000),
            (gzip.compress(b"x" * 1001), 413, b"larger than 1000 bytes"),
            (b"no gzip", 400, b"Content-Encoding"),
        ],
        ids=["within the limit", "over the limit unpacked", "of another encoding"],
    )
    def test_a_packed_body_is_unpacked_within_the_limit(self, packed: bytes, status: int, said: bytes) -> None:
        async def test() -> None:
            async with (
                self.serving(router(limits=HttpLimits(max_body_bytes=1000))) as url,
                aiohttp.ClientSession() as client,
                client.post(f"{url}/api", data=packed, headers={"content-encoding": "gzip"}) as answer,
            ):
                assert answer.status == status
                assert said in await answer.read()

        run(test())


class TestRuntimeInAiohttp(HostedRuntimeContract):
    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        async with serving(runtime.aiohttp_app()) as url:
            yield url + "/api/copilotkit"
