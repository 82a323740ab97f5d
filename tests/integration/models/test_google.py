import base64
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from agui_runtime.adapters.llm import ModelSettings
from agui_runtime.adapters.llm.google import UNKNOWN_SIGNATURE, GoogleModel
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
from tests.integration.models.google_wire import HELLO, camel, chunk, error, model_before
from tests.support.aio import run
from tests.support.providers import KEY, Provider, asking, said, sse, streaming

WEATHER = Tool("weather", "The weather", {"type": "object", "properties": {"city": {"type": "string"}}})
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
TOO_LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."


class TestGoogle(LanguageModelContract):
    name = "Google"
    hello = HELLO
    so = chunk({"text": "So"})
    overloaded = sse(error(503, "UNAVAILABLE"))
    filtered = chunk(finish="SAFETY")
    refusals = (
        (400, error(400, "INVALID_ARGUMENT", details=[BAD_KEY]), ErrorCode.UNAUTHENTICATED, "did not accept the API"),
        (401, error(401, "UNAUTHENTICATED"), ErrorCode.UNAUTHENTICATED, "did not accept the API key"),
        (403, error(403, "PERMISSION_DENIED"), ErrorCode.UNAUTHENTICATED, "refused access"),
        (404, error(404, "NOT_FOUND"), ErrorCode.CONFIGURATION, "does not know the model"),
        (429, error(429, "RESOURCE_EXHAUSTED"), ErrorCode.RATE_LIMITED, "too many requests"),
        (400, error(400, "INVALID_ARGUMENT", TOO_LONG), ErrorCode.CONTEXT_TOO_LONG, "too long"),
        (400, error(400, "INVALID_ARGUMENT"), ErrorCode.AGENT_FAILED, "refused the request (HTTP 400)"),
        (500, error(500, "INTERNAL"), ErrorCode.UNAVAILABLE, "overloaded"),
        (503, error(503, "UNAVAILABLE"), ErrorCode.UNAVAILABLE, "overloaded"),
        (504, error(504, "DEADLINE_EXCEEDED"), ErrorCode.TIMED_OUT, "too long to answer"),
    )

    def before(
        self, *answers: Any, settings: ModelSettings = QUICK
    ) -> AbstractAsyncContextManager[tuple[LanguageModel, Provider]]:
        return model_before(*answers, settings=settings)

    @asynccontextmanager
    async def nowhere(self) -> AsyncIterator[LanguageModel]:
        model = GoogleModel("gemini-2.5-flash", api_key=KEY, base_url="http://127.0.0.1:1", settings=QUICK)
        yield model
        await model.close()

    def life(self, size: int = 32) -> bytes:
        """The SDK knows no comments."""
        return b'data: {"responseId": "resp_1"}'.ljust(size - 2) + b"\n\n"

    def test_a_prompt_that_the_filter_refuses_is_told(self) -> None:
        fault = self.failure(streaming(sse({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "resp_1"})))
        assert fault.message == "The content filter of the model provider Google stopped the answer."


def ask(*steps: bytes, request: ModelRequest | None = None, **given: Any) -> tuple[list[Event], Any]:
    """What the model says, and what the server was asked."""

    async def main() -> tuple[list[Event], Any]:
        async with model_before(streaming(*(steps or HELLO)), **given) as (model, served):
            return await said(model, request), camel(served.bodies[0])

    return run(main())


def test_text_has_the_responses_id_and_the_usage_counts_thoughts_as_output() -> None:
    events, _ = ask()
    usage = {
        "provider": "Google",
        "model": "gemini-2.5-flash",
        "inputTokens": 8,
        "outputTokens": 7,
        "totalTokens": 15,
        "cachedInputTokens": 3,
        "reasoningTokens": 2,
    }
    assert events == [
        TextMessageStart("resp_1"),
        TextMessageContent("resp_1", "Hel"),
        TextMessageContent("resp_1", "lo"),
        TextMessageEnd("resp_1"),
        RunFinished("t", "r", usage=(usage,)),
    ]


def test_parallel_calls_come_whole_and_get_ids_where_the_api_gives_none() -> None:
    events, _ = ask(
        chunk(
            {"functionCall": {"id": "fc_a", "name": "weather", "args": {"city": "Rome"}}},
            {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}},
        ),
        chunk(finish="STOP"),
    )
    starts = [event for event in events if isinstance(event, ToolCallStart)]
    assert [event.parent_message_id for event in starts] == ["resp_1", "resp_1"]
    assert starts[0].tool_call_id == "fc_a"
    assert starts[1].tool_call_id.startswith("ck-")
    assert [event.delta for event in events if isinstance(event, ToolCallArgs)] == [
        '{"city":"Rome"}',
        '{"city":"Oslo"}',
    ]
    assert len([event for event in events if isinstance(event, ToolCallEnd)]) == 2


def test_thoughts_are_no_part_of_the_answer() -> None:
    events, _ = ask(chunk({"text": "hm", "thought": True}), chunk({"text": "42"}, finish="STOP"))
    assert [event.delta for event in events if isinstance(event, TextMessageContent)] == ["42"]


def test_a_conversation_of_every_kind_has_googles_form() -> None:
    history = (
        SystemMessage(id="s", content="Be kind."),
        DeveloperMessage(id="d", content="Be brief."),
        UserMessage(id="u", content="Weather?"),
        AssistantMessage(
            id="a",
            content="Let me see.",
            tool_calls=(ToolCall("c1", "weather", '{"city":"Rome"}'), ToolCall("c2", "weather")),
        ),
        ToolMessage(id="x", tool_call_id="c1", content="sunny"),
        ToolMessage(id="y", tool_call_id="c2", content="", error="What city?"),
        UserMessage(id="w", content="Thanks."),
    )
    _, body = ask(request=asking(*history, tools=(WEATHER,)))
    assert body["systemInstruction"]["parts"] == [{"text": "Be kind.\n\nBe brief."}]
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Weather?"}]},
        {
            "role": "model",
            "parts": [
                {"text": "Let me see."},
                {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Rome"}}},
                {"functionCall": {"id": "c2", "name": "weather", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "weather", "response": {"output": "sunny"}}},
                {"functionResponse": {"id": "c2", "name": "weather", "response": {"error": "What city?"}}},
                {"text": "Thanks."},
            ],
        },
    ]
    declaration = body["tools"][0]["functionDeclarations"][0]
    assert (declaration["name"], declaration["parametersJsonSchema"]) == ("weather", WEATHER.parameters)


def test_a_conversation_that_the_assistant_begins_gets_a_user_turn_first() -> None:
    _, body = ask(request=asking(AssistantMessage(id="a", content="Hi!"), UserMessage(id="u", content="Hello")))
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]


def test_attachments_have_googles_forms() -> None:
    parts = (
        TextPart("What is this?"),
        MediaPart("image", "image/png", data="QUJD"),
        MediaPart("video", "video/mp4", url="https://example.com/cat.mp4"),
    )
    _, body = ask(request=asking(UserMessage(id="u", content=parts)))
    assert body["contents"][0]["parts"] == [
        {"text": "What is this?"},
        {"inlineData": {"data": "QUJD", "mimeType": "image/png"}},
        {"fileData": {"fileUri": "https://example.com/cat.mp4", "mimeType": "video/mp4"}},
    ]


def test_an_attachment_that_is_no_base64_is_refused() -> None:
    message = UserMessage(id="u", content=(MediaPart("image", "image/png", data="not base64!"),))
    with pytest.raises(InvalidError, match=r"An attachment \(image\) is not valid base64"):
        ask(request=asking(message))


def test_forwarded_parameters_reach_the_api() -> None:
    forwarded = {
        "temperature": 0,
        "maxTokens": 100.0,
        "stop": "END",
        "toolChoice": "function",
        "toolChoiceFunctionName": "weather",
    }
    _, body = ask(request=asking(tools=(WEATHER,), forwarded_parameters=forwarded))
    config = body["generationConfig"]
    assert (config["temperature"], config["maxOutputTokens"], config["stopSequences"]) == (0, 100, ["END"])
    assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY", "allowedFunctionNames": ["weather"]}


@pytest.mark.parametrize(("mode", "word"), [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")])
def test_a_tool_choice_without_a_name_has_googles_word(mode: str, word: str) -> None:
    _, body = ask(request=asking(tools=(WEATHER,), forwarded_parameters={"toolChoice": mode}))
    assert body["toolConfig"]["functionCallingConfig"]["mode"] == word


def test_the_key_and_the_model_go_out_as_the_api_wants_them() -> None:
    async def main() -> None:
        settings = ModelSettings(options={"top_k": 5})
        async with model_before(streaming(*HELLO), settings=settings, headers={"X-Team": "blue"}) as (model, served):
            await said(model, asking(forwarded_parameters={"model": "gemini-x"}))
            assert served.headers[0]["x-goog-api-key"] == KEY
            assert served.headers[0]["X-Team"] == "blue"
            assert served.paths[0].endswith("/models/gemini-x:streamGenerateContent?alt=sse")
            assert served.bodies[0]["generationConfig"] == {"topK": 5}

    run(main())


def test_a_calls_signature_goes_back_with_it() -> None:
    signature = base64.b64encode(b"signed").decode()
    made = {"functionCall": {"id": "fc_a", "name": "weather", "args": {}}, "thoughtSignature": signature}

    async def main() -> None:
        first, second = streaming(chunk(made, finish="STOP")), streaming(*HELLO)
        async with model_before(first, second, model="gemini-3-pro") as (model, served):
            await said(model, asking(tools=(WEATHER,)))
            called = AssistantMessage(id="resp_1", tool_calls=(ToolCall("fc_a", "weather"),))
            await said(model, asking(called, ToolMessage(id="x", tool_call_id="fc_a", content="sunny")))
            assert served.bodies[1]["contents"][1]["parts"][0]["thoughtSignature"] == signature

    run(main())


def test_a_call_whose_signature_is_not_known_gets_the_documented_one_where_the_model_insists() -> None:
    called = AssistantMessage(id="a", tool_calls=(ToolCall("c", "weather"),))
    request = asking(UserMessage(id="u", content="?"), called, ToolMessage(id="x", tool_call_id="c", content="sunny"))
    _, newer = ask(request=request, model="gemini-3-pro")
    _, older = ask(request=request, model="gemini-2.5-flash")
    sent = newer["contents"][1]["parts"][0]["thoughtSignature"]
    assert base64.urlsafe_b64decode(sent) == UNKNOWN_SIGNATURE
    assert "thoughtSignature" not in older["contents"][1]["parts"][0]


def test_a_model_without_a_key_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match="Pass api_key or set GOOGLE_API_KEY"):
        GoogleModel("gemini-2.5-flash")
