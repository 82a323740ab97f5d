"""From an HTTP request to GraphQL parameters: the table of contract graphql §8."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from agui_runtime.adapters.graphql.request import BadRequestError, Parameters, read_parameters
from agui_runtime.adapters.http.exchange import Request

QUERY = "{ hello }"


def post(body: bytes | Any, content_type: str | None = "application/json") -> Request:
    headers = {} if content_type is None else {"content-type": content_type}
    return Request("POST", "", headers=headers, body=body if isinstance(body, bytes) else json.dumps(body).encode())


def get(**parameters: str) -> Request:
    return Request("GET", "", query=urlencode(parameters))


def refusal(request: Request) -> BadRequestError:
    with pytest.raises(BadRequestError) as caught:
        read_parameters(request)
    return caught.value


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/graphql+json"]
)
def test_a_json_body_has_query_variables_and_operation(content_type: str) -> None:
    body = {"query": QUERY, "variables": {"a": 1}, "operationName": "q", "extensions": {}}
    assert read_parameters(post(body, content_type)) == Parameters(QUERY, {"a": 1}, "q")


@pytest.mark.parametrize("nothing", [{}, {"variables": None, "operationName": None, "extensions": None}])
def test_what_is_not_needed_may_be_absent_or_null(nothing: dict[str, Any]) -> None:
    assert read_parameters(post({"query": QUERY, **nothing})) == Parameters(QUERY, {}, None)


def test_a_graphql_body_is_the_query() -> None:
    assert read_parameters(post(b"{ hello }", "application/graphql")) == Parameters(QUERY)


def test_a_form_may_carry_the_parameters() -> None:
    body = urlencode({"query": QUERY, "variables": '{"a":1}', "other": "ignored"}).encode()
    assert read_parameters(post(body, "application/x-www-form-urlencoded")) == Parameters(QUERY, {"a": 1}, None)


def test_a_get_request_carries_them_in_its_address() -> None:
    assert read_parameters(get(query=QUERY, variables='{"a":1}', operationName="q")) == Parameters(QUERY, {"a": 1}, "q")
    assert read_parameters(get(query=QUERY, variables="")) == Parameters(QUERY)


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"query":"\xff"}', b"[" * 100_000, b"\xef\xbb\xbf{}"])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    error = refusal(post(body))
    assert (error.status, error.message) == (400, "POST body sent invalid JSON.")
    assert error.original is not None
    assert error.original["name"] == "SyntaxError"


def test_half_an_emoji_in_a_history_is_read_as_javascript_sends_it() -> None:
    body = b'{"query":"{ hello }","variables":{"content":"cut \\ud83d"}}'
    assert read_parameters(post(body)) == Parameters(QUERY, {"content": "cut \ud83d"})


def test_what_is_shown_of_a_broken_body_is_short() -> None:
    error = refusal(post(b"secret " * 10_000))
    assert error.original is not None
    assert len(error.original["message"]) < 250


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("text", "POST body is expected to be object but received string"),
        (1, "POST body is expected to be object but received number"),
        (True, "POST body is expected to be object but received boolean"),
        (None, "POST body is expected to be object but received null"),
        ([{"query": QUERY}], "Batching is not supported."),
        ([], "Batching is not supported."),
        ({"query": QUERY, "foo": 1}, 'Unexpected parameter "foo" in the request body.'),
        ({"query": 1}, 'Expected "query" param to be a string, but given number.'),
        ({"query": [QUERY]}, 'Expected "query" param to be a string, but given array.'),
        ({"query": QUERY, "variables": "x"}, 'Expected "variables" param to be empty or an object, but given string.'),
        ({"query": QUERY, "variables": []}, 'Expected "variables" param to be empty or an object, but given array.'),
        ({"query": QUERY, "extensions": 1}, 'Expected "extensions" param to be empty or an object, but given number.'),
    ],
)
def test_a_body_of_another_shape_is_refused_in_words(body: Any, message: str) -> None:
    error = refusal(post(body))
    assert (error.status, error.message) == (400, message)


@pytest.mark.parametrize("request_", [post({}), post({"query": None}), get(), get(variables="{}"), get(query="")])
def test_a_request_without_a_query_is_told_so(request_: Request) -> None:
    error = refusal(request_)
    assert (error.is_document_fault, error.message) == (True, "Must provide query string.")


def test_the_first_of_a_repeated_get_parameter_counts() -> None:
    assert read_parameters(Request("GET", "", query="query={hello}&query={other}")) == Parameters("{hello}")


def test_an_empty_operation_name_in_an_address_is_none() -> None:
    assert read_parameters(get(query=QUERY, operationName="")) == Parameters(QUERY)


@pytest.mark.parametrize("name", ["variables", "extensions"])
def test_a_get_parameter_that_is_no_json_is_named(name: str) -> None:
    error = refusal(get(query=QUERY, **{name: "{"}))
    assert (error.status, error.message) == (400, f'The "{name}" parameter is not valid JSON.')


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_other_methods_are_not_allowed(method: str) -> None:
    error = refusal(Request(method, ""))
    assert (error.status, error.message) == (405, "GraphQL only supports GET and POST requests.")
    assert ("allow", "GET, POST") in error.headers


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "multipart/form-data; boundary=x", "nonsense"])
def test_another_content_type_is_answered_415_without_a_body(content_type: str | None) -> None:
    error = refusal(post({"query": QUERY}, content_type))
    assert (error.status, error.message) == (415, None)


@pytest.mark.parametrize("content_type", ["application/graphql", "application/x-www-form-urlencoded"])
def test_text_that_is_no_utf_8_is_refused(content_type: str) -> None:
    assert refusal(post(b"{ hell\xff }", content_type)).status == 400
