"""The client of a guardrail service: what it sends, and what it makes of each answer."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from agui_runtime.adapters.remote.guardrail import KEY_HEADER, HttpGuardrail
from agui_runtime.application.values import GuardrailRequest, Verdict
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import UnavailableError
from tests.support.aio import run
from tests.support.servers import aiohttp_server

REQUEST = GuardrailRequest("cats?", (m.UserMessage(id="1", content="cats?"),), ("cats",), ("dogs",), "key-1")


def verdict(
    answer: Any, request: GuardrailRequest = REQUEST, *, status: int = 200, seen: list[Any] | None = None
) -> Verdict:
    """The verdict after this answer; what the service saw goes into ``seen``."""

    async def handle(asked: web.Request) -> web.StreamResponse:
        if seen is not None:
            seen.append((asked.path, asked.headers[KEY_HEADER], await asked.json()))
        return web.Response(status=status, text=json.dumps(answer), content_type="application/json")

    async def check() -> Verdict:
        async with aiohttp_server(handle) as url:
            guardrail = HttpGuardrail(url + "/base/")
            await guardrail.open()
            try:
                return await guardrail.check(request)
            finally:
                await guardrail.close()

    return run(check())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": "allowed"}, Verdict(True)),
        ({"status": "allowed", "reason": None, "more": 1}, Verdict(True)),
        ({"status": "denied", "reason": "dogs"}, Verdict(False, "dogs")),
        ({"status": "denied"}, Verdict(False)),
        ({"status": "denied", "reason": None}, Verdict(False)),
        ({"status": "denied", "reason": 7}, Verdict(False, "7")),
    ],
    ids=str,
)
def test_an_answer_becomes_a_verdict(answer: Any, expected: Verdict) -> None:
    assert verdict(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "allowed",
        {},
        {"status": None},
        {"status": "ALLOWED"},
        {"status": []},
        {"status": {}},
        {"status": True},
    ],
    ids=str,
)
def test_an_answer_without_a_status_is_none(answer: Any) -> None:
    with pytest.raises(UnavailableError, match="guardrails service"):
        verdict(answer)


@pytest.mark.parametrize("status", [201, 302, 400, 500])
def test_another_status_is_named(status: int) -> None:
    with pytest.raises(UnavailableError, match=f"status {status}"):
        verdict({"status": "allowed"}, status=status)


def test_the_newest_text_is_the_input_and_the_rest_the_conversation() -> None:
    seen: list[Any] = []
    conversation = (
        m.SystemMessage(id="0", content="secret"),
        m.UserMessage(id="1", content="hello"),
        m.AssistantMessage(id="2", content="hi", tool_calls=(m.ToolCall("c", "paint"),)),
        m.AssistantMessage(id="3", tool_calls=(m.ToolCall("d", "paint"),)),
        m.ToolMessage(id="4", tool_call_id="d", content="done"),
        m.UserMessage(id="5", content=(m.MediaPart("image", data="AAAA"),)),
        m.UserMessage(id="6", content=(m.TextPart("cats"), m.TextPart("?"))),
    )
    verdict({"status": "allowed"}, GuardrailRequest("cats?", conversation, ("cats",), (), "key-2"), seen=seen)
    said = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]
    body = {"input": "cats?", "validTopics": ["cats"], "invalidTopics": [], "messages": said}
    assert seen == [("/base/guardrails/validate", "key-2", body)]


def test_half_a_pair_of_surrogates_is_sent_too() -> None:
    seen: list[Any] = []
    half = "\ud83c"
    verdict({"status": "allowed"}, GuardrailRequest(half, (m.UserMessage(id="1", content=half),)), seen=seen)
    assert seen[0][2]["input"] == half


def test_it_opens_itself_and_may_be_closed_twice() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "allowed"})

    async def story() -> None:
        async with aiohttp_server(handle) as url:
            guardrail = HttpGuardrail(url)
            assert (await guardrail.check(REQUEST)).allowed
            await guardrail.close()
            await guardrail.close()

    run(story())


def test_a_cancelled_question_is_over() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        return web.Response()

    async def story() -> None:
        async with aiohttp_server(handle) as url:
            guardrail = HttpGuardrail(url)
            asking = asyncio.create_task(guardrail.check(REQUEST))
            await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await guardrail.close()

    run(story())
