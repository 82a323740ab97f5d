"""Every fault of a caller gets the contract's status and words for people, and tells nothing of the inside (§8)."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from attrs import field, frozen

from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, Answer, ask, chat, document, exchange, user
from tests.support.leaks import assert_leaks_nothing
from tests.support.serving import runtime, serving

JSON = {"content-type": "application/json"}
HELLO = {"query": "{ hello }"}
DEEP = 100_000


@frozen
class Fault:
    """A wrong request and what it gets.

    Attributes:
        says: a part of the first error's message; ``None`` for an answer without a body.
        code: of the first error's extensions; ``None`` for no code.
    """

    status: int
    says: str | None
    code: str | None = "BAD_REQUEST"
    body: Any = None
    method: str = "POST"
    headers: Mapping[str, str] = field(default=JSON)
    below: str = ""


def _data(**changes: Any) -> dict[str, Any]:
    body = chat("text:1")
    body["variables"]["data"].update(changes)
    return body


def _without(name: str) -> dict[str, Any]:
    body = chat("text:1")
    del body["variables"]["data"][name]
    return body


INVALID_JSON = "POST body sent invalid JSON."
HTTP_FAULTS = {
    "malformed JSON": Fault(400, INVALID_JSON, body=b'{"query": "{ hello }"'),
    "empty body": Fault(400, INVALID_JSON, body=b""),
    "no UTF-8": Fault(400, INVALID_JSON, body=b'{"query": "\xff\xfe"}'),
    "a lone surrogate": Fault(400, INVALID_JSON, body=b'{"query": "\\ud800"}'),
    "NaN": Fault(400, INVALID_JSON, body=b'{"query": NaN}'),
    "two documents": Fault(400, INVALID_JSON, body=b'{"query":"{hello}"}{}'),
    "deeply nested lists": Fault(400, INVALID_JSON, body=b"[" * DEEP + b"]" * DEEP),
    "deeply nested objects": Fault(400, INVALID_JSON, body=b'{"query":' * DEEP + b"1" + b"}" * DEEP),
    "a string": Fault(400, "POST body is expected to be object but received string", body="x"),
    "a number": Fault(400, "POST body is expected to be object but received number", body=7),
    "true": Fault(400, "POST body is expected to be object but received boolean", body=True),
    "null": Fault(400, "POST body is expected to be object but received", body=b"null"),
    "a batch": Fault(400, "Batching is not supported.", body=[HELLO, HELLO]),
    "an empty batch": Fault(400, "Batching is not supported.", body=[]),
    "an unknown parameter": Fault(400, 'Unexpected parameter "foo" in the request body.', body={**HELLO, "foo": 1}),
    "a query that is no text": Fault(400, 'Expected "query" param to be a string', body={"query": 7}),
    "variables that are a list": Fault(400, 'Expected "variables" param to be', body={**HELLO, "variables": []}),
    "variables that are text": Fault(400, 'Expected "variables" param to be', body={**HELLO, "variables": "{}"}),
    "extensions that are text": Fault(400, 'Expected "extensions" param to be', body={**HELLO, "extensions": "x"}),
    "no query": Fault(200, "Must provide query string.", body={}),
    "an unknown operation": Fault(
        400,
        "Could not determine what operation to execute.",
        "OPERATION_RESOLUTION_FAILURE",
        body={**HELLO, "operationName": "other"},
    ),
    "an operation name that is no text": Fault(
        400,
        "Could not determine what operation to execute.",
        "OPERATION_RESOLUTION_FAILURE",
        body={**HELLO, "operationName": 7},
    ),
    "two operations and no name": Fault(
        400,
        "Could not determine what operation to execute.",
        "OPERATION_RESOLUTION_FAILURE",
        body={"query": "query a { hello } query b { hello }"},
    ),
    "PUT": Fault(405, "GraphQL only supports GET and POST requests.", method="PUT", body=HELLO),
    "DELETE": Fault(405, "GraphQL only supports GET and POST requests.", method="DELETE"),
    "PATCH": Fault(405, "GraphQL only supports GET and POST requests.", method="PATCH", body=HELLO),
    "a mutation by GET": Fault(
        405,
        "Can only perform a mutation operation from a POST request.",
        method="GET",
        headers={},
        below="?"
        + urlencode(
            {
                "query": "mutation { generateCopilotResponse(data: {metadata: {requestType: Chat}, messages: [], "
                "frontend: {actions: []}}) { threadId } }"
            }
        ),
    ),
    "variables by GET that are no JSON": Fault(
        400, "not valid JSON", method="GET", headers={}, below="?query=%7Bhello%7D&variables=x"
    ),
    "plain text": Fault(415, None, body=HELLO, headers={"content-type": "text/plain"}),
    "no content type": Fault(415, None, body=HELLO, headers={}),
    "XML wanted": Fault(406, None, body=HELLO, headers={**JSON, "accept": "application/xml"}),
    "a sub path": Fault(404, None, body=HELLO, below="/other"),
}

REFUSED = {
    "an unknown field": Fault(200, 'Cannot query field "nope"', "GRAPHQL_VALIDATION_FAILED", {"query": "{ nope }"}),
    "no GraphQL": Fault(200, "Syntax Error", "GRAPHQL_PARSE_FAILED", {"query": "{ hello"}),
    "an empty document": Fault(200, "Syntax Error", "GRAPHQL_PARSE_FAILED", {"query": ""}),
    "a fragment on nothing": Fault(200, "fragment", "GRAPHQL_VALIDATION_FAILED", {"query": "{ ...nowhere }"}),
}
"""Documents that cannot be executed: the same body with 400 where the client prefers GraphQL's own media type."""

WRONG_VARIABLES = {
    "missing": Fault(400, 'Variable "$data" of required type', None, {"query": document()}),
    "null": Fault(
        400,
        'Variable "$data" of non-null type',
        None,
        {"query": document(), "variables": {"data": None}},
    ),
    "no object": Fault(400, 'Variable "$data"', None, {"query": document(), "variables": {"data": "x"}}),
    "no messages": Fault(400, 'Field "messages" of required type', None, _without("messages")),
    "no metadata": Fault(400, 'Field "metadata" of required type', None, _without("metadata")),
    "a wrong enum": Fault(400, '"CopilotRequestType" enum', None, _data(metadata={"requestType": "chatting"})),
    "a wrong role": Fault(
        400,
        '"MessageRole" enum',
        None,
        _data(messages=[{**user("x"), "textMessage": {"role": "boss", "content": "x"}}]),
    ),
    "an unknown input field": Fault(400, 'Field "nope" is not defined', None, _data(nope=1)),
    "a number as thread id": Fault(400, "String cannot represent", None, _data(threadId=7)),
    "an object as text": Fault(
        400,
        "String cannot represent",
        None,
        _data(messages=[{**user("x"), "textMessage": {"role": "user", "content": {"a": 1}}}]),
    ),
    "a date in words": Fault(
        400,
        "DateTime cannot represent an invalid date-time-string yesterday.",
        None,
        _data(messages=[{**user("x"), "createdAt": "yesterday"}]),
    ),
    "messages that are text": Fault(400, 'Variable "$data"', None, _data(messages="hello")),
}

UNKNOWN = "UNKNOWN"
BAD_VALUES = {
    "a thread id with a control character": Fault(200, "thread id", UNKNOWN, _data(threadId="a\u0000b")),
    "a thread id with a line feed": Fault(200, "thread id", UNKNOWN, _data(threadId="a\nb")),
    "a thread id of ten thousand characters": Fault(200, "1 to 256 characters", UNKNOWN, _data(threadId="x" * 10_000)),
    "a run id with a control character": Fault(200, "run id", UNKNOWN, _data(runId="a\u0007b")),
    "an agent name of a thousand characters": Fault(
        200, "1 to 128 characters", UNKNOWN, _data(agentSession={"agentName": "x" * 1000})
    ),
    "an unknown agent": Fault(
        200,
        "Agent 'nobody' was not found. Available agents are: echo, stateful.",
        "AGENT_NOT_FOUND",
        _data(agentSession={"agentName": "nobody"}),
    ),
    "a jsonSchema that is no JSON": Fault(
        200,
        "The jsonSchema of the action 'setColor' is not valid JSON.",
        UNKNOWN,
        _data(frontend={"actions": [{"name": "setColor", "description": "", "jsonSchema": "{"}]}),
    ),
    "a jsonSchema that is no object": Fault(
        200,
        "The jsonSchema of the action 'setColor' is not a JSON object.",
        UNKNOWN,
        _data(frontend={"actions": [{"name": "setColor", "description": "", "jsonSchema": "[]"}]}),
    ),
    "a deeply nested jsonSchema": Fault(
        200,
        "The jsonSchema of the action 'setColor' is not valid JSON.",
        UNKNOWN,
        _data(frontend={"actions": [{"name": "setColor", "description": "", "jsonSchema": '{"a":' * DEEP}]}),
    ),
    "an unknown agent's state": Fault(
        200,
        "Agent 'nobody' was not found. Available agents are: echo, stateful.",
        "AGENT_NOT_FOUND",
        {
            "query": document("loadAgentState"),
            "variables": {"data": {"threadId": "t", "agentName": "nobody"}},
        },
    ),
    "the state of a thread with a control character": Fault(
        200,
        "thread id",
        UNKNOWN,
        {
            "query": document("loadAgentState"),
            "variables": {"data": {"threadId": "a\u0001", "agentName": "echo"}},
        },
    ),
}


def _send(host: Host, fault: Fault) -> Answer:
    answer = ask(host.url + fault.below, fault.body, method=fault.method, headers=fault.headers)
    assert_leaks_nothing(answer)
    return answer


def _check(answer: Answer, fault: Fault) -> None:
    assert answer.status == fault.status
    if fault.says is None:
        assert answer.body == b""
        return
    error = answer.json()["errors"][0]
    assert fault.says in error["message"]
    assert error.get("extensions", {}).get("code") == fault.code


@pytest.mark.parametrize("fault", HTTP_FAULTS.values(), ids=HTTP_FAULTS)
def test_a_request_that_is_none_is_refused(host: Host, fault: Fault) -> None:
    _check(_send(host, fault), fault)


@pytest.mark.parametrize("fault", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("headers", [JSON, CLIENT_HEADERS], ids=["any", "client"])
def test_a_document_that_cannot_be_executed_is_refused(host: Host, fault: Fault, headers: Mapping[str, str]) -> None:
    answer = ask(host.url, fault.body, headers=headers)
    assert_leaks_nothing(answer)
    assert answer.status == (400 if headers is CLIENT_HEADERS else 200)
    error = answer.json()["errors"][0]
    assert fault.says is not None
    assert fault.says in error["message"]
    assert error["extensions"]["code"] == fault.code


@pytest.mark.parametrize("fault", WRONG_VARIABLES.values(), ids=WRONG_VARIABLES)
def test_variables_of_the_wrong_kind_are_refused_with_their_place(host: Host, fault: Fault) -> None:
    answer = _send(host, fault)
    _check(answer, fault)
    assert answer.json()["errors"][0]["locations"]
    assert "data" not in answer.json()


@pytest.mark.parametrize("fault", BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_value_the_runtime_cannot_take_is_an_application_error(host: Host, fault: Fault) -> None:
    answer = _send(host, fault)
    _check(answer, fault)
    error = answer.json()["errors"][0]
    assert answer.json()["data"] is None
    assert error["path"]
    assert error["extensions"]["correlationId"] == answer.headers["x-request-id"]


def test_head_is_refused_without_a_body(host: Host) -> None:
    answer = ask(host.url, method="HEAD", headers={})
    assert (answer.status, answer.headers["allow"], answer.body) == (405, "GET, POST", b"")


TOO_LARGE_DOCUMENTS = {
    "fields": ("{a" * 5000 + "}" * 5000, "nested too deeply"),
    "inline fragments": ("{..." * 3000 + "{hello}" + "}" * 3000, "nested too deeply"),
    "a list": ("{hello(a:" + "[" * 5000 + "]" * 5000 + ")}", "nested too deeply"),
    "a type": ("query($a:" + "[" * 5000 + "Int" + "]" * 5000 + "){hello}", "nested too deeply"),
    "introspection": (
        "{__schema{types{" + "ofType{" * 50 + "name" + "}" * 50 + "}}}",
        "The query is nested 53 levels deep; the limit of this server is 20.",
    ),
    "aliases": (
        "{" + " ".join(f"a{index}: hello" for index in range(101)) + "}",
        "The query has 101 aliases; the limit of this server is 100.",
    ),
    "aliases in fragments": (
        "{ ...a ...b } fragment a on Query { " + " ".join(f"a{index}: hello" for index in range(60)) + " ...b }"
        " fragment b on Query { " + " ".join(f"b{index}: hello" for index in range(30)) + " }",
        "The query has 120 aliases; the limit of this server is 100.",
    ),
    "tokens": ("{" + "hello " * 30_000 + "}", "Document contains more than 20000 tokens"),
}


@pytest.mark.parametrize(("query", "words"), TOO_LARGE_DOCUMENTS.values(), ids=TOO_LARGE_DOCUMENTS)
def test_a_document_that_costs_too_much_is_refused(host: Host, query: str, words: str) -> None:
    answer = ask(host.url, {"query": query}, headers=JSON)
    assert_leaks_nothing(answer)
    assert answer.status == 200
    assert words in answer.error()["message"]


@pytest.mark.parametrize("text", ["[" * DEEP, "{", "7", '"x"', '{"a":' * DEEP])
def test_a_state_that_is_no_json_object_counts_as_empty(host: Host, text: str) -> None:
    body = _data(agentSession={"agentName": "echo"}, agentStates=[{"agentName": "echo", "state": text}])
    answer = ask(host.url, body)
    assert_leaks_nothing(answer)
    assert answer.response()["status"]["code"] == "Success"


@pytest.mark.parametrize("arguments", ["[" * DEEP, "{", ""])
def test_a_tool_call_with_arguments_that_are_no_json_is_left_out(host: Host, arguments: str) -> None:
    call = {"id": "call-9", "createdAt": "2025-01-02T03:04:05.678Z"}
    call["actionExecutionMessage"] = {"name": "setColor", "arguments": arguments}  # type: ignore[assignment]
    answer = ask(host.url, _data(messages=[call, user("inspect")]))
    (message,) = answer.response()["messages"]
    assert [m["id"] for m in json.loads("".join(message["content"]))["messages"]] == ["user-1"]


@pytest.mark.parametrize("way", ["declared", "chunked"])
def test_a_body_over_the_limit_is_refused_with_the_limit_named(way: str) -> None:
    body = b'{"query": "' + b"x" * 5000 + b'"}'

    async def chunked() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    async def scenario() -> Answer:
        async with serving(runtime(environment={"AGUI_MAX_BODY_BYTES": "2000"})) as url:
            return await exchange(url, chunked() if way == "chunked" else body)

    answer = run(scenario())
    assert_leaks_nothing(answer)
    assert answer.status == 413
    assert answer.error()["message"] == "The request body is larger than 2000 bytes, the limit of this server."


def test_a_body_as_large_as_the_limit_is_taken() -> None:
    padded = json.dumps({"query": "{ hello }", "extensions": {"x": ""}}, separators=(",", ":"))
    body = padded.replace('"x":""', '"x":"' + "y" * (2000 - len(padded)) + '"').encode()

    async def scenario() -> Answer:
        async with serving(runtime(environment={"AGUI_MAX_BODY_BYTES": "2000"})) as url:
            return await exchange(url, body)

    assert len(body) == 2000
    assert run(scenario()).json() == {"data": {"hello": "Hello World"}}


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def hesitant() -> AsyncIterator[bytes]:
        yield b'{"query":'
        await asyncio.sleep(5)

    async def scenario() -> Answer:
        async with serving(runtime(environment={"AGUI_BODY_SECONDS": "0.2"})) as url:
            return await exchange(url, hesitant())

    answer = run(scenario())
    assert_leaks_nothing(answer)
    assert answer.status == 408
    assert answer.error()["message"] == "The request body did not arrive within 0.2 seconds."


def test_what_is_no_http_is_refused(host: Host) -> None:
    async def scenario() -> bytes:
        address = urlsplit(host.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(b"this is no HTTP\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        return answer

    answer = run(scenario())
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert_leaks_nothing(Answer(400, {}, answer.partition(b"\r\n\r\n")[2]))


@pytest.mark.parametrize("given", ["a b", "x" * 129, "<script>", ""])
def test_a_request_id_that_could_do_harm_in_a_log_is_replaced(host: Host, given: str) -> None:
    answer = ask(host.url, HELLO, headers={**JSON, "x-request-id": given})
    assert answer.headers["x-request-id"] not in {given, ""}


def test_a_request_id_comes_back(host: Host) -> None:
    assert ask(host.url, HELLO, headers={**JSON, "x-request-id": "req-1"}).headers["x-request-id"] == "req-1"
