"""Stopping a run: contract agui §3, §7."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.host import Host
from tests.support.agui_client import HEADERS, LiveStream, opened, play, replay, run_input, send, types_of
from tests.support.aio import run
from tests.support.graphql_client import Answer, exchange

RUN = "/agent/default/run"


def stop_path(thread: str) -> str:
    return f"/agent/default/stop/{quote(thread, safe='')}"


def stopped_run(host: Host, scenario: str, thread: str, body: Any, *, until: str) -> tuple[Answer, list[Any]]:
    async def story() -> tuple[Answer, list[Any]]:
        async with opened(host.url + RUN, run_input(scenario, thread=thread, run_id="r1")) as stream:
            await stream.until(until)
            answer = await exchange(host.url + stop_path(thread), body, headers=HEADERS)
            return answer, [frame.event for frame in await stream.rest()]

    return run(story())


@pytest.mark.parametrize("body", [{"runId": "r1"}, {}, None])
def test_a_stopped_run_s_stream_ends_with_its_ids(host: Host, body: Any) -> None:
    thread = f"thread-stop-{body is None}-{bool(body)}"
    answer, events = stopped_run(host, "slow:100:30", thread, body, until='"w1 "')
    assert answer.json() == {
        "stopped": True,
        "interrupt": {"type": "RUN_ERROR", "message": "Run stopped by user", "code": "STOPPED"},
    }
    assert types_of(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]
    assert (events[-1]["threadId"], events[-1]["runId"]) == (thread, "r1")


def test_a_stopped_tool_call_has_a_result_that_says_so(host: Host) -> None:
    _, events = stopped_run(host, "slow-tool", "thread-stop-tool", None, until="TOOL_CALL_ARGS")
    assert types_of(events)[-3:] == ["TOOL_CALL_END", "TOOL_CALL_RESULT", "RUN_FINISHED"]
    assert json.loads(events[-2]["content"])["status"] == "stopped"


def test_an_id_with_a_slash_names_its_thread(host: Host) -> None:
    answer, _ = stopped_run(host, "slow:100:30", "a/b c", None, until='"w1 "')
    assert answer.json()["stopped"] is True


def test_a_stop_is_an_envelope_too(host: Host) -> None:
    url = host.at("/api/copilotkit-single")

    async def stop(stream: LiveStream) -> Answer:
        await stream.until('"w1 "')
        params = {"agentId": "default", "threadId": "thread-single-stop"}
        return await exchange(url, {"method": "agent/stop", "params": params}, headers=HEADERS)

    async def story() -> Answer:
        async with opened(url + RUN, run_input("slow:100:30", thread="thread-single-stop")) as stream:
            return await stop(stream)

    assert run(story()).json()["stopped"] is True


def test_a_run_begins_at_once_behind_a_stopped_one_and_both_are_read_later(host: Host) -> None:
    async def story() -> Answer:
        async with opened(host.url + RUN, run_input("slow:100:30", thread="thread-stop-run")) as stream:
            await stream.until('"w1 "')
            await exchange(host.url + stop_path("thread-stop-run"), headers=HEADERS)
            return await exchange(host.url + RUN, run_input("text:1", thread="thread-stop-run"), headers=HEADERS)

    assert "RUN_FINISHED" in run(story()).text
    assert types_of(replay(host.url, "thread-stop-run")).count("RUN_FINISHED") == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "No active run for thread 't-idle'."),
        ({}, "No active run for thread 't-idle'."),
        ({"runId": "r9"}, "Run 'r9' is not the active run for thread 't-idle'."),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_where_nothing_runs_nothing_is_stopped(host: Host, body: Any, message: str, known: bool) -> None:
    if known:
        play(host.url, "text:1", thread="t-idle")
    answer = send(host.url + stop_path("t-idle"), body)
    assert (answer.status, answer.json()) == (200, {"stopped": False, "message": message})


def test_another_run_is_not_stopped(host: Host) -> None:
    answer, events = stopped_run(host, "slow:6:30", "thread-stop-other", {"runId": "r2"}, until='"w1 "')
    assert answer.json()["stopped"] is False
    assert [event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"][-1] == "w5 "


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"threadId": "x"}, "Invalid stop request"),
        ({"runId": "r", "more": 1}, "Invalid stop request"),
        ([], "Invalid stop request"),
        ("text", "Invalid stop request"),
        ({"runId": ""}, "Invalid runId"),
        ({"runId": " "}, "Invalid runId"),
        ({"runId": 1}, "Invalid runId"),
        ({"runId": None}, "Invalid runId"),
        ({"runId": "a\nb"}, "Invalid runId"),
    ],
)
def test_a_broken_stop_is_refused_before_the_agent_is_looked_for(host: Host, body: Any, error: str) -> None:
    answer = send(f"{host.url}/agent/nope/stop/t", body)
    assert (answer.status, answer.json()) == (400, {"error": error})


def test_a_stop_that_is_no_json_is_refused(host: Host) -> None:
    assert send(host.url + stop_path("t"), b"{").json() == {"error": "Invalid stop request"}


def test_an_unknown_agent_stops_nothing(host: Host) -> None:
    assert send(f"{host.url}/agent/nope/stop/t").status == 404


def test_an_impossible_thread_has_no_run(host: Host) -> None:
    assert send(host.url + stop_path("x" * 300)).json()["stopped"] is False
