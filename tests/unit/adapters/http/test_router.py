"""What holds for every protocol: paths, limits, correlation ids, and failures that leak nothing."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agui_runtime.adapters.http.cors import CorsPolicy
from agui_runtime.adapters.http.exchange import IncomingRequest, Request, Response
from agui_runtime.adapters.http.limits import BodyBrokenError, HttpLimits
from agui_runtime.adapters.http.router import OPERATION, Route, Router
from tests.support.aio import run
from tests.unit.adapters.http.exchanges import ask, chunks_of, headers_of, router

SMALL = HttpLimits(max_body_bytes=10, body_seconds=0.05)


def problem(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes)
    (error,) = json.loads(response.body)["errors"]
    found: dict[str, Any] = error
    return found


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/health"])
def test_a_known_path_is_handled(path: str) -> None:
    response = ask(router(), path)
    assert (response.status, response.body) == (200, b"body")


@pytest.mark.parametrize("path", ["/api/unknown", "/api/health/", "/api//", "/apiary"])
def test_an_unknown_path_is_not_found(path: str) -> None:
    assert ask(router(), path).status == 404


def test_a_handler_is_given_what_came() -> None:
    seen: list[Request] = []

    async def handler(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    ask(router(handler), "/api/health", "PUT", {"x-request-id": "id-1", "a": "b"}, chunks_of(b"x", b"y"))
    (request,) = seen
    assert (request.method, request.path, request.body, request.correlation_id) == ("PUT", "/health", b"xy", "id-1")
    assert request.header("a") == "b"


def test_a_body_at_the_limit_is_taken() -> None:
    assert ask(router(limits=SMALL), body=chunks_of(b"12345", b"67890")).status == 200


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [({"content-length": "11"}, [b"x" * 11]), ({}, [b"12345", b"67890", b"1"]), ({"content-length": "1"}, [b"x" * 11])],
    ids=["declared", "chunked", "declared wrongly"],
)
def test_a_body_over_the_limit_is_refused_with_the_limit_named(headers: dict[str, str], pieces: list[bytes]) -> None:
    response = ask(router(limits=SMALL), headers=headers, body=chunks_of(*pieces))
    assert response.status == 413
    assert "10 bytes" in problem(response)["message"]
    assert headers_of(response)["connection"] == "close"


@pytest.mark.parametrize(("body", "status"), [(b"", 200), (b"1234567890", 200), (b"12345678901", 413)])
def test_a_body_that_came_with_its_head_has_the_same_limit(body: bytes, status: int) -> None:
    response = ask(router(limits=SMALL), body=body)
    assert response.status == status
    assert status == 413 or response.body == body


def test_a_body_that_is_declared_too_large_is_not_even_read() -> None:
    read: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        read.append(1)
        yield b""

    assert ask(router(limits=SMALL), headers={"content-length": "99999"}, body=chunks()).status == 413
    assert read == []


def test_no_more_than_the_limit_is_read() -> None:
    read: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b"12345"

    assert ask(router(limits=SMALL), body=endless()).status == 413
    assert len(read) == 3


@pytest.mark.parametrize("declared", ["", "-1", "many", "1e3", "²", "1, 1"])
def test_a_nonsensical_length_is_not_believed(declared: str) -> None:
    assert ask(router(limits=SMALL), headers={"content-length": declared}).status == 200


def test_a_body_that_comes_too_slowly_is_refused_with_the_limit_named() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    response = ask(router(limits=SMALL), body=slow())
    assert response.status == 408
    assert "0.05 seconds" in problem(response)["message"]


def test_a_body_that_is_not_what_its_headers_say_is_the_client_s_fault() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise BodyBrokenError

    response = ask(router(), body=broken())
    assert response.status == 400
    assert "Content-Encoding" in problem(response)["message"]


def test_an_unforeseen_failure_tells_its_correlation_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(_: Request) -> Response:
        raise RuntimeError("password=hunter2")

    response = ask(router(breaks), headers={"x-request-id": "id-1"})
    assert response.status == 500
    assert problem(response) == {
        "message": "Something went wrong on the server.",
        "extensions": {"correlationId": "id-1"},
    }
    assert isinstance(response.body, bytes)
    assert b"hunter2" not in response.body
    assert "hunter2" in caplog.text
    assert "id-1" in caplog.text


def test_a_time_limit_of_the_handlers_own_is_a_failure_not_a_slow_body() -> None:
    async def late(_: Request) -> Response:
        raise TimeoutError

    assert ask(router(late)).status == 500


def test_a_cancelled_handler_is_cancelled() -> None:
    async def gone(_: Request) -> Response:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        ask(router(gone))


@pytest.mark.parametrize("given", ["id-1", "a" * 128, "0af7651916cd43dd8448eb211c80319c", "a.b:c/d+e=f_g"])
def test_a_correlation_id_goes_in_and_out(given: str) -> None:
    assert headers_of(ask(router(), headers={"x-request-id": given}))["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "a\nb", "id;rm", "<script>", '"', "a\r\nset-cookie: x"])
def test_a_bad_correlation_id_is_replaced(given: str) -> None:
    assert headers_of(ask(router(), headers={"x-request-id": given}))["x-request-id"] == "new-1"


@pytest.mark.parametrize("path", ["/api", "/api/unknown"])
def test_every_answer_has_a_correlation_id(path: str) -> None:
    assert headers_of(ask(router(), path))["x-request-id"] == "new-1"
    assert headers_of(ask(router(), path, "OPTIONS"))["x-request-id"] == "new-1"


def test_every_answer_has_its_cors_headers() -> None:
    for path in ("/api", "/api/unknown"):
        assert headers_of(ask(router(), path, headers={"origin": "http://localhost:3000"}))["vary"] == "Origin"


def test_a_preflight_is_answered_without_a_handler() -> None:
    async def never(_: Request) -> Response:
        raise AssertionError

    asked = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    response = ask(router(never, cors=CorsPolicy()), "/api", "OPTIONS", asked)
    assert (response.status, response.body) == (204, b"")
    assert headers_of(response)["access-control-allow-methods"] == "POST"


def lines_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [
        (record.levelname, record.getMessage()) for record in caplog.records if record.name == "agui_runtime.access"
    ]


def test_each_request_is_one_line_of_the_access_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def handler(request: Request) -> Response:
        request.memo[OPERATION] = "threads/list"
        return Response(204)

    ask(router(handler), "/api/health", "GET")
    (line,) = [record for record in caplog.records if record.name == "agui_runtime.access"]
    assert line.levelname == "INFO"
    assert line.getMessage().startswith("GET /api/health threads/list: 204 after ")
    said = line.__dict__
    assert (said["method"], said["path"], said["operation"], said["status"]) == (
        "GET", "/api/health", "threads/list", 204,
    )  # fmt: skip
    assert said["seconds"] >= 0


def test_the_query_of_a_request_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    incoming = IncomingRequest("GET", "/api/health", "token=a-secret", {}, chunks_of())
    run(router().handle(incoming))
    assert lines_of(caplog)
    assert "a-secret" not in caplog.text


def test_a_failure_of_the_server_is_a_warning_in_the_access_log(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request) -> Response:
        raise RuntimeError

    ask(router(handler))
    ((level, text),) = lines_of(caplog)
    assert level == "WARNING"
    assert ": 500 after " in text


def test_what_machines_poll_is_a_detail_whatever_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def not_ready(_: Request) -> Response:
        return Response(503)

    routes = [Route(frozenset({"/readyz"}), not_ready, is_polled=True)]
    ask(Router("/api", routes, cors=CorsPolicy(), limits=HttpLimits(), new_id=lambda: "id"), "/api/readyz", "GET")
    assert [level for level, _ in lines_of(caplog)] == ["DEBUG"]


def test_a_request_that_is_given_up_has_its_line_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def handler(request: Request) -> Response:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        ask(router(handler))
    assert [": cancelled after " in text for _, text in lines_of(caplog)] == [True]
