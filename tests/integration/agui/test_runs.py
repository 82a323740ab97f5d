"""Runs over real HTTP, on either transport: contract agui §1, §3, §7."""

from typing import Any

import pytest

from tests.integration.host import Host
from tests.support.agui_client import events_of, frames_of, opened, play, run_input, send, types_of
from tests.support.aio import run

SINGLE = "/api/copilotkit-single"


def test_a_run_is_a_stream_of_events(host: Host) -> None:
    events = play(host.url, "text:2", thread="own-thread", run_id="own-run")
    assert types_of(events) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert (events[-1]["threadId"], events[-1]["runId"]) == ("own-thread", "own-run")


def test_an_envelope_is_a_run_too(host: Host) -> None:
    body = {"method": "agent/run", "params": {"agentId": "other"}, "body": run_input("text:1")}
    for path in (SINGLE, f"{SINGLE}/"):
        assert types_of(events_of(send(host.at(path), body)))[-1] == "RUN_FINISHED"


def test_both_transports_are_served_on_one_path(host: Host) -> None:
    assert play(host.at(SINGLE), "text:1")[-1]["type"] == "RUN_FINISHED"
    graphql = send(host.at(SINGLE), {"query": "{ hello }"}, headers={"content-type": "application/json"})
    assert graphql.json() == {"data": {"hello": "Hello World"}}


@pytest.mark.parametrize("accept", ["text/event-stream", "application/vnd.ag-ui.event+proto", "application/json", ""])
def test_the_answer_is_sse_whatever_is_accepted(host: Host, accept: str) -> None:
    answer = send(f"{host.url}/agent/default/run", run_input("text:1"), headers={"accept": accept})
    assert answer.headers["content-type"] == "text/event-stream"
    assert types_of(events_of(answer))[-1] == "RUN_FINISHED"


def test_a_stream_has_the_headers_that_keep_proxies_from_holding_it_back(host: Host) -> None:
    async def ask() -> dict[str, str]:
        async with opened(f"{host.url}/agent/default/run", run_input("text:1")) as stream:
            return {name.lower(): value for name, value in stream.response.headers.items()}

    headers = run(ask())
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"
    assert headers["connection"] == "keep-alive"


def test_every_event_names_its_place(host: Host) -> None:
    frames = frames_of(send(f"{host.url}/agent/default/run", run_input("text:3")).text)
    assert all(frame.id for frame in frames)
    assert len({frame.id for frame in frames}) == len(frames)


def test_a_run_id_may_come_again(host: Host) -> None:
    for text in ("text:1", "text:2"):
        events = play(host.url, text, thread="thread-same-run", run_id="the-same")
        assert {events[0]["runId"], events[-1]["runId"]} == {"the-same"}


def test_the_input_is_told_with_the_messages_that_are_new(host: Host) -> None:
    first = run_input("text:1", thread="thread-new-messages")
    play(host.url, thread="thread-new-messages", messages=first["messages"])
    second = {"id": "second", "role": "user", "content": "text:1"}
    events = play(host.url, thread="thread-new-messages", messages=[*first["messages"], second])
    assert events[0]["input"]["messages"] == [second]


@pytest.mark.parametrize("state", [{"a": {"b": [1]}}, ["a", 1], "text", 7, True])
def test_a_state_may_be_any_json(host: Host, state: Any) -> None:
    events = play(host.url, "echo-input", state=state)
    assert events[0]["input"]["state"] == state


@pytest.mark.parametrize("given", [{"state": None}, {"bogus": 1}, {"parentRunId": None}, {"resume": None}])
def test_null_means_absent_and_unknown_keys_are_nobody_s_business(host: Host, given: dict[str, Any]) -> None:
    assert types_of(play(host.url, "text:1", **given))[-1] == "RUN_FINISHED"


def test_tools_and_context_may_be_absent(host: Host) -> None:
    body = {key: value for key, value in run_input("text:1").items() if key in {"threadId", "runId", "messages"}}
    assert types_of(events_of(send(f"{host.url}/agent/default/run", body)))[-1] == "RUN_FINISHED"


def test_the_agent_is_given_all_that_the_client_sent(host: Host) -> None:
    tool = {"name": "setColor", "description": "", "parameters": {"type": "object"}}
    entry = {"description": "page", "value": "home"}
    events = play(host.url, "echo-input", tools=[tool], context=[entry], forwardedProps={"a": 1}, state={"s": 1})
    text = "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")
    assert text == (
        '{"tools":["setColor"],"context":[{"description":"page","value":"home"}],'
        '"forwardedProps":{"a":1},"state":{"s":1},"n":1}'
    )


@pytest.mark.parametrize("held", [{"data": "aGk="}, {"url": "https://a/b.png"}, {"id": "file-1", "filename": "b.png"}])
def test_parts_of_old_clients_are_taken_and_told_as_they_came(host: Host, held: dict[str, str]) -> None:
    content = [{"type": "text", "text": "text:1"}, {"type": "binary", "mimeType": "image/png", **held}]
    message = {"id": "u", "role": "user", "content": content}
    events = play(host.url, messages=[message])
    assert events[0]["input"]["messages"] == [message], "those clients refuse every newer form"
    assert types_of(events)[-1] == "RUN_FINISHED"


def test_parts_of_new_clients_are_told_as_they_came(host: Host) -> None:
    image = {"type": "image", "source": {"type": "data", "value": "aGk=", "mimeType": "image/png"}}
    message = {"id": "u", "role": "user", "content": [{"type": "text", "text": "text:1"}, image]}
    assert play(host.url, messages=[message])[0]["input"]["messages"] == [message]


def test_chunks_never_reach_the_wire(host: Host) -> None:
    assert not [name for name in types_of(play(host.url, "chunks")) if name.endswith("_CHUNK")]


def test_a_suggestion_tells_nothing_of_its_input(host: Host) -> None:
    tools = [{"name": "copilotkitSuggest", "description": "", "parameters": {}}]
    answer = send(f"{host.url}/agent/default/suggest", run_input("", tools=tools))
    frames = frames_of(answer.text)
    assert "input" not in frames[0].event
    assert {frame.id for frame in frames} == {None}
    assert frames[-1].event["type"] == "RUN_FINISHED"
