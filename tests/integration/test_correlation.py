"""The id that finds a request in the log: in every response, errors included."""

from typing import Any

import pytest

from tests.integration.access.agui_requests import run_input
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, chat, exchange
from tests.support.scripts import Paced
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
    [
        ("", {"query": "query($data: LoadAgentStateInput!) { loadAgentState(data: $data) { state } }"}),
        ("", b"{"),
        ("", b"[]"),
        ("/agent/paced/run", {}),
        ("/agent/nobody/run", run_input("thread-1")),
        ("/agent/nobody/connect", run_input("thread-1")),
        ("/agent/nobody/stop/thread-1", {}),
        ("/agent/paced/stop/thread-1", {"more": 1}),
        ("", {"method": "agent/run", "params": {"agentId": "nobody"}, "body": run_input("thread-1")}),
        ("", {"query": "query a { hello }", "operationName": "b"}),
        ("", {"query": 7}),
        ("/nowhere", {}),
    ],
    ids=[
        "missing variable",
        "no JSON",
        "a batch",
        "invalid run",
        "unknown agent",
        "connect to an unknown agent",
        "stop of an unknown agent",
        "invalid stop",
        "envelope for an unknown agent",
        "unknown operation",
        "no query",
        "unknown path",
    ],
)
@pytest.mark.parametrize("given", ["request-7", None], ids=["given", "ours"])
def test_an_error_whose_body_the_protocol_fixes_has_it_in_its_head(path: str, body: Any, given: str | None) -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS, agents=(Paced(1).agent(),))) as url:
            headers = CLIENT_HEADERS if given is None else {**CLIENT_HEADERS, "x-request-id": given}
            answers = [await exchange(url + path, body, headers=headers) for _ in range(2)]
        assert all(answer.status in {400, 404} for answer in answers)
        first, second = (answer.headers["x-request-id"] for answer in answers)
        assert first == second == given if given else first != second
        assert all("correlationId" not in answer.text for answer in answers), "recorded bodies are exact"

    run(test())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", chat("go", agent="nobody")),
        ("", b"x" * 20001),
        ("", {"query": "{ nothing }"}),
        ("", {"query": "{"}),
        ("", {"query": "{ " + " ".join(f"a{number}: hello" for number in range(200)) + " }"}),
        ("/threads/thread-1/archive", {}),
    ],
    ids=[
        "unknown agent",
        "too large",
        "invalid query",
        "no query",
        "too many aliases",
        "unknown thread",
    ],
)
def test_other_errors_have_it_in_their_body_too(path: str, body: Any) -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as url:
            answer = await exchange(url + path, body, headers=GIVEN)
            assert answer.headers["x-request-id"] == "request-7"
            assert '"correlationId":"request-7"' in answer.text.replace(" ", "")

    run(test())


def test_a_document_that_is_refused_twice_has_each_requests_own_id() -> None:
    async def test() -> None:
        async with serving(runtime()) as url:
            for name in ("request-1", "request-2"):
                answer = await exchange(url, {"query": "{ nothing }"}, headers={**GIVEN, "x-request-id": name})
                assert answer.error()["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED", "correlationId": name}

    run(test())
