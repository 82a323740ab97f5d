"""The id that finds a request in the log: in every response, errors included."""

from typing import Any

import pytest

from tests.integration.access.agui_requests import run_input
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, chat, exchange
from tests.support.serving import runtime, serving

GIVEN = {**CLIENT_HEADERS, "x-request-id": "request-7"}
METRICS = {"AGUI_METRICS": "1", "AGUI_MAX_BODY_BYTES": "20000"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"query": "{ hello }"}),
        ("OPTIONS", "", None),
        ("GET", "/metrics", None),
        ("GET", "/livez", None),
        ("GET", "/readyz", None),
        ("GET", "/health", None),
        ("GET", "/info", None),
        ("GET", "/nowhere", None),
    ],
)
def test_every_response_has_its_requests_id(method: str, path: str, body: Any) -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as url:
            answer = await exchange(url + path, body, method=method, headers=GIVEN)
            assert answer.headers["x-request-id"] == "request-7"

    run(test())


@pytest.mark.parametrize(
    ("path", "body"),
    [("", {"query": "{ nothing }"}), ("/agent/nobody/run", run_input("thread-1")), ("/agent/nobody/run", {})],
    ids=["invalid query", "unknown agent on AG-UI", "invalid run on AG-UI"],
)
def test_an_error_whose_body_the_protocol_fixes_has_it_in_its_head(path: str, body: Any) -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as url:
            answer = await exchange(url + path, body, headers=GIVEN)
            assert answer.status >= 400
            assert answer.headers["x-request-id"] == "request-7"

    run(test())


@pytest.mark.parametrize("body", [chat("go", agent="nobody"), b"x" * 20001], ids=["unknown agent", "too large"])
def test_other_errors_have_it_in_their_body_too(body: Any) -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as url:
            answer = await exchange(url, body, headers=GIVEN)
            assert answer.headers["x-request-id"] == "request-7"
            assert '"correlationId":"request-7"' in answer.text.replace(" ", "")

    run(test())
