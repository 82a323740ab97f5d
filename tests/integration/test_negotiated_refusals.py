"""What comes first in a request of several faults, and the status it has in each form (contract graphql §5, §8)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from agui_runtime.adapters.graphql.negotiation import INCREMENTAL_OFFERED, SINGLE_OFFERED
from tests.integration.host import Host
from tests.support.graphql_client import ask, chat, document, new_thread

EVENTS = {"accept": "text/event-stream", "content-type": "application/json"}
NOTHING_WE_HAVE = {"accept": "text/xml", "content-type": "application/json"}
ONLY_JSON = {"accept": "application/json", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("POST", b"{", 200),
        ("POST", b"{}", 200),
        ("POST", b'{"query": "{ hello"}', 200),
        ("POST", b'{"query": "{ nobody }"}', 200),
        ("POST", b"[]", 400),
        ("POST", b'{"foo": 1}', 400),
        ("POST", b'{"query": "query a { hello }", "operationName": "b"}', 400),
        ("PUT", b"{}", 405),
    ],
)
def test_an_event_stream_has_the_status_of_its_fault(host: Host, method: str, body: bytes, status: int) -> None:
    answer = ask(host.url, body, method=method, headers=EVENTS)
    assert (answer.status, answer.content_type) == (status, "text/event-stream")
    assert answer.result()["errors"]


@pytest.mark.parametrize("query", ["mutation { nobody }", "mutation { generateCopilotResponse { threadId } }"])
def test_a_mutation_by_get_is_refused_before_it_is_validated(host: Host, query: str) -> None:
    answer = ask(f"{host.url}?query={quote(query)}", method="GET", headers={"accept": "application/json"})
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("query", ["{ hello } { __typename }", "fragment f on Query { hello }"])
def test_which_operation_is_meant_is_looked_at_before_it_is_validated(host: Host, query: str) -> None:
    answer = ask(host.url, {"query": query})
    assert (answer.status, answer.error()["extensions"]["code"]) == (400, "OPERATION_RESOLUTION_FAILURE")


@pytest.mark.parametrize(
    ("body", "offered"),
    [(chat("text:1"), INCREMENTAL_OFFERED), ({"query": "{ hello }"}, SINGLE_OFFERED), (b"{", SINGLE_OFFERED)],
)
def test_a_client_that_takes_nothing_is_told_what_it_could_take(host: Host, body: Any, offered: str) -> None:
    answer = ask(host.url, body, headers=NOTHING_WE_HAVE)
    assert (answer.status, answer.headers["accept"], answer.body) == (406, offered, b"")


def test_a_content_type_that_is_none_of_ours_comes_before_what_is_accepted(host: Host) -> None:
    answer = ask(host.url, {"query": "{ hello }"}, headers={**NOTHING_WE_HAVE, "content-type": "text/plain"})
    assert (answer.status, answer.body) == (415, b"")


def test_wrong_variables_come_before_what_is_accepted(host: Host) -> None:
    answer = ask(host.url, {"query": document()}, headers=ONLY_JSON)
    assert answer.status == 400
    assert answer.error()["message"].startswith('Variable "$data" of required type')


@pytest.mark.parametrize("name", ["", "x" * 129])
@pytest.mark.parametrize("thread", ["", "thread-1", "x" * 257])
def test_a_name_that_no_agent_can_have_is_one_that_there_is_not(host: Host, name: str, thread: str) -> None:
    asked = {"query": document("loadAgentState"), "variables": {"data": {"threadId": thread, "agentName": name}}}
    run = chat("text:1", agentSession={"agentName": name})
    for answer in (ask(host.url, asked), ask(host.url, run)):
        assert answer.error()["extensions"]["code"] == "AGENT_NOT_FOUND"


@pytest.mark.parametrize("thread", ["", "x" * 257])
def test_an_id_that_no_thread_can_have_is_one_that_is_not_known(host: Host, thread: str) -> None:
    asked = {"query": document("loadAgentState"), "variables": {"data": {"threadId": thread, "agentName": "echo"}}}
    loaded: Mapping[str, Any] = ask(host.url, asked).json()["data"]["loadAgentState"]
    assert (loaded["threadId"], loaded["threadExists"]) == (thread, False)
    assert (loaded["state"], loaded["messages"]) == ("{}", "[]")


def test_the_public_key_goes_along_wherever_it_is_sent(host: Host) -> None:
    headers = {"x-copilotcloud-public-api-key": "public", **ONLY_JSON, "accept": "*/*"}
    body = chat("inspect", thread=new_thread(), agent="echo")
    (message,) = ask(host.url, body, headers=headers).response()["messages"]
    assert '"copilotCloudPublicApiKey":"public"' in "".join(message["content"])
