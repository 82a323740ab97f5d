"""The single-route envelope beside GraphQL on one path: contract agui §1."""

import json
from typing import Any

import pytest

from agui_runtime.adapters.agui.envelope import EnvelopeError, envelope_of, open_envelope
from agui_runtime.adapters.http.exchange import Request

JSON = {"content-type": "application/json"}


def posted(value: Any, headers: dict[str, str] | None = None, method: str = "POST") -> Request:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Request(method, "", headers=JSON if headers is None else headers, body=body)


def refused(value: Any, headers: dict[str, str] | None = None) -> EnvelopeError:
    request = posted(value, headers)
    envelope = envelope_of(request)
    assert envelope is not None
    with pytest.raises(EnvelopeError) as caught:
        open_envelope(request, envelope)
    return caught.value


@pytest.mark.parametrize(
    "value",
    [
        {"query": "{ hello }"},
        {"query": "{ hello }", "variables": {"method": "info"}},
        {"query": "{ hello }", "method": "info"},
        {"variables": {"method": "info"}},
        ["method"],
        "method",
        b'{"method"',
        b"",
        {},
    ],
    ids=str,
)
def test_what_is_no_envelope_is_graphql_s(value: Any) -> None:
    assert envelope_of(posted(value)) is None


def test_a_graphql_body_whose_texts_speak_of_a_method_is_not_even_parsed() -> None:
    class Unparsed(bytes):
        def decode(self, *_: Any) -> str:
            raise AssertionError("it was parsed")

    body = json.dumps({"query": "q", "variables": {"text": 'say "method" to me'}}).encode()
    assert envelope_of(Request("POST", "", headers=JSON, body=Unparsed(body))) is None


def test_only_a_post_carries_an_envelope() -> None:
    assert envelope_of(posted({"method": "info"}, method="GET")) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"method": ""}, "Missing method field"),
        ({"method": None}, "Missing method field"),
        ({"method": "agent/fly"}, "Unsupported method 'agent/fly'"),
        ({"method": ["info"]}, "Unsupported method '['info']'"),
        ({"method": "agent/run", "body": {}}, "Missing or invalid parameter 'agentId'"),
        ({"method": "agent/run", "params": {"agentId": 1}, "body": {}}, "Missing or invalid parameter 'agentId'"),
        ({"method": "agent/run", "params": {"agentId": " "}, "body": {}}, "Missing or invalid parameter 'agentId'"),
        ({"method": "agent/run", "params": [], "body": {}}, "Missing or invalid parameter 'agentId'"),
        ({"method": "agent/run", "params": {"agentId": "a"}}, "Missing request body for JSON handler"),
        ({"method": "agent/stop", "params": {"agentId": "a"}}, "Missing or invalid parameter 'threadId'"),
        ({"method": "resource/request", "params": {"path": "/threads"}}, "Missing or invalid parameter 'httpMethod'"),
        (
            {"method": "resource/request", "params": {"path": "//evil/threads", "httpMethod": "GET"}},
            "Resource path must be Runtime-relative",
        ),
        (
            {"method": "agent/stop", "params": {"agentId": "a", "threadId": "t"}, "body": None},
            "Missing request body for JSON handler",
        ),
        (
            {"method": "resource/request", "params": {"path": "/\\evil/threads", "httpMethod": "GET"}},
            "Resource path must be Runtime-relative",
        ),
        (
            {"method": "resource/request", "params": {"path": "http://evil/threads", "httpMethod": "GET"}},
            "Resource path must be Runtime-relative",
        ),
    ],
)
def test_a_broken_envelope_is_refused_in_the_reference_s_words(value: Any, message: str) -> None:
    error = refused(value)
    assert (error.status, error.message) == (400, message)


def test_a_content_type_is_one_in_capitals_too() -> None:
    request = posted({"method": "info"}, {"content-type": "Application/JSON; charset=UTF-8"})
    assert open_envelope(request, {"method": "info"}).operation == "info"


def test_an_envelope_of_another_content_type_is_refused() -> None:
    error = refused({"method": "info"}, {"content-type": "text/plain"})
    assert (error.status, error.message) == (415, "Single-route endpoint expects JSON payloads")


@pytest.mark.parametrize("path", ["/info", "/agent/a/run", "/nothing", "/threads/%FF/state"])
def test_resources_alone_are_reached_through_a_resource_request(path: str) -> None:
    assert refused({"method": "resource/request", "params": {"path": path, "httpMethod": "GET"}}).status == 404


def opened(value: Any) -> Any:
    request = posted(value)
    envelope = envelope_of(request)
    assert envelope is not None
    return open_envelope(request, envelope)


def test_a_call_has_the_body_that_its_envelope_carried() -> None:
    call = opened({"method": "agent/run", "params": {"agentId": "a"}, "body": {"threadId": "t"}})
    assert (call.operation, call.ids, call.body()) == ("agent/run", {"agentId": "a"}, {"threadId": "t"})


@pytest.mark.parametrize(
    ("value", "verb", "path"),
    [
        ({"method": "info"}, "GET", "/info"),
        ({"method": "agent/stop", "params": {"agentId": "a/b", "threadId": "t"}}, "POST", "/agent/a%2Fb/stop/t"),
        (
            {"method": "resource/request", "params": {"path": "/threads/t?x=1", "httpMethod": "delete"}},
            "DELETE",
            "/threads/t",
        ),
    ],
)
def test_an_identity_sees_the_path_and_verb_that_are_meant(value: Any, verb: str, path: str) -> None:
    request = opened(value).request
    assert (request.method, request.path) == (verb, path)


def test_a_resource_request_has_its_own_query_and_ids() -> None:
    call = opened({"method": "resource/request", "params": {"path": "/threads?limit=1", "httpMethod": "GET"}})
    assert (call.operation, call.verb, call.query) == ("threads/list", "GET", "limit=1")


def test_a_resource_s_body_may_come_as_text() -> None:
    params = {"path": "/threads/t", "httpMethod": "PATCH"}
    call = opened({"method": "resource/request", "params": params, "body": '{"name":"x"}'})
    assert call.body() == {"name": "x"}
