"""What ``HttpAgent`` says when a run does not even begin, over real sockets."""

import socket

import pytest
from aiohttp import web

from agui_runtime.adapters.remote import HttpAgent, RemoteClient
from agui_runtime.domain.errors import AgentError, DeniedError, ErrorCode, TimedOutError, UnavailableError
from tests.support.aio import run
from tests.support.remote import INPUT, ONCE, QUICK, context, failure, forever
from tests.support.servers import Handler


def answering(status: int, content_type: str = "text/event-stream", **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=b"secret details", headers={"Content-Type": content_type, **headers})

    return handler


@pytest.mark.parametrize("status", [400, 422, 429, 500, 502, 503])
def test_an_http_error_is_named_by_its_status(status: int) -> None:
    error = failure(answering(status))
    assert type(error) is AgentError
    assert error.message == f"The agent 'far' answered with HTTP {status}."


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_unauthenticated(status: int) -> None:
    error = failure(answering(status))
    assert type(error) is DeniedError
    assert error.code is ErrorCode.UNAUTHENTICATED


def test_a_missing_agent_is_told_as_such() -> None:
    assert failure(answering(404)).message == "The agent 'far' was not found at its address (HTTP 404)."


def test_a_redirect_is_not_followed() -> None:
    assert failure(answering(307, Location="/elsewhere")).message == "The agent 'far' answered with HTTP 307."


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "application/vnd.ag-ui.event+proto"])
def test_another_content_type_is_refused(content_type: str) -> None:
    assert failure(answering(200, content_type)).message == (
        "The agent 'far' answered with something else than an event stream."
    )


def test_a_refused_connection_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def main() -> None:
        client = RemoteClient(private_addresses=True, retries=ONCE)
        agent = HttpAgent("far", f"http://127.0.0.1:{port}/secret-path", client=client)
        try:
            with pytest.raises(UnavailableError, match=r"^The agent 'far' cannot be reached\. Please check") as caught:
                await agent.start(INPUT, context())
            assert str(port) not in caught.value.message
        finally:
            await client.close()

    run(main())


def test_an_unknown_host_is_unavailable() -> None:
    async def main() -> None:
        client = RemoteClient(private_addresses=True, retries=ONCE)
        agent = HttpAgent("far", "http://no-such-host.invalid/", client=client)
        try:
            with pytest.raises(UnavailableError):
                await agent.start(INPUT, context())
        finally:
            await client.close()

    run(main())


def test_a_connection_closed_without_an_answer_is_unavailable() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert type(failure(handler)) is UnavailableError


def test_an_agent_that_does_not_answer_times_out() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        await forever()
        return web.Response()

    error = failure(handler, timeouts=QUICK)
    assert type(error) is TimedOutError
    assert error.message == "The agent 'far' did not answer within 0.5 seconds."
