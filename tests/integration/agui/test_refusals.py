"""What bad requests get, before any stream and within it: contract agui §1, §3."""

import json
from typing import Any

import pytest

from tests.conformance.agui_agents import agui_agents
from tests.integration.host import Host
from tests.support.agui_client import events_of, play, run_input, send
from tests.support.aio import run
from tests.support.graphql_client import Answer, exchange
from tests.support.serving import runtime, serving

RUN = "/agent/default/run"
USER = {"id": "u", "role": "user", "content": "text:1"}


def refused(host: Host, body: Any, path: str = RUN) -> Any:
    answer = send(host.url + path, body)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


@pytest.mark.parametrize("path", [RUN, "/agent/default/suggest"])
@pytest.mark.parametrize("body", [b"", b"   ", b"{nope", b"\xff\xfe", b'{"threadId":"t"', b"NaN"])
def test_a_body_that_is_no_json_is_refused(host: Host, path: str, body: bytes) -> None:
    found = refused(host, body, path)
    assert found["error"] == "Invalid request body"
    assert found["details"]


def test_the_place_where_json_breaks_is_told(host: Host) -> None:
    assert "line 1 column 2" in refused(host, b"{nope")["details"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ([], "expected an object, not an array @ $"),
        ({"runId": "r", "messages": []}, "required field missing @ $.threadId"),
        ({"threadId": "t", "messages": []}, "required field missing @ $.runId"),
        ({"threadId": "t", "runId": "r"}, "required field missing @ $.messages"),
        (run_input(messages=[{**USER, "role": "robot"}]), "@ $.messages[0]"),
        (run_input(messages=[USER, {"id": "1", "role": "tool", "content": "x"}]), "@ $.messages[1].toolCallId"),
        (run_input(messages=[{**USER, "content": [{"type": "text"}]}]), "@ $.messages[0].content[0].text"),
        (run_input(messages={"0": USER}), "expected an array, not an object @ $.messages"),
        (run_input(tools=[{"name": 1}]), "@ $.tools[0].name"),
        (run_input(context=[{"description": "d", "value": {}}]), "@ $.context[0].value"),
        (run_input(forwardedProps=[]), "@ $.forwardedProps"),
        (run_input(resume=[{"interruptId": "i", "status": "maybe"}]), "@ $.resume[0].status"),
        (run_input(resume=[{"status": "resolved"}]), "@ $.resume[0].interruptId"),
        (run_input(threadId=""), "@ $.threadId"),
        (run_input(threadId="x" * 257), "@ $.threadId"),
        (run_input(runId="a\nb"), "@ $.runId"),
    ],
)
def test_a_body_that_breaks_the_schema_is_refused_with_the_path_of_the_fault(host: Host, body: Any, fault: str) -> None:
    assert fault in refused(host, body)["details"]


@pytest.mark.parametrize("operation", ["run", "suggest"])
def test_an_unknown_agent_is_found_out_before_the_body(host: Host, operation: str) -> None:
    answer = send(f"{host.url}/agent/nope/{operation}", b"{nope")
    assert answer.status == 404
    assert answer.json() == {"error": "Agent not found", "message": "Agent 'nope' does not exist"}


@pytest.mark.parametrize("agent", ["a%0Ab", "x" * 129, "%20"])
def test_an_impossible_agent_does_not_exist_either(host: Host, agent: str) -> None:
    assert send(f"{host.url}/agent/{agent}/run", run_input("text:1")).status == 404


def not_allowed(answer: Answer) -> str:
    assert (answer.status, answer.json()) == (405, {"error": "Method not allowed"})
    return answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", RUN, "POST"),
        ("PUT", RUN, "POST"),
        ("POST", "/info", "GET"),
        ("DELETE", "/info", "GET"),
        ("GET", "/annotate", "POST"),
        ("POST", "/inspector-metadata", "GET"),
    ],
)
def test_a_wrong_verb_is_told_the_right_ones(host: Host, method: str, path: str, allowed: str) -> None:
    assert not_allowed(send(host.url + path, method=method)) == allowed


@pytest.mark.parametrize("path", ["/nothing", "/agent/default", "/agent//run", "/agent/%FF/run"])
def test_an_unknown_path_is_not_found(host: Host, path: str) -> None:
    answer = send(host.url + path, method="GET")
    assert (answer.status, answer.json()) == (404, {"error": "Not found"})


@pytest.mark.parametrize(
    ("envelope", "status", "message"),
    [
        ({"method": "agent/fly"}, 400, "Unsupported method 'agent/fly'"),
        ({"method": "agent/run", "body": {}}, 400, "Missing or invalid parameter 'agentId'"),
        ({"method": "agent/run", "params": {"agentId": "default"}}, 400, "Missing request body for JSON handler"),
    ],
)
def test_a_broken_envelope_is_told_what_is_wrong(
    host: Host, envelope: dict[str, Any], status: int, message: str
) -> None:
    answer = send(host.url, envelope)
    assert (answer.status, answer.json()) == (status, {"error": "invalid_request", "message": message})


def test_an_envelope_s_body_is_checked_as_any_other(host: Host) -> None:
    envelope = {"method": "agent/run", "params": {"agentId": "default"}, "body": {"threadId": "t"}}
    answer = send(host.at("/api/copilotkit-single"), envelope)
    assert answer.status == 400
    assert "@ $.runId" in answer.json()["details"]


def test_an_agent_that_refuses_is_heard_in_a_stream_of_one_event(host: Host) -> None:
    (event,) = play(host.url, "error-before")
    event.pop("correlationId")
    assert event == {"type": "RUN_ERROR", "message": "boom before start", "code": "INCOMPLETE_STREAM"}


@pytest.mark.parametrize("scenario", ["error-mid", "error-mid:sync"])
def test_an_agent_that_breaks_has_said_what_it_said(host: Host, scenario: str) -> None:
    events = play(host.url, scenario)
    assert [event.get("delta") for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"] == ["partial"]
    assert events[-2]["type"] == "TEXT_MESSAGE_END"
    assert events[-1] == {"type": "RUN_ERROR", "message": "boom mid", "code": "INCOMPLETE_STREAM"}


def test_an_impossible_order_fails_the_run_and_is_named(host: Host) -> None:
    error = play(host.url, "bad-order")[-1]
    assert error["type"] == "RUN_ERROR"
    assert "TEXT_MESSAGE_CONTENT" in error["message"]


def test_a_patch_that_cannot_be_applied_fails_the_run_and_names_the_pointer(host: Host) -> None:
    error = play(host.url, "delta-only:replace")[-1]
    assert error["type"] == "RUN_ERROR"
    assert "/count" in error["message"]


def test_an_agent_that_says_nothing_of_its_end_is_incomplete(host: Host) -> None:
    events = play(host.url, "no-finish")
    assert json.loads(events[-2]["content"])["reason"] == "missing_terminal_event"
    assert events[-1]["code"] == "INCOMPLETE_STREAM"


def test_a_body_over_the_limit_is_refused_with_the_limit_named() -> None:
    async def ask() -> Answer:
        async with serving(runtime(agents=agui_agents(), environment={"AGUI_MAX_BODY_BYTES": "1000"})) as url:
            return await exchange(url + RUN, run_input("x" * 1000))

    answer = run(ask())
    assert answer.status == 413
    assert "1000 bytes" in answer.json()["message"]


def test_every_answer_has_the_request_s_own_id(host: Host) -> None:
    headers = {"content-type": "application/json", "x-request-id": "my-request"}
    for path, body in ((RUN, run_input("text:1")), ("/nothing", None), (RUN, b"{")):
        assert send(host.url + path, body, headers=headers).headers["x-request-id"] == "my-request"
    (event,) = events_of(send(host.url + RUN, run_input("error-before"), headers=headers))
    assert event["correlationId"] == "my-request"
