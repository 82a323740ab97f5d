"""Wrong requests, and what each gets: the table of contract graphql §8 and what lies around it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import field, frozen

from tests.support.graphql_client import chat, document, user

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


def request_with(**changes: Any) -> dict[str, Any]:
    """A good request but for these fields of its data."""
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
    "no gzip": Fault(
        400, "not encoded as its Content-Encoding says", None, b"{}", headers={**JSON, "content-encoding": "gzip"}
    ),
    "no UTF-8": Fault(400, INVALID_JSON, body=b'{"query": "\xff\xfe"}'),
    "a lone surrogate": Fault(200, "Invalid character: U+D800", "GRAPHQL_PARSE_FAILED", b'{"query": "\\ud800"}'),
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
    "a wrong enum": Fault(400, '"CopilotRequestType" enum', None, request_with(metadata={"requestType": "chatting"})),
    "a wrong role": Fault(
        400,
        '"MessageRole" enum',
        None,
        request_with(messages=[{**user("x"), "textMessage": {"role": "boss", "content": "x"}}]),
    ),
    "an unknown input field": Fault(400, 'Field "nope" is not defined', None, request_with(nope=1)),
    "a number as thread id": Fault(400, "String cannot represent", None, request_with(threadId=7)),
    "an object as text": Fault(
        400,
        "String cannot represent",
        None,
        request_with(messages=[{**user("x"), "textMessage": {"role": "user", "content": {"a": 1}}}]),
    ),
    "a date in words": Fault(
        400,
        "DateTime cannot represent an invalid date-time-string yesterday.",
        None,
        request_with(messages=[{**user("x"), "createdAt": "yesterday"}]),
    ),
    "messages that are text": Fault(400, 'Variable "$data"', None, request_with(messages="hello")),
}

UNKNOWN = "UNKNOWN"
BAD_VALUES = {
    "a thread id with a control character": Fault(200, "thread id", UNKNOWN, request_with(threadId="a\u0000b")),
    "a thread id with a line feed": Fault(200, "thread id", UNKNOWN, request_with(threadId="a\nb")),
    "a thread id of ten thousand characters": Fault(
        200, "1 to 256 characters", UNKNOWN, request_with(threadId="x" * 10_000)
    ),
    "a run id with a control character": Fault(200, "run id", UNKNOWN, request_with(runId="a\u0007b")),
    "an agent name of a thousand characters": Fault(
        200, "was not found", "AGENT_NOT_FOUND", request_with(agentSession={"agentName": "x" * 1000})
    ),
    "an unknown agent": Fault(
        200,
        "Agent 'nobody' was not found. Available agents are: echo, stateful.",
        "AGENT_NOT_FOUND",
        request_with(agentSession={"agentName": "nobody"}),
    ),
    "a jsonSchema that is no JSON": Fault(
        200,
        "The jsonSchema of the action 'setColor' is not valid JSON.",
        UNKNOWN,
        request_with(frontend={"actions": [{"name": "setColor", "description": "", "jsonSchema": "{"}]}),
    ),
    "a jsonSchema that is no object": Fault(
        200,
        "The jsonSchema of the action 'setColor' is not a JSON object.",
        UNKNOWN,
        request_with(frontend={"actions": [{"name": "setColor", "description": "", "jsonSchema": "[]"}]}),
    ),
    "a deeply nested jsonSchema": Fault(
        200,
        "The jsonSchema of the action 'setColor' is not valid JSON.",
        UNKNOWN,
        request_with(frontend={"actions": [{"name": "setColor", "description": "", "jsonSchema": '{"a":' * DEEP}]}),
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
}

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
