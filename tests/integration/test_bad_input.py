"""Every fault of a caller gets the contract's status and words for people, and tells nothing of the inside (§8)."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import pytest

from tests.integration.faults import (
    BAD_VALUES,
    DEEP,
    HELLO,
    HTTP_FAULTS,
    JSON,
    REFUSED,
    TOO_LARGE_DOCUMENTS,
    WRONG_VARIABLES,
    Fault,
    request_with,
)
from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, Answer, ask, exchange, user
from tests.support.leaks import assert_leaks_nothing
from tests.support.serving import runtime, serving


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


@pytest.mark.parametrize(("query", "words"), TOO_LARGE_DOCUMENTS.values(), ids=TOO_LARGE_DOCUMENTS)
def test_a_document_that_costs_too_much_is_refused(host: Host, query: str, words: str) -> None:
    answer = ask(host.url, {"query": query}, headers=JSON)
    assert_leaks_nothing(answer)
    assert answer.status == 200
    assert words in answer.error()["message"]


@pytest.mark.parametrize("text", ["[" * DEEP, "{", "7", '"x"', '{"a":' * DEEP])
def test_a_state_that_is_no_json_object_counts_as_empty(host: Host, text: str) -> None:
    body = request_with(agentSession={"agentName": "echo"}, agentStates=[{"agentName": "echo", "state": text}])
    answer = ask(host.url, body)
    assert_leaks_nothing(answer)
    assert answer.response()["status"]["code"] == "Success"


@pytest.mark.parametrize("arguments", ["[" * DEEP, "{", ""])
def test_a_tool_call_with_arguments_that_are_no_json_is_left_out(host: Host, arguments: str) -> None:
    call = {"id": "call-9", "createdAt": "2025-01-02T03:04:05.678Z"}
    call["actionExecutionMessage"] = {"name": "setColor", "arguments": arguments}  # type: ignore[assignment]
    answer = ask(host.url, request_with(messages=[call, user("inspect")]))
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
