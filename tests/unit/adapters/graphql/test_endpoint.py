"""The endpoint's own part: what becomes of a whole answer and of a stream, without a server around it."""

import gc
import json
import weakref
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import evolve
from dependency_injector import providers

from agui_runtime.adapters.graphql.endpoint import GraphqlEndpoint
from agui_runtime.adapters.http.exchange import Request, Response
from agui_runtime.adapters.scripted import FunctionAgent, say
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.runs import RunInput
from tests.support.aio import run
from tests.unit.adapters.graphql.wire import operation, variables

CLIENTS = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"


async def writer(run_input: RunInput):  # type: ignore[no-untyped-def]
    for event in say("m", ["half an emoji \ud83d", "\ude00"]):
        yield event


def endpoint() -> GraphqlEndpoint:
    agents = providers.Object((FunctionAgent(writer),))
    found: GraphqlEndpoint = RuntimeContainer(settings=providers.Object(Settings()), agents=agents).graphql_endpoint()
    return found


def post(query: str, *, accept: str = CLIENTS, variables_: Any = None, **headers: str) -> Request:
    body = json.dumps({"query": query, "variables": variables_ or {}}).encode()
    return Request("POST", "", headers={"content-type": "application/json", "accept": accept, **headers}, body=body)


def generate(**headers: str) -> Request:
    given = variables("1.10.6")
    given["data"]["agentSession"] = {"agentName": "writer"}
    return post(operation("1.10.6"), variables_=given, **headers)


async def read(response: Response) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    pieces = [piece async for piece in response.body]
    await response.body.aclose()
    return b"".join(pieces)


def ask(request: Request) -> tuple[int, dict[str, str], bytes]:
    async def test() -> tuple[int, dict[str, str], bytes]:
        response = await endpoint().handle(request)
        return response.status, dict(response.headers), await read(response)

    return run(test())


def parts_of(body: bytes) -> list[Any]:
    return [json.loads(part.split(b"\r\n\r\n", 1)[1]) for part in body.split(b"\r\n---")[1:-1] if b"\r\n\r\n" in part]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (CLIENTS, "application/graphql-response+json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("multipart/mixed", 'multipart/mixed; boundary="-"'),
        ("text/event-stream", "text/event-stream"),
    ],
)
def test_a_whole_answer_takes_the_form_that_is_accepted(accept: str, content_type: str) -> None:
    status, headers, body = ask(post("{ hello }", accept=accept))
    assert (status, headers["content-type"]) == (200, content_type)
    assert b'{"data":{"hello":"Hello World"}}' in body


def test_an_unknown_form_is_answered_406_with_what_there_is() -> None:
    status, headers, body = ask(post("{ hello }", accept="application/xml"))
    assert (status, body) == (406, b"")
    assert "multipart/mixed" in headers["accept"]


def test_a_streaming_operation_is_refused_before_the_agent_runs_where_no_stream_is_accepted() -> None:
    status, headers, body = ask(evolve(generate(), headers={**generate().headers, "accept": "application/json"}))
    assert (status, body) == (406, b"")
    assert headers["accept"] == "text/event-stream; charset=utf-8, multipart/mixed"


def test_text_that_has_no_utf_8_is_escaped_and_does_not_break_the_stream() -> None:
    status, _, body = ask(generate())
    assert status == 200
    parts = parts_of(body)
    items = [entry["items"] for part in parts for entry in part.get("incremental", ()) if "content" in entry["path"]]
    assert items == [["half an emoji \ud83d"], ["\ude00"]]
    assert parts[-1]["hasNext"] is False


def test_a_stream_of_events_says_when_it_is_complete() -> None:
    _, headers, body = ask(evolve(generate(), headers={**generate().headers, "accept": "text/event-stream"}))
    assert headers["content-type"] == "text/event-stream"
    assert body.startswith(b":\n\nevent: next\ndata: {")
    assert body.endswith(b"event: complete\ndata:\n\n")


@pytest.mark.parametrize(("sent", "echoed"), [("1.10.6", "1.10.6"), ("", None), ("1\r\nx: y", None), ("1.é", None)])
def test_the_clients_own_version_is_echoed_where_it_is_one(sent: str, echoed: str | None) -> None:
    _, headers, _ = ask(post("{ hello }", **{"x-copilotkit-runtime-client-gql-version": sent}))
    assert headers.get("x-copilotkit-runtime-version") == echoed


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), ("application/graphql-response+json", 400)])
def test_a_document_that_cannot_be_executed_has_the_status_of_its_form(accept: str, status: int) -> None:
    assert ask(post("{ nothing }", accept=accept))[0] == status


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), ("application/graphql-response+json", 400)])
def test_a_request_without_a_query_has_the_status_of_its_form(accept: str, status: int) -> None:
    found, headers, body = ask(Request("GET", "", headers={"accept": accept}))
    assert (found, headers["allow"]) == (status, "GET, POST")
    assert json.loads(body)["errors"][0]["message"] == "Must provide query string."


def test_a_mutation_by_get_is_not_allowed() -> None:
    request = Request("GET", "", query=urlencode({"query": operation("1.10.6")}), headers={"accept": CLIENTS})
    status, headers, _ = ask(request)
    assert (status, headers["allow"]) == (405, "POST")


def test_an_operation_that_is_not_named_among_several_is_told_so() -> None:
    status, _, body = ask(post("query a { hello } query b { hello }"))
    assert status == 400
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "OPERATION_RESOLUTION_FAILURE"


UNUSUAL = """mutation M($data: GenerateCopilotResponseInput!) {
  generateCopilotResponse(data: $data) { messages @stream(initialCount: 1001) { id } }
}"""


class _Counting:
    def __init__(self) -> None:
        self.counted: list[tuple[str, dict[str, str]]] = []

    def count(self, name: str, _value: int = 1, **attributes: str) -> None:
        self.counted.append((name, attributes))


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (operation("1.10.6"), []),
        (UNUSUAL, [("graphql.fallbacks", {"reason": "initialCount"})]),
        ("{ hello }", []),
    ],
)
def test_what_graphql_core_must_stream_is_counted(text: str, counted: Any) -> None:
    async def test() -> Any:
        telemetry = _Counting()
        container = RuntimeContainer(
            settings=providers.Object(Settings()), agents=providers.Object((FunctionAgent(writer),))
        )
        container.graphql_endpoint.add_kwargs(telemetry=telemetry)
        container.graphql_endpoint.set_args(*container.graphql_endpoint.args[:2])
        given = {"data": {**variables("1.10.6")["data"], "agentSession": {"agentName": "writer"}}}
        await read(await container.graphql_endpoint().handle(post(text, variables_=given if "data" in text else {})))
        return telemetry.counted

    assert run(test()) == counted


@pytest.mark.parametrize("query", ["{ hello }", "{ availableAgents { agents { name } } }", "{ nothing }"])
def test_what_a_request_has_made_is_gone_with_its_answer(query: str) -> None:
    """Nothing holds itself, so nothing waits for the garbage collector."""

    async def test() -> None:
        asked = endpoint()
        await asked.handle(post(query))
        gc.collect()
        gc.disable()
        try:
            request = post(query)
            made = weakref.ref(request)
            await asked.handle(request)
            del request
            assert made() is None
        finally:
            gc.enable()

    run(test())
