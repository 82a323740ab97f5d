import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from agui_runtime.adapters.llm import ModelSettings
from agui_runtime.adapters.llm.anthropic import AnthropicModel
from agui_runtime.application.ports import LanguageModel
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, InvalidError
from agui_runtime.domain.events import (
    Event,
    RunFinished,
    TextMessageContent,
    TextMessageEnd,
    TextMessageStart,
    ToolCallArgs,
    ToolCallEnd,
    ToolCallStart,
)
from agui_runtime.domain.messages import (
    AssistantMessage,
    DeveloperMessage,
    MediaPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from agui_runtime.domain.tools import Tool
from tests.contracts.language_model import QUICK, LanguageModelContract
from tests.integration.models.anthropic_wire import (
    HELLO,
    PING,
    START,
    end,
    error,
    events,
    model_before,
    stop,
    text,
    tool,
)
from tests.support.aio import run
from tests.support.providers import KEY, Provider, asking, said, streaming

WEATHER = Tool("weather", "The weather", {"type": "object", "properties": {"city": {"type": "string"}}})


class TestAnthropic(LanguageModelContract):
    name = "Anthropic"
    hello = HELLO
    so = START + text(0, "So")
    overloaded = events(error("overloaded_error"))
    filtered = stop(0) + end("refusal")
    refusals = (
        (401, error("authentication_error"), ErrorCode.UNAUTHENTICATED, "did not accept the API key"),
        (403, error("permission_error"), ErrorCode.UNAUTHENTICATED, "refused access"),
        (404, error("not_found_error"), ErrorCode.CONFIGURATION, "does not know the model"),
        (413, error("request_too_large"), ErrorCode.CONTEXT_TOO_LONG, "too long"),
        (429, error("rate_limit_error"), ErrorCode.RATE_LIMITED, "too many requests"),
        (402, error("billing_error"), ErrorCode.RATE_LIMITED, "quota"),
        (
            400,
            error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
            ErrorCode.CONTEXT_TOO_LONG,
            "too long",
        ),
        (400, error("invalid_request_error"), ErrorCode.AGENT_FAILED, "refused the request (HTTP 400)"),
        (500, error("api_error"), ErrorCode.UNAVAILABLE, "overloaded"),
        (529, error("overloaded_error"), ErrorCode.UNAVAILABLE, "overloaded"),
        (504, error("timeout_error"), ErrorCode.TIMED_OUT, "too long to answer"),
    )

    def before(
        self, *answers: Any, settings: ModelSettings = QUICK
    ) -> AbstractAsyncContextManager[tuple[LanguageModel, Provider]]:
        return model_before(*answers, settings=settings)

    @asynccontextmanager
    async def nowhere(self) -> AsyncIterator[LanguageModel]:
        model = AnthropicModel("a-model", api_key=KEY, base_url="http://127.0.0.1:1", settings=QUICK)
        yield model
        await model.close()

    def broken(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_block_delta", "ind\n\n'


def ask(*steps: bytes, request: ModelRequest | None = None, **given: Any) -> tuple[list[Event], Any]:
    """What the model says, and what the server was asked."""

    async def main() -> tuple[list[Event], Any]:
        async with model_before(streaming(*(steps or HELLO)), **given) as (model, served):
            return await said(model, request), served.bodies[0]

    return run(main())


def test_text_has_the_messages_id_and_the_usage_counts_what_the_cache_gave() -> None:
    said_events, _ = ask()
    usage = {
        "provider": "Anthropic",
        "model": "a-model",
        "inputTokens": 30,
        "outputTokens": 15,
        "totalTokens": 45,
        "cachedInputTokens": 2,
        "cacheWriteInputTokens": 3,
    }
    assert said_events == [
        TextMessageStart("msg_1"),
        TextMessageContent("msg_1", "Hel"),
        TextMessageContent("msg_1", "lo"),
        TextMessageEnd("msg_1"),
        RunFinished("t", "r", usage=(usage,)),
    ]


def test_parallel_tool_calls_behind_text_are_its_children() -> None:
    said_events, _ = ask(
        START,
        PING,
        text(0, "Let me see."),
        stop(0),
        tool(1, "toolu_a", "weather", '{"city":', '"Rome"}'),
        tool(2, "toolu_b", "weather", '{"city":"Oslo"}'),
        end("tool_use"),
    )
    assert said_events[2:-1] == [
        TextMessageEnd("msg_1"),
        ToolCallStart("toolu_a", "weather", "msg_1"),
        ToolCallArgs("toolu_a", '{"city":'),
        ToolCallArgs("toolu_a", '"Rome"}'),
        ToolCallEnd("toolu_a"),
        ToolCallStart("toolu_b", "weather", "msg_1"),
        ToolCallArgs("toolu_b", '{"city":"Oslo"}'),
        ToolCallEnd("toolu_b"),
    ]


def test_thinking_is_no_part_of_the_answer() -> None:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    thinking = events(
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}},
        {"type": "content_block_stop", "index": 0},
    )
    said_events, _ = ask(START, thinking, text(1, "42"), stop(1), end())
    assert [event.delta for event in said_events if isinstance(event, TextMessageContent)] == ["42"]


def test_a_conversation_of_every_kind_has_anthropics_form() -> None:
    history = (
        SystemMessage(id="s", content="Be kind."),
        DeveloperMessage(id="d", content="Be brief."),
        UserMessage(id="u", content="Weather?"),
        AssistantMessage(
            id="a",
            content="Let me see.",
            tool_calls=(ToolCall("c1", "weather", '{"city":"Rome"}'), ToolCall("c2", "weather", "{")),
        ),
        ToolMessage(id="x", tool_call_id="c1", content="sunny"),
        ToolMessage(id="y", tool_call_id="c2", content="", error="What city?"),
        UserMessage(id="w", content="Thanks."),
    )
    _, body = ask(request=asking(*history, tools=(WEATHER,)))
    assert body == {
        "model": "a-model",
        "max_tokens": 4096,
        "stream": True,
        "system": "Be kind.\n\nBe brief.",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Rome"}},
                    {"type": "tool_use", "id": "c2", "name": "weather", "input": {"unreadable_arguments": "{"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": "sunny"},
                    {"type": "tool_result", "tool_use_id": "c2", "content": "What city?", "is_error": True},
                    {"type": "text", "text": "Thanks."},
                ],
            },
        ],
        "tools": [
            {
                "name": "weather",
                "description": "The weather",
                "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
            }
        ],
    }


def test_a_conversation_that_the_assistant_begins_gets_a_user_turn_first() -> None:
    _, body = ask(request=asking(AssistantMessage(id="a", content="Hi!"), UserMessage(id="u", content="Hello")))
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]


def test_attachments_have_anthropics_forms() -> None:
    parts = (
        TextPart("What is this?"),
        MediaPart("image", "image/png", data="QUJD"),
        MediaPart("image", url="https://example.com/cat.png"),
        MediaPart("document", "application/pdf", data="QUJD"),
        MediaPart("document", url="https://example.com/a.pdf"),
    )
    _, body = ask(request=asking(UserMessage(id="u", content=parts)))
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QUJD"}},
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
    ]


@pytest.mark.parametrize(("kind", "mime_type"), [("image", "image/tiff"), ("audio", "audio/wav")])
def test_an_attachment_that_anthropic_does_not_take_is_refused_by_name(kind: str, mime_type: str) -> None:
    message = UserMessage(id="u", content=(MediaPart(kind, mime_type, data="QUJD"),))
    with pytest.raises(InvalidError, match=f"Anthropic does not take this attachment: {kind} of type {mime_type}"):
        ask(request=asking(message))


def test_forwarded_parameters_reach_the_api() -> None:
    forwarded = {
        "model": "another",
        "temperature": 0,
        "maxTokens": 100.0,
        "stop": "END",
        "toolChoice": {"type": "function", "function": {"name": "weather"}},
    }
    _, body = ask(request=asking(tools=(WEATHER,), forwarded_parameters=forwarded))
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("another", 0, 100)
    assert body["stop_sequences"] == ["END"]
    assert body["tool_choice"] == {"type": "tool", "name": "weather", "disable_parallel_tool_use": False}


@pytest.mark.parametrize(("mode", "kind"), [("auto", "auto"), ("none", "none"), ("required", "any")])
def test_a_tool_choice_without_a_name_has_anthropics_word(mode: str, kind: str) -> None:
    _, body = ask(request=asking(tools=(WEATHER,), forwarded_parameters={"toolChoice": mode}))
    assert body["tool_choice"]["type"] == kind


def test_parallel_calls_can_be_switched_off_and_options_reach_the_api() -> None:
    settings = ModelSettings(parallel_tool_calls=False, options={"top_k": 5}, max_retries=0)
    _, body = ask(request=asking(tools=(WEATHER,)), settings=settings, max_tokens=10)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert (body["top_k"], body["max_tokens"]) == (5, 10)


def test_the_key_goes_out_as_the_sdk_sends_it() -> None:
    async def main() -> None:
        async with model_before(streaming(*HELLO), headers={"X-Team": "blue"}) as (model, served):
            await said(model)
            assert served.headers[0]["Authorization"] == f"Bearer {KEY}"
            assert served.headers[0]["X-Team"] == "blue"
            assert served.paths == ["/v1/messages"]

    run(main())


def test_a_model_without_a_key_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="Pass api_key or set ANTHROPIC_API_KEY"):
        AnthropicModel("a-model")


def test_pings_are_a_sign_of_life() -> None:
    async def ping() -> None:
        await asyncio.sleep(0.3)

    said_events, _ = ask(START, ping, PING, ping, PING, ping, text(0, "Hi"), stop(0), end())  # type: ignore[arg-type]
    assert TextMessageContent("msg_1", "Hi") in said_events
