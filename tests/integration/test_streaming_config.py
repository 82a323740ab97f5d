"""``StreamingConfigInput``: fewer, larger parts for slow links; nothing is lost, and the order is kept."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agui_runtime.adapters.scripted import ScriptedModel
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain import events as e
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange, streaming
from tests.support.incremental import Payload
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

CHUNKS = 40
TEXT = [f"chunk{index} " for index in range(CHUNKS)]
ARGUMENTS = '{"colour":"très rouge"}'


async def _burst(request: ModelRequest) -> AsyncIterator[e.Event]:
    """Two texts at once and a call, with a pause after each piece that lets it out as a batch of its own."""
    yield e.TextMessageStart("a")
    yield e.TextMessageStart("b")
    for piece in TEXT:
        yield e.TextMessageContent("a", piece)
        yield e.TextMessageContent("b", piece.upper())
        await asyncio.sleep(0.001)
    yield e.TextMessageEnd("a")
    yield e.TextMessageEnd("b")
    yield e.ToolCallStart("call-1", "paint")
    for piece in ARGUMENTS:
        yield e.ToolCallArgs("call-1", piece)
    yield e.ToolCallEnd("call-1")


async def _broken(request: ModelRequest) -> AsyncIterator[e.Event]:
    yield e.TextMessageStart("a")
    yield e.TextMessageContent("a", "one ")
    await asyncio.sleep(0.01)
    yield e.TextMessageContent("a", "two")
    raise RuntimeError("as told")


def _answer(script: Any = _burst, **streaming: Any) -> Answer:
    async def ask() -> Answer:
        async with serving(runtime(model=ScriptedModel(script))) as url:
            return await exchange(url, chat("go", **streaming))

    return run(ask())


def _pieces(answer: Answer) -> list[list[str]]:
    """Each message's pieces as a client has them in the end."""
    return [message.get("content") or message.get("arguments") for message in answer.response()["messages"]]


CONFIGS: list[dict[str, Any]] = [
    {},
    {"streaming": None},
    {"streaming": {}},
    {"streaming": {"enabled": False, "bufferSize": 1}},
    {"streaming": {"bufferSize": 1}},
    {"streaming": {"bufferSize": 64}},
    {"streaming": {"bufferSize": 10**6, "flushIntervalMs": 5}},
    {"streaming": {"bufferSize": 10**6, "flushIntervalMs": 10**6}},
    {"streaming": {"bufferSize": 0, "flushIntervalMs": -1}},
    {"streaming": {"bufferSize": 1, "includeIntermediateResults": False}},
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_nothing_is_lost_and_the_order_is_kept(config: dict[str, Any]) -> None:
    answer = _answer(**config)
    assert ["".join(pieces) for pieces in _pieces(answer)] == ["".join(TEXT), "".join(TEXT).upper(), ARGUMENTS]
    response = answer.response()
    assert response["status"]["code"] == "Success"
    assert [message["status"]["code"] for message in response["messages"]] == ["Success"] * 3


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_a_messages_status_comes_behind_its_last_piece_and_the_responses_last(config: dict[str, Any]) -> None:
    order = _order(_answer(**config))
    for index in range(3):
        last_piece = max(place for place, (kind, message) in enumerate(order) if (kind, message) == ("piece", index))
        assert order.index(("status", index)) >= last_piece
    assert order[-1] == ("status", None)


def _order(answer: Answer) -> list[tuple[str, int | None]]:
    """What became known, one after the other, with the message that it belongs to."""
    order: list[tuple[str, int | None]] = []
    for payload in answer.payloads():
        entries: list[Payload] = payload.get("incremental", [])
        for entry in sorted(entries, key=lambda entry: "status" in (entry.get("data") or {})):
            path = entry["path"]
            message = path[2] if len(path) > 2 else None
            data: Payload = entry.get("data") or {}
            if "items" in entry and path[-2] in {"content", "arguments"}:
                order.append(("piece", message))
            elif "items" in entry:
                order.extend(
                    ("piece", path[-1]) for item in entry["items"] if item.get("content") or item.get("arguments")
                )
            elif "status" in data:
                order.append(("status", message))
    return order


@pytest.mark.parametrize("off", [{}, {"streaming": None}, {"streaming": {"enabled": False}}], ids=str)
def test_without_it_each_chunk_is_a_piece(off: dict[str, Any]) -> None:
    assert _pieces(_answer(**off))[0] == TEXT


def test_a_piece_is_sent_when_the_buffer_is_full() -> None:
    config = {"bufferSize": 64, "flushIntervalMs": 10**6}
    pieces = _pieces(_answer(streaming=config))[0]
    assert all(64 <= len(piece.encode()) < 64 + len(TEXT[-1]) for piece in pieces[:-1])
    assert len(pieces) < CHUNKS / 5


def test_a_buffer_is_counted_in_bytes() -> None:
    async def script(request: ModelRequest) -> AsyncIterator[e.Event]:
        yield e.TextMessageStart("a")
        for _ in range(6):
            yield e.TextMessageContent("a", "é")
        yield e.TextMessageEnd("a")

    config = {"bufferSize": 4, "flushIntervalMs": 10**6}
    assert _pieces(_answer(script, streaming=config)) == [["éé", "éé", "éé"]]


def test_a_call_of_one_batch_is_one_piece_when_nothing_more_is_ready() -> None:
    assert _pieces(_answer(streaming={"bufferSize": 10**6}))[2] == [ARGUMENTS]


def test_without_intermediate_results_a_message_is_one_piece() -> None:
    config = {"bufferSize": 1, "flushIntervalMs": 1, "includeIntermediateResults": False}
    assert [len(pieces) for pieces in _pieces(_answer(streaming=config))] == [1, 1, 1]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_what_a_broken_run_said_is_sent_before_its_failure(config: dict[str, Any]) -> None:
    answer = _answer(_broken, **config)
    response = answer.response()
    assert response["status"]["code"] == "Failed"
    (message,) = response["messages"]
    assert "".join(message["content"]) == "one two"
    assert message["status"]["code"] == "Failed"


@pytest.mark.parametrize("interval", [0, 30])
def test_what_waits_is_flushed_while_the_run_goes_on(interval: int) -> None:
    async def story() -> None:
        paced = Paced(3)
        config = {"bufferSize": 10**6, "flushIntervalMs": interval}
        async with (
            serving(runtime(model=paced.model())) as url,
            streaming(url, chat("go", streaming=config)) as stream,
            asyncio.timeout(10),
        ):
            paced.allow()
            await stream.until("chunk0 ")
            paced.allow()
            await stream.until("chunk1 ")
            assert b"chunk2 " not in stream.raw
            paced.allow()
            paced.allow()
            await stream.rest()
            assert b"chunk2 " in stream.raw

    run(story())


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"bufferSize": "big"}, "Int cannot represent non-integer value"),
        ({"bufferSize": None}, 'Expected non-nullable type "Int!" not to be null'),
        ({"flushIntervalMs": 1.5}, "Int cannot represent non-integer value"),
        ({"enabled": "yes"}, "Boolean cannot represent a non boolean value"),
        ({"speed": 1}, 'Field "speed" is not defined by type "StreamingConfigInput"'),
    ],
    ids=str,
)
def test_a_configuration_of_another_shape_is_refused(config: dict[str, Any], says: str) -> None:
    (error,) = _answer(streaming=config).json()["errors"]
    assert says in error["message"]
