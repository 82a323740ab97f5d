"""A thread read again: its past, its live run, and the place where a reader was: contract agui §7."""

from typing import Any

import pytest

from tests.integration.host import Host
from tests.support.agui_client import Frame, frames_of, opened, play, replay, run_input, send, types_of
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange

CONNECT = "/agent/default/connect"
RUN = "/agent/default/run"


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"]


@pytest.mark.parametrize("path", ["/api/copilotkit", "/api/copilotkit-single"])
def test_an_unknown_thread_is_an_empty_stream(host: Host, path: str) -> None:
    answer = send(host.at(path) + CONNECT, run_input())
    assert (answer.status, answer.body, answer.content_type) == (200, b"", "text/event-stream")


def test_the_past_is_told_with_what_the_user_said(host: Host) -> None:
    play(host.url, "text:3", thread="thread-past")
    events = replay(host.url, "thread-past")
    assert [message["content"] for message in events[0]["input"]["messages"]] == ["text:3"]
    assert texts(events) == ["w0 w1 w2 "]


def test_connecting_is_no_run(host: Host) -> None:
    play(host.url, "text:1", thread="thread-looked-at")
    for _ in range(2):
        assert types_of(replay(host.url, "thread-looked-at")).count("RUN_STARTED") == 1


@pytest.mark.parametrize("last", ["text:1", "error-mid", "interrupt"])
def test_runs_of_every_ending_are_read_to_the_last(host: Host, last: str) -> None:
    thread = f"thread-endings-{last}"
    for text in ("text:1", "error-mid", "error-event", "no-finish", "interrupt", last):
        play(host.url, text, thread=thread)
    events = replay(host.url, thread)
    ends = [name for name in types_of(events) if name in {"RUN_FINISHED", "RUN_ERROR"}]
    assert len(ends) == 6
    assert "RUN_ERROR" not in ends[:-1], "clients before 0.0.59 take no run behind an error"
    assert types_of(events)[-1] == ends[-1] == ("RUN_ERROR" if last == "error-mid" else "RUN_FINISHED")


def test_a_failure_of_the_past_can_still_be_told_apart(host: Host) -> None:
    for text in ("error-event", "text:1"):
        play(host.url, text, thread="thread-failed-once")
    first = next(event for event in replay(host.url, "thread-failed-once") if event["type"] == "RUN_FINISHED")
    assert first["metadata"] == {"error": {"message": "declared failure", "code": "E_DECLARED"}}


def test_the_state_comes_back_at_the_end(host: Host) -> None:
    play(host.url, "state", thread="thread-with-state")
    events = replay(host.url, "thread-with-state")
    assert types_of(events)[-2:] == ["STATE_SNAPSHOT", "RUN_FINISHED"]
    assert events[-2]["snapshot"]["items"] == ["y", "x"]


def test_a_second_reader_joins_a_live_run(host: Host) -> None:
    async def story() -> tuple[list[Frame], list[Frame]]:
        body = run_input("slow:10:30", thread="thread-two-tabs")
        async with opened(host.url + RUN, body) as first:
            await first.until('"w2 "')
            async with opened(host.url + CONNECT, run_input(thread="thread-two-tabs")) as second:
                return await second.rest(), await first.rest()

    joined, whole = run(story())
    assert [frame.event for frame in joined] == [frame.event for frame in whole]


def test_a_dropped_connection_changes_nothing(host: Host) -> None:
    async def story() -> list[Frame]:
        async with opened(host.url + RUN, run_input("slow:10:30", thread="thread-dropped")) as stream:
            await stream.until('"w2 "')
        async with opened(host.url + CONNECT, run_input(thread="thread-dropped")) as again:
            return await again.rest()

    events = [frame.event for frame in run(story())]
    assert "".join(texts(events)) == "".join(f"w{index} " for index in range(10))
    assert types_of(events)[-1] == "RUN_FINISHED"


@pytest.mark.parametrize("named", ["header", "body"])
def test_a_reader_goes_on_behind_the_last_event_it_saw(host: Host, named: str) -> None:
    async def story() -> tuple[list[Frame], list[Frame]]:
        thread = f"thread-resumed-{named}"
        async with opened(host.url + RUN, run_input("slow:8:30", thread=thread)) as stream:
            await stream.until('"w3 "')
            seen = frames_of(stream.raw.decode().rpartition("\n\n")[0] + "\n\n")
        last = seen[-1].id or ""
        headers = {"last-event-id": last} if named == "header" else {}
        body = run_input(thread=thread, **({} if headers else {"lastSeenEventId": last}))
        async with opened(host.url + CONNECT, body, headers) as again:
            return seen, await again.rest()

    seen, rest = run(story())
    assert "".join(texts([frame.event for frame in (*seen, *rest)])) == "".join(f"w{index} " for index in range(8))
    assert "RUN_STARTED" not in types_of([frame.event for frame in rest])


def test_a_reader_that_goes_on_in_a_run_that_failed_is_told_which_run_that_was(host: Host) -> None:
    first = run_input("error-mid", thread="thread-resumed-failed")
    begun = frames_of(send(host.url + RUN, first).body.decode())[0]
    play(host.url, "text:1", thread="thread-resumed-failed")
    rest = replay(host.url, "thread-resumed-failed", lastSeenEventId=begun.id)
    ends = [event["runId"] for event in rest if event["type"] == "RUN_FINISHED"]
    assert ends[0] == first["runId"]
    assert len(ends) == 2


@pytest.mark.parametrize("last", ["x", "999999", "0", "-1", "1-ffff", ""])
def test_a_place_that_is_none_means_everything(host: Host, last: str) -> None:
    thread = f"thread-place-{last}"
    play(host.url, "text:2", thread=thread)
    assert replay(host.url, thread, lastSeenEventId=last) == replay(host.url, thread)


def test_a_thread_of_a_graphql_client_is_read_by_an_agui_client(host: Host) -> None:
    run(exchange(host.url, chat("text:2", thread="thread-of-both", agent="echo")))
    events = replay(host.url, "thread-of-both")
    assert [message["role"] for message in events[0]["input"]["messages"]] == ["user"]
    assert texts(events) == ["chunk0 chunk1 "]


def test_a_suggestion_leaves_nothing_behind(host: Host) -> None:
    send(host.url + "/agent/default/suggest", run_input("text:1", thread="thread-suggested"))
    assert send(host.url + CONNECT, run_input(thread="thread-suggested")).body == b""


@pytest.mark.parametrize("body", [b"{", {"threadId": "t"}])
def test_a_connection_s_body_is_checked(host: Host, body: Any) -> None:
    assert send(host.url + CONNECT, body).status == 400
