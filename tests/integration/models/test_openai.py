from typing import Any

import pytest

from agui_runtime.adapters.llm import ModelSettings
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain.errors import InvalidError
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
    ActivityMessage,
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
from tests.integration.models.openai_wire import DONE, HELLO, call, chunk, model_before
from tests.support.aio import run
from tests.support.providers import KEY, asking, said, streaming

WEATHER = Tool("weather", "The weather", {"type": "object", "properties": {"city": {"type": "string"}}})


def ask(*steps: bytes, request: ModelRequest | None = None, **given: Any) -> tuple[list[Event], Any]:
    """What the model says, and what the server was asked."""

    async def main() -> tuple[list[Event], Any]:
        async with model_before(streaming(*(steps or HELLO)), **given) as (model, served):
            return await said(model, request), served.bodies[0]

    return run(main())


def test_text_comes_piece_by_piece_under_the_completions_id_and_ends_with_the_usage() -> None:
    events, _ = ask()
    usage = {
        "provider": "OpenAI",
        "model": "gpt-4o",
        "inputTokens": 19,
        "outputTokens": 10,
        "totalTokens": 29,
        "cachedInputTokens": 4,
        "reasoningTokens": 3,
    }
    assert events == [
        TextMessageStart("chatcmpl-1"),
        TextMessageContent("chatcmpl-1", "Hel"),
        TextMessageContent("chatcmpl-1", "lo"),
        TextMessageEnd("chatcmpl-1"),
        RunFinished("t", "r", usage=(usage,)),
    ]


def test_parallel_tool_calls_keep_their_pieces_apart_even_where_they_interleave() -> None:
    events, _ = ask(
        call(0, "call_a", "weather"),
        call(0, arguments='{"city":'),
        call(1, "call_b", "weather", '{"city":"Oslo"'),
        call(0, arguments='"Rome"}'),
        call(1, arguments="}"),
        chunk({}, "tool_calls"),
        DONE,
    )
    assert events == [
        ToolCallStart("call_a", "weather", "chatcmpl-1"),
        ToolCallArgs("call_a", '{"city":'),
        ToolCallStart("call_b", "weather", "chatcmpl-1"),
        ToolCallArgs("call_b", '{"city":"Oslo"'),
        ToolCallArgs("call_a", '"Rome"}'),
        ToolCallArgs("call_b", "}"),
        ToolCallEnd("call_a"),
        ToolCallEnd("call_b"),
        RunFinished("t", "r"),
    ]


def test_text_before_a_call_ends_where_the_call_begins() -> None:
    events, _ = ask(chunk({"content": "Let me see."}), call(0, "call_a", "weather", "{}"), chunk({}, "tool_calls"))
    assert [type(event) for event in events[:4]] == [
        TextMessageStart,
        TextMessageContent,
        TextMessageEnd,
        ToolCallStart,
    ]


def test_text_behind_a_call_is_a_message_of_its_own() -> None:
    events, _ = ask(
        chunk({"content": "One."}),
        call(0, "call_a", "weather", "{}"),
        chunk({"content": "Two."}),
        chunk({}, "stop"),
    )
    first, second = [event.message_id for event in events if isinstance(event, TextMessageStart)]
    assert first == "chatcmpl-1"
    assert second.startswith("ck-")


def test_ids_that_the_conversation_has_already_are_replaced() -> None:
    before = AssistantMessage(id="chatcmpl-1", content="Hi.", tool_calls=(ToolCall("call_a", "weather"),))
    events, _ = ask(
        chunk({"content": "Hello"}),
        call(0, "call_a", "weather", "{}"),
        chunk({}, "tool_calls"),
        request=asking(before, UserMessage(id="u", content="And?")),
    )
    assert all(getattr(event, "message_id", None) != "chatcmpl-1" for event in events)
    assert all(getattr(event, "tool_call_id", None) != "call_a" for event in events)


def test_a_refusal_is_text() -> None:
    events, _ = ask(chunk({"refusal": "I may not."}), chunk({}, "stop"))
    assert TextMessageContent("chatcmpl-1", "I may not.") in events


def test_an_answer_cut_at_its_length_is_complete() -> None:
    events, _ = ask(chunk({"content": "So"}), chunk({}, "length"))
    assert events[-1] == RunFinished("t", "r")


def test_the_key_goes_out_as_a_bearer_token() -> None:
    async def main() -> None:
        async with model_before(streaming(*HELLO), headers={"X-Team": "blue"}) as (model, served):
            await said(model)
            assert served.headers[0]["Authorization"] == f"Bearer {KEY}"
            assert served.headers[0]["X-Team"] == "blue"
            assert served.paths == ["/v1/chat/completions"]

    run(main())


def test_a_conversation_of_every_kind_has_openais_form() -> None:
    history = (
        SystemMessage(id="s", content="Be kind."),
        DeveloperMessage(id="d", content="Be brief."),
        UserMessage(id="u", content="Weather?"),
        AssistantMessage(id="a", content="Let me see.", tool_calls=(ToolCall("call_a", "weather", '{"city":"Rome"}'),)),
        ToolMessage(id="x", tool_call_id="call_a", content="sunny"),
        ActivityMessage(id="v", activity_type="plan", content={}),
        AssistantMessage(id="b", content="Sunny."),
        UserMessage(id="w", content="Thanks."),
    )
    _, body = ask(request=asking(*history, tools=(WEATHER,)))
    made = {"type": "function", "id": "call_a", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
    assert body == {
        "model": "gpt-4o",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": "Let me see.", "tool_calls": [made]},
            {"role": "tool", "tool_call_id": "call_a", "content": "sunny"},
            {"role": "assistant", "content": "Sunny."},
            {"role": "user", "content": "Thanks."},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "The weather",
                    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
                },
            }
        ],
    }


def test_a_broken_conversation_is_repaired_on_its_way() -> None:
    left_open = AssistantMessage(id="a", tool_calls=(ToolCall("call_a", "weather"),))
    orphan = ToolMessage(id="x", tool_call_id="nobody", content="?")
    _, body = ask(request=asking(left_open, orphan, UserMessage(id="u", content="never mind")))
    assert [message["role"] for message in body["messages"]] == ["assistant", "tool", "user"]


def test_attachments_have_openais_forms() -> None:
    parts = (
        TextPart("What is this?"),
        MediaPart("image", "image/png", data="QUJD"),
        MediaPart("image", url="https://example.com/cat.png"),
        MediaPart("binary", "image/jpeg", data="QUJD"),
        MediaPart("audio", "audio/wav", data="QUJD"),
        MediaPart("document", "application/pdf", data="QUJD"),
    )
    _, body = ask(request=asking(UserMessage(id="u", content=parts)))
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,QUJD"}},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
        {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,QUJD"}},
    ]


def test_an_attachment_that_openai_does_not_take_is_refused_by_name() -> None:
    video = UserMessage(id="u", content=(MediaPart("video", "video/mp4", data="QUJD"),))
    with pytest.raises(InvalidError, match="OpenAI does not take this attachment: video of type video/mp4"):
        ask(request=asking(video))


def test_forwarded_parameters_reach_the_api() -> None:
    forwarded = {
        "model": "gpt-4.1",
        "temperature": 0,
        "maxTokens": 100.0,
        "stop": ["END"],
        "toolChoice": "function",
        "toolChoiceFunctionName": "weather",
        "theme": {"of": "the application"},
    }
    _, body = ask(request=asking(tools=(WEATHER,), forwarded_parameters=forwarded))
    assert body["model"] == "gpt-4.1"
    assert body["temperature"] == 0
    assert body["max_completion_tokens"] == 100
    assert body["stop"] == ["END"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert "theme" not in body


@pytest.mark.parametrize("mode", ["auto", "none", "required"])
def test_a_tool_choice_without_a_name_goes_as_it_is(mode: str) -> None:
    _, body = ask(request=asking(tools=(WEATHER,), forwarded_parameters={"toolChoice": mode}))
    assert body["tool_choice"] == mode


def test_a_model_outside_the_allowed_ones_is_refused() -> None:
    settings = ModelSettings(allowed_models=frozenset({"gpt-4.1"}))
    with pytest.raises(InvalidError, match=r"'gpt-9' is not one that clients may ask for"):
        ask(request=asking(forwarded_parameters={"model": "gpt-9"}), settings=settings)


def test_options_and_older_servers_names_reach_the_api() -> None:
    settings = ModelSettings(options={"top_p": 0.5, "guided_json": {}}, parallel_tool_calls=False)
    _, body = ask(
        request=asking(tools=(WEATHER,), forwarded_parameters={"maxTokens": 5}),
        settings=settings,
        max_tokens_parameter="max_tokens",
        reports_usage=False,
    )
    assert (body["top_p"], body["guided_json"]) == (0.5, {})
    assert body["max_tokens"] == 5
    assert body["parallel_tool_calls"] is False
    assert "stream_options" not in body
    assert "max_completion_tokens" not in body


def test_a_request_without_a_thread_gets_one() -> None:
    async def main() -> None:
        async with model_before(streaming(*HELLO)) as (model, _):
            answer = await model.start(asking(thread_id=None))
            assert answer.thread_id
            assert (answer.run_id, answer.extensions) == (None, None)
            await answer.events.aclose()  # type: ignore[attr-defined]

    run(main())
