"""The contract of hosts inside FastAPI, and what an application around the runtime may expect."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient

from agui_runtime.adapters.asgi import AsgiHost
from agui_runtime.adapters.asgi.client import Receive, Scope, Send
from agui_runtime.adapters.asgi.starlette import add_host
from agui_runtime.adapters.http.router import Router
from agui_runtime.composition.runtime import CopilotRuntime
from agui_runtime.domain.errors import MisuseError
from tests.contracts.host import HostContract
from tests.contracts.hosted_runtime import HELLO, HostedRuntimeContract, Opened, settings
from tests.support.aio import run
from tests.support.asgi import uvicorn_server
from tests.support.graphql_client import CLIENT_HEADERS, exchange
from tests.unit.adapters.asgi.lives import NoLife


class TestFastApi(HostContract):
    @asynccontextmanager
    async def serving(self, served: Router) -> AsyncGenerator[str]:
        app, life = FastAPI(), NoLife()
        add_host(app, AsgiHost(served, "/api", life), "/api", life.running)
        async with uvicorn_server(app) as url:
            yield url


class TestFastApiWithMiddleware(HostContract):
    """A middleware of the kind that puts itself between a stream and its reader."""

    # It ends a stream that broke as if it were whole; the runtime's own streams do not break, they end with an error.
    test_a_stream_that_breaks_is_cut_short_and_closed_once = None

    @asynccontextmanager
    async def serving(self, served: Router) -> AsyncGenerator[str]:
        app, life = FastAPI(), NoLife()

        @app.middleware("http")
        async def pass_on(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            return await call_next(request)

        add_host(app, AsgiHost(served, "/api", life), "/api", life.running)
        async with uvicorn_server(app) as url:
            yield url


class TestRuntimeInFastApi(HostedRuntimeContract):
    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        app = FastAPI()
        await runtime.mount_to_fastapi(app, path="/copilot")
        async with uvicorn_server(app) as url:
            yield url + "/copilot"


class TestRuntimeInFastApiBehindAPrefix(HostedRuntimeContract):
    """A proxy strips the prefix, and the application is told of it: its ``root_path`` is no part of the path."""

    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        app = FastAPI()
        runtime.mount_to_app(app)

        async def behind_prefix(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "root_path": "/prefix"}, receive, send)

        async with uvicorn_server(behind_prefix) as url:
            yield url + "/api/copilotkit"


class TestRuntimeMountedWhileFastApiStarts(HostedRuntimeContract):
    @asynccontextmanager
    async def hosting(self, runtime: CopilotRuntime) -> AsyncGenerator[str]:
        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
            async with runtime:
                await runtime.mount_to_fastapi(app, path="/api/copilotkit")
                yield

        async with uvicorn_server(FastAPI(lifespan=lifespan)) as url:
            yield url + "/api/copilotkit"


def test_the_applications_own_routes_and_lifespan_stay() -> None:
    told: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, str]]:
        told.append("start")
        yield {"known": "to requests"}
        told.append("end")

    app = FastAPI(lifespan=lifespan)

    @app.get("/own")
    async def own(request: Request) -> str:
        return str(request.state.known)

    async def test() -> None:
        hooks = Opened()
        await CopilotRuntime(settings=settings(), hooks=hooks).mount_to_fastapi(app)
        async with uvicorn_server(app) as url:
            assert (await exchange(f"{url}/own", method="GET", headers={})).json() == "to requests"
            assert (await exchange(f"{url}/api/copilotkit", HELLO)).status == 200
            assert (told, hooks.told) == (["start"], ["open"])
        assert (told, hooks.told) == (["start", "end"], ["open", "close"])

    run(test())


def test_several_runtimes_live_in_one_application() -> None:
    async def test() -> None:
        app = FastAPI()
        for name, limit in (("one", "100"), ("two", "100000")):
            await CopilotRuntime(settings=settings(max_body_bytes=limit)).mount_to_fastapi(app, path=f"/{name}")
        async with uvicorn_server(app) as url:
            body = {"query": "{ hello }" + " " * 200}
            assert (await exchange(f"{url}/one", body)).status == 413
            assert (await exchange(f"{url}/two", body)).status == 200

    run(test())


def test_one_runtime_may_be_served_at_several_paths() -> None:
    async def test() -> None:
        app, runtime = FastAPI(), CopilotRuntime(settings=settings())
        for path in ("/one", "/two/deeper"):
            await runtime.mount_to_fastapi(app, path=path)
        async with uvicorn_server(app) as url:
            for path in ("/one", "/two/deeper"):
                assert (await exchange(url + path, HELLO)).json() == {"data": {"hello": "Hello World"}}

    run(test())


async def _needs_key(x_key: Annotated[str, Header()] = "") -> None:
    if x_key != "right":
        raise HTTPException(403, "no key")


@pytest.mark.parametrize("whose", ["application", "mount"])
def test_the_hosts_dependencies_guard_the_runtime(whose: str) -> None:
    guard = [Depends(_needs_key)]

    async def test() -> None:
        app = FastAPI(dependencies=guard if whose == "application" else None)
        await CopilotRuntime(settings=settings()).mount_to_fastapi(app, dependencies=guard if whose == "mount" else ())
        async with uvicorn_server(app) as url:
            for path, method, body in (("", "POST", HELLO), ("/health", "GET", None)):
                for headers, status in ((CLIENT_HEADERS, 403), ({**CLIENT_HEADERS, "x-key": "right"}, 200)):
                    answer = await exchange(f"{url}/api/copilotkit{path}", body, method=method, headers=headers)
                    assert answer.status == status

    run(test())


def test_a_preflight_passes_the_hosts_dependencies() -> None:
    async def test() -> None:
        app = FastAPI(dependencies=[Depends(_needs_key)])
        await CopilotRuntime(settings=settings()).mount_to_fastapi(app)
        async with uvicorn_server(app) as url:
            asked = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
            answer = await exchange(f"{url}/api/copilotkit", method="OPTIONS", headers=asked)
            assert answer.headers["access-control-allow-methods"] == "POST"

    run(test())


def test_the_hosts_own_cors_wins_without_a_header_twice() -> None:
    async def test() -> None:
        app = FastAPI()
        app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"], allow_credentials=True)
        await CopilotRuntime(settings=settings(cors_origins="https://app.example.com")).mount_to_fastapi(app)
        async with uvicorn_server(app) as url:
            headers = {**CLIENT_HEADERS, "origin": "https://app.example.com"}
            answer = await exchange(f"{url}/api/copilotkit", HELLO, headers=headers)
            assert answer.headers["access-control-allow-origin"] == "https://app.example.com"

    run(test())


def test_the_runtime_is_no_part_of_the_applications_schema() -> None:
    app = FastAPI()
    CopilotRuntime(settings=settings()).mount_to_app(app)
    assert app.openapi()["paths"] == {}


@pytest.mark.parametrize("with_lifespan", [True, False], ids=["lifespan", "without"])
def test_the_frameworks_test_client_works_with_it(with_lifespan: bool) -> None:
    app = FastAPI()
    CopilotRuntime(settings=settings()).mount_to_app(app)
    for _ in range(2):
        client = TestClient(app)
        if with_lifespan:
            with client:
                assert client.post("/api/copilotkit", json=HELLO).json() == {"data": {"hello": "Hello World"}}
        else:
            assert client.post("/api/copilotkit", json=HELLO).json() == {"data": {"hello": "Hello World"}}


def test_what_is_mounted_into_a_running_application_starts_with_its_first_request() -> None:
    async def test() -> None:
        app, hooks = FastAPI(), Opened()
        async with uvicorn_server(app) as url:
            await CopilotRuntime(settings=settings(), hooks=hooks).mount_to_fastapi(app)
            assert hooks.told == []
            await asyncio.gather(*(exchange(f"{url}/api/copilotkit", HELLO) for _ in range(5)))
            assert hooks.told == ["open"]

    run(test())


def test_what_is_no_application_is_refused() -> None:
    with pytest.raises(MisuseError, match="A object is no FastAPI or Starlette application"):
        CopilotRuntime(settings=settings()).mount_to_app(object())
