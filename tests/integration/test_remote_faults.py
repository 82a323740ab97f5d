"""What ``HttpAgent`` says of a stream that goes wrong, over real sockets."""

import asyncio
import gzip

import pytest
from aiohttp import web

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError, ErrorCode, TimedOutError
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.runs import Finished
from tests.support.aio import run
from tests.support.remote import (
    FINISHED,
    QUICK,
    STARTED,
    STEP,
    STEP_END,
    agent_before,
    failure,
    forever,
    read,
    streaming,
)


def test_broken_json_fails_after_the_events_before_it() -> None:
    seen: list[e.Event] = []
    error = failure(streaming(STARTED, STEP, b"data: {secret\n\n", STEP_END), seen)
    assert type(error) is AgentError
    assert error.message == "The agent 'far' sent an event that is not valid JSON."
    assert seen == [e.StepStarted("s")]


def test_an_event_that_agui_does_not_allow_is_named_with_its_fault() -> None:
    error = failure(streaming(STARTED, b'data: {"type":"TEXT_MESSAGE_START"}\n\n'))
    assert error.message == (
        "The agent 'far' sent an event that AG-UI does not allow. "
        "The TEXT_MESSAGE_START event is invalid: required field missing @ $.messageId."
    )


def test_an_event_too_large_is_cut_while_it_still_arrives() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await streaming(STARTED, b"data: ")(request)
        while True:
            await response.write(b"x" * 1000)

    error = failure(handler, max_event_bytes=10_000)
    assert type(error) is AgentError
    assert error.code is ErrorCode.LIMIT_EXCEEDED
    assert error.message == "The agent 'far' sent an event of more than 10000 bytes."


def test_an_event_too_large_after_decompression_is_cut() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        body = gzip.compress(b"data: " + b"x" * 10_000_000)
        return web.Response(body=body, headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"})

    assert failure(handler, max_event_bytes=10_000).code is ErrorCode.LIMIT_EXCEEDED


def test_a_silent_stream_times_out() -> None:
    seen: list[e.Event] = []
    error = failure(streaming(STARTED, STEP, then=forever), seen, timeouts=QUICK)
    assert type(error) is TimedOutError
    assert error.message == "The agent 'far' was silent for 0.5 seconds."
    assert seen == [e.StepStarted("s")]


def test_keep_alive_comments_are_a_sign_of_life() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await streaming(STARTED)(request)
        for _ in range(8):
            await asyncio.sleep(0.1)
            await response.write(b": keep-alive\n\n")
        await response.write(FINISHED)
        return response

    async def main() -> Lifecycle:
        async with agent_before(handler, timeouts=QUICK) as agent:
            return await read(agent)

    assert outcome_of(run(main()).ending) == Finished()


def test_a_connection_that_breaks_is_told_as_such() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await streaming(STARTED, STEP)(request)
        assert request.transport is not None
        await asyncio.sleep(0.3)
        request.transport.abort()
        return response

    assert failure(handler).message == "The stream of the agent 'far' broke off."


def test_a_stream_that_ends_within_an_event_is_told_as_such() -> None:
    assert failure(streaming(STARTED, b'data: {"type":"RUN_FIN')).message == (
        "The stream of the agent 'far' broke off within an event."
    )


@pytest.mark.parametrize("chunks", [(), (STARTED, STEP, STEP_END), (b"<html>secret</html>",)])
def test_a_stream_without_a_terminal_event_is_told_as_such(chunks: tuple[bytes, ...]) -> None:
    error = failure(streaming(*chunks))
    assert error.code is ErrorCode.INCOMPLETE_STREAM
    assert error.message == (
        "The agent 'far' ended its stream without saying how its run came out (no RUN_FINISHED, no RUN_ERROR)."
    )


def test_a_last_event_without_its_blank_line_is_taken() -> None:
    async def main() -> Lifecycle:
        async with agent_before(streaming(STARTED, FINISHED.rstrip())) as agent:
            return await read(agent)

    assert outcome_of(run(main()).ending) == Finished()


def test_a_stream_left_open_after_its_terminal_event_ends_soon() -> None:
    async def main() -> Lifecycle:
        async with agent_before(streaming(STARTED, FINISHED, then=forever), timeouts=QUICK) as agent:
            return await asyncio.wait_for(read(agent), 5)

    assert outcome_of(run(main()).ending) == Finished()


def test_an_agent_may_tidy_up_after_its_terminal_event() -> None:
    tidied: list[bool] = []

    async def tidy() -> None:
        await asyncio.sleep(0.1)
        tidied.append(True)

    async def main() -> None:
        async with agent_before(streaming(STARTED, FINISHED, then=tidy)) as agent:
            await read(agent)

    run(main())
    assert tidied == [True]
