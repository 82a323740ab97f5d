"""A response comes as it is made: in time, in order, whole, in the contract's bytes (contract graphql §5)."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from agui_runtime.adapters.scripted import FunctionAgent, ScriptedModel, say
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain import events as e
from agui_runtime.domain.runs import RunInput
from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import ask, chat, exchange, new_thread, streaming
from tests.support.incremental import Payload, entries_of, merge
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

CHUNKS = 4
MORE_THAN_SOCKETS_HOLD = 30_000
"""Chunks of about 130 bytes each, which makes more than Linux buffers for a connection."""


def _items(payload: Payload) -> list[Any]:
    return [item for entry in payload.get("incremental", ()) for item in entry.get("items", ())]


def _texts(payload: Payload) -> list[str]:
    return [item for item in _items(payload) if isinstance(item, str)]


@pytest.mark.parametrize("agent", [None, "paced"], ids=["model", "agent"])
def test_the_first_part_comes_before_anything_is_said(agent: str | None) -> None:
    async def scenario() -> None:
        paced = Paced(1)
        async with (
            serving(runtime(model=paced.model(), agents=(paced.agent(),))) as url,
            streaming(url, chat("go", agent=agent)) as stream,
        ):
            first = await stream.next()
            assert first["hasNext"] is True
            assert first["data"]["generateCopilotResponse"]["messages"] == []

    run(scenario())


@pytest.mark.parametrize("agent", [None, "paced"], ids=["model", "agent"])
def test_each_chunk_arrives_before_the_next_is_made(agent: str | None) -> None:
    async def scenario() -> None:
        paced = Paced(CHUNKS)
        async with (
            serving(runtime(model=paced.model(), agents=(paced.agent(),))) as url,
            streaming(url, chat("go", agent=agent)) as stream,
        ):
            await stream.next()
            for index in range(CHUNKS):
                paced.allow()
                await stream.until(f'"chunk{index} "')
                # Without the delimiter behind it, a client would see the part one step late.
                assert stream.raw.endswith(b"\r\n---")
            paced.allow()
            assert [text for payload in await stream.rest() for text in _texts(payload)] == [
                f"chunk{index} " for index in range(CHUNKS)
            ]

    run(scenario())


def test_paced_chunks_come_as_parts_of_their_own_at_their_pace(host: Host) -> None:
    async def scenario() -> None:
        async with streaming(host.url, chat("slow:10:50")) as stream:
            payloads = await stream.rest()
            arrivals = [
                (text, at) for payload, at in zip(payloads, stream.times, strict=True) for text in _texts(payload)
            ]
        assert [text for text, _ in arrivals] == [f"chunk{index} " for index in range(10)]
        assert all(earlier < later for (_, earlier), (_, later) in pairwise(arrivals))
        # Eight pauses lie between the second chunk and the last; three are asked for, since machines stall.
        assert arrivals[-1][1] - arrivals[1][1] > 3 * 0.05

    run(scenario())


def test_a_burst_of_five_thousand_chunks_arrives_whole(host: Host) -> None:
    response = ask(host.url, chat("long:5000")).response()
    (message,) = response["messages"]
    assert message["content"] == [f"chunk-{index:06}-abcdef " for index in range(5000)]
    assert response["status"]["code"] == "Success"


def test_a_slow_reader_gets_everything(host: Host) -> None:
    async def scenario() -> None:
        async with streaming(host.url, chat(f"long:{MORE_THAN_SOCKETS_HOLD}"), buffer=4096) as stream:
            await stream.next()
            await asyncio.sleep(0.3)
            for _ in range(20):
                await stream.more()
                await asyncio.sleep(0.01)
            response = merge(await stream.rest())["data"]["generateCopilotResponse"]
        assert len(response["messages"][0]["content"]) == MORE_THAN_SOCKETS_HOLD
        assert response["status"]["code"] == "Success"

    run(scenario())


def test_a_reader_that_takes_nothing_holds_nobody_up(host: Host) -> None:
    async def scenario() -> None:
        async with streaming(host.url, chat(f"long:{MORE_THAN_SOCKETS_HOLD}"), buffer=4096) as idle:
            await idle.next()
            answers = await asyncio.gather(*(exchange(host.url, chat("text:3")) for _ in range(5)))
            assert [len(answer.response()["messages"][0]["content"]) for answer in answers] == [3] * 5
            idle.hang_up()

    run(scenario())


SCENARIOS = ["text:5", "two", "interleaved", "texttool", "twoserver", "serveraction-slow", "error-mid", "meta-text"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_messages_status_comes_after_its_last_chunk(host: Host, scenario: str) -> None:
    ended: set[int] = set()
    statuses = 0
    for entry in entries_of(ask(host.url, chat(scenario)).payloads()):
        match entry["path"]:
            case [_, "messages", index] if "status" in (entry.get("data") or {}):
                ended.add(index)
                statuses += 1
            case [_, "messages", index, *_]:
                assert index not in ended, f"{entry} after the status of its message"
            case _:
                pass
    assert statuses == len(ended) > 0


@pytest.mark.parametrize("scenario", [*SCENARIOS, "empty", "error-stream", "serveraction", "callagent"])
def test_the_responses_status_comes_last(host: Host, scenario: str) -> None:
    paths = [entry["path"] for entry in entries_of(ask(host.url, chat(scenario)).payloads())]
    assert paths.count(["generateCopilotResponse"]) == 1
    assert paths[-1] == ["generateCopilotResponse"]


def test_the_framing_is_the_contracts_byte_for_byte(host: Host) -> None:
    answer = ask(host.url, chat("unicode"))
    expected = "\r\n---"
    for payload in answer.payloads():
        text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
        head = f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(text.encode())}"
        expected += f"\r\n{head}\r\n\r\n{text}\r\n---"
    expected += "--\r\n"
    assert answer.text == expected
    assert answer.headers["content-type"] == 'multipart/mixed; boundary="-"'
    assert answer.headers["transfer-encoding"] == "chunked"


def test_a_text_that_looks_like_a_delimiter_stays_a_text(host: Host) -> None:
    (message,) = ask(host.url, chat("unicode")).response()["messages"]
    assert message["content"] == ["héllo 🌍 ", "\r\n---\r\n", '"quoted" \\ back\t', "\u2028\u0000end", "日本"]


def test_a_client_that_hangs_up_right_after_the_last_part_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async def script(request: ModelRequest) -> AsyncIterator[e.Event]:
            for event in say("msg-1", ["hello"]):
                yield event

        async with serving(runtime(model=ScriptedModel(script))) as url:
            for _ in range(5):
                async with streaming(url, chat("go")) as stream:
                    await stream.until('"hasNext":false')
                    stream.hang_up()
            assert (await exchange(url, chat("go"))).response()["status"]["code"] == "Success"

    with caplog.at_level(logging.WARNING):
        run(scenario())
    assert caplog.records == []


def test_a_run_over_its_number_of_events_is_failed_with_the_limit_named() -> None:
    async def scenario() -> Payload:
        async def script(request: ModelRequest) -> AsyncIterator[e.Event]:
            yield e.TextMessageStart("msg-1")
            while True:
                yield e.TextMessageContent("msg-1", "on and ")

        container = runtime(environment={"AGUI_MAX_RUN_EVENTS": "50"}, model=ScriptedModel(script))
        async with serving(container) as url:
            return (await exchange(url, chat("go"))).response()

    response = run(scenario())
    assert response["status"]["reason"] == "UNKNOWN_ERROR"
    assert "more than 50 events" in response["status"]["details"]["description"]
    (message,) = response["messages"]
    assert message["status"]["code"] == "Failed"
    assert len(message["content"]) == 49


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AGUI_MAX_RUN_BYTES": "100"}, "more than 100 bytes of output"),
        ({"AGUI_MAX_RUN_SECONDS": "0.2"}, "longer than 0.2 seconds"),
    ],
    ids=["bytes", "seconds"],
)
def test_a_run_over_another_limit_is_failed_with_the_limit_named(environment: dict[str, str], words: str) -> None:
    async def scenario() -> Payload:
        async def talkative(run_input: RunInput) -> AsyncIterator[str]:
            while True:
                yield "on and "
                await asyncio.sleep(0.001 if "AGUI_MAX_RUN_BYTES" in environment else 0.05)

        container = runtime(environment=environment, agents=(FunctionAgent(talkative),))
        async with serving(container) as url:
            return (await exchange(url, chat("go", agent="talkative"))).response()

    assert words in run(scenario())["status"]["details"]["description"]


def test_an_event_stream_carries_the_same_payloads(host: Host) -> None:
    thread = new_thread()
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    streamed = ask(host.url, chat("text:5", thread=thread), headers=headers)
    assert streamed.content_type == "text/event-stream"
    assert [message["content"] for message in streamed.response()["messages"]] == [
        [f"chunk{index} " for index in range(5)]
    ]
