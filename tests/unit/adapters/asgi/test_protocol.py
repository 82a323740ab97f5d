"""The ASGI host without a server: what the protocol asks for beside requests, and where a path begins."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agui_runtime.adapters.asgi import AsgiHost
from agui_runtime.adapters.http.exchange import Request, Response
from agui_runtime.adapters.http.limits import HttpLimits
from agui_runtime.domain.errors import UnavailableError
from tests.support.aio import run
from tests.unit.adapters.asgi.lives import NoLife
from tests.unit.adapters.http.exchanges import router


class Failing(NoLife):
    """Cannot start, or cannot stop."""

    def __init__(self, phase: str) -> None:
        self._phase = phase

    async def ensure(self) -> None:
        raise UnavailableError("No database there.")

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        if self._phase == "startup":
            raise UnavailableError("No database there.")
        yield
        raise UnavailableError("The database went away.")


def talk(host: AsgiHost, scope: dict[str, Any], *given: dict[str, Any]) -> list[dict[str, Any]]:
    """What the host sends for what it receives."""
    messages, sent = iter(given), []

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    run(host(scope, receive, send))
    return sent


def live(host: AsgiHost) -> list[dict[str, Any]]:
    return talk(host, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})


def seen_at(path: str, *, own: str = "/api", **scope: Any) -> Request | None:
    """The request that a router is given, ``None`` where it answers "not found"."""
    seen: list[Request] = []

    async def handler(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    whole = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], **scope}
    sent = talk(AsgiHost(router(handler), own, NoLife()), whole, {"type": "http.request", "body": b""})
    assert sent[0]["status"] == (204 if seen else 404)
    return seen[0] if seen else None


def test_a_servers_start_and_end_are_confirmed() -> None:
    sent = live(AsgiHost(router(), "/api", NoLife()))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        ("startup", [("lifespan.startup.failed", "No database there.")]),
        ("shutdown", [("lifespan.startup.complete", None), ("lifespan.shutdown.failed", "The database went away.")]),
    ],
)
def test_a_start_or_end_that_fails_is_told_to_the_server(phase: str, told: list[tuple[str, str | None]]) -> None:
    sent = live(AsgiHost(router(), "/api", Failing(phase)))
    assert [(message["type"], message.get("message")) for message in sent] == told


def test_a_request_to_a_runtime_that_cannot_start_is_told_to_come_back(caplog: pytest.LogCaptureFixture) -> None:
    scope = {"type": "http", "method": "GET", "path": "/api", "query_string": b"", "headers": []}
    sent = talk(AsgiHost(router(), "/api", Failing("startup")), scope, {"type": "http.request"})
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]
    assert sent[1]["body"] == b""
    assert "No database there." in caplog.text


def test_a_websocket_is_refused() -> None:
    sent = talk(AsgiHost(router(), "/api", NoLife()), {"type": "websocket"}, {"type": "websocket.connect"})
    assert sent == [{"type": "websocket.close"}]


def test_an_unknown_kind_of_connection_is_an_error_as_asgi_wants_it() -> None:
    with pytest.raises(NotImplementedError, match="carrier pigeon"):
        talk(AsgiHost(router(), "/api", NoLife()), {"type": "carrier pigeon"})


@pytest.mark.parametrize(("version", "stays"), [("1.1", True), ("1.0", True), ("2", False), ("3", False)])
def test_http_2_gets_no_connection_header(version: str, stays: bool) -> None:
    host = AsgiHost(router(limits=HttpLimits(max_body_bytes=1)), "/api", NoLife())
    scope = {
        "type": "http",
        "http_version": version,
        "method": "POST",
        "path": "/api",
        "query_string": b"",
        "headers": [],
    }
    sent = talk(host, scope, {"type": "http.request", "body": b"xx"})
    assert sent[0]["status"] == 413
    assert ((b"connection", b"close") in sent[0]["headers"]) is stays


@pytest.mark.parametrize(
    ("path", "scope", "below", "base"),
    [
        ("/api/health", {}, "/health", "/api"),
        ("/out/api/health", {"root_path": "/out"}, "/health", "/out/api"),
        ("/api/health", {"root_path": "/out"}, "/health", "/api"),
        ("/api/health", {"raw_path": b"/stripped/api/health"}, "/health", "/api"),
        ("/health/", {"raw_path": b"/api/health"}, "/health", "/api"),
        ("/api/health", {"raw_path": b"/api/he%61lth"}, "/health", "/api"),
    ],
    ids=[
        "alone",
        "server's root",
        "stripped by a proxy",
        "stripped in the application",
        "cut by a framework",
        "escaped",
    ],
)
def test_the_path_below_the_hosts_own_is_found(path: str, scope: dict[str, Any], below: str, base: str) -> None:
    request = seen_at(path, **scope)
    assert request is not None
    assert (request.path, request.base) == (below, base)


def test_a_host_without_a_path_of_its_own_serves_its_mount() -> None:
    request = seen_at("/mounted/here/health", own="", root_path="/mounted/here")
    assert request is not None
    assert (request.path, request.base) == ("/health", "/mounted/here")


@pytest.mark.parametrize("path", ["/health", "/apiary", "/other/api/health"])
def test_what_is_not_below_it_is_not_found(path: str) -> None:
    assert seen_at(path) is None
