"""Whatever the conversation, each provider is sent one that keeps its API's rules.

The rules are the providers' own, as their APIs refuse what breaks them.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agui_runtime.adapters.llm import anthropic_messages, google_messages, openai_messages
from agui_runtime.adapters.llm.conversation import Turn, conversation_of
from agui_runtime.adapters.llm.seals import Seal, sealed, thoughts_of
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.messages import (
    ActivityMessage,
    AssistantMessage,
    DeveloperMessage,
    MediaPart,
    Message,
    ReasoningMessage,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
APIS = ("anthropic", "google", "openai")

ids = st.sampled_from(["a", "b", "c", "", "functions.weather:0", "x" * 60])
texts = st.sampled_from(["", " ", "\n\n", "Hi.", "\ud83d", "42"]) | st.text(max_size=5)
parts = st.builds(TextPart, texts) | st.builds(MediaPart, st.just("image"), st.just("image/png"), st.just("QUJD"))
contents = texts | st.lists(parts, max_size=3).map(tuple)
unreadable = st.sampled_from(["", " ", "{", "7", "null", '"\ud800"', '{"a":"\\ud800"}', '{"a":NaN}'])
arguments = unreadable | st.sampled_from(["{}", '{"city":"Rome"}'])
calls = st.builds(ToolCall, ids, st.sampled_from(["weather", "", "the weather", "ns.weather", "w" * 99]), arguments)
some_calls = st.lists(calls, max_size=3).map(tuple)
seals = st.builds(
    lambda api, answer, place, fact: sealed(Seal(api=api, facts={fact: "x"}, answer=answer, place=place)),
    st.sampled_from(APIS),
    ids,
    st.integers(-2, 5),
    st.sampled_from(["signature", "redacted", "field"]),
)
messages = st.one_of(
    st.builds(UserMessage, id=ids, content=contents),
    st.builds(SystemMessage, id=ids, content=contents),
    st.builds(DeveloperMessage, id=ids, content=contents),
    st.builds(
        AssistantMessage, id=ids, content=st.none() | contents, tool_calls=st.lists(calls, max_size=3).map(tuple)
    ),
    st.builds(ToolMessage, id=ids, tool_call_id=ids, content=texts, error=st.none() | texts),
    st.builds(ReasoningMessage, id=ids, content=texts, encrypted_value=st.none() | texts | seals),
    st.builds(ActivityMessage, id=ids, activity_type=st.just("plan"), content=st.just({})),
)
conversations = st.lists(messages, max_size=12)
each_conversation = given(conversations)


def turns_of(history: Sequence[Message]) -> tuple[Turn, ...]:
    try:
        return conversation_of(history)
    except InvalidError:
        # Nothing in it speaks: it is refused, and no provider is asked.
        assert not any(isinstance(message, AssistantMessage) and message.tool_calls for message in history)
        return ()


def sendable(body: Any) -> None:
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


@settings(deadline=None)
@each_conversation
def test_openais_rules(history: list[Message]) -> None:
    thoughts = thoughts_of(history, "openai")
    sent: list[Any] = list(openai_messages.messages_of(turns_of(history), "OpenAI", thoughts, "reasoning_content"))
    sendable(sent)
    awaited: list[str] = []
    answered: set[str] = set()
    for message in sent:
        if message["role"] == "tool":
            assert message["tool_call_id"] in awaited
            awaited.remove(message["tool_call_id"])
            continue
        assert awaited == [], "each call is answered directly behind its message"
        for call in message.get("tool_calls", ()):
            assert call["id"] not in answered
            assert 0 < len(call["id"]) <= 40
            assert NAME.fullmatch(call["function"]["name"])
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            awaited.append(call["id"])
            answered.add(call["id"])
        content = message.get("content")
        assert content or message.get("tool_calls")
        said = [part.get("text", "an image") for part in content] if isinstance(content, list) else [content]
        assert all(text is None or text.strip() for text in said)
    assert awaited == []


@settings(deadline=None)
@each_conversation
def test_anthropics_rules(history: list[Message]) -> None:
    turns = turns_of(history)
    sent: list[Any] = list(anthropic_messages.messages_of(turns, "Anthropic", thoughts_of(history, "anthropic")))
    sendable(sent)
    assert [message["role"] for message in sent] == ["user", "assistant"] * (len(sent) // 2) + ["user"]
    awaited: list[str] = []
    seen: set[str] = set()
    for message in sent:
        blocks = message["content"]
        assert blocks
        assert all(block["text"].strip() for block in blocks if block["type"] == "text")
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        assert results == awaited, "the results of an answer come in the next turn, each once"
        assert [block["type"] for block in blocks[: len(results)]] == ["tool_result"] * len(results)
        uses = [block for block in blocks if block["type"] == "tool_use"]
        awaited = [block["id"] for block in uses]
        assert seen.isdisjoint(awaited)
        seen.update(awaited)
        assert len(set(awaited)) == len(awaited)
        assert all(NAME.fullmatch(block["name"]) and isinstance(block["input"], dict) for block in uses)
        assert all(NAME.fullmatch(call_id) for call_id in awaited)
        if message["role"] == "assistant":
            assert "thinking" not in blocks[-1]["type"]
    assert awaited == []


@settings(deadline=None)
@each_conversation
def test_googles_rules(history: list[Message]) -> None:
    contents = google_messages.contents_of(turns_of(history), lambda call, *, is_first: None)
    sent = [content.model_dump(mode="json", exclude_none=True) for content in contents]
    sendable(sent)
    assert [content["role"] for content in sent] == ["user", "model"] * (len(sent) // 2) + ["user"]
    awaited: list[tuple[str, str]] = []
    for content in sent:
        assert content["parts"]
        assert all(part["text"].strip() for part in content["parts"] if "text" in part)
        responses = [part["function_response"] for part in content["parts"] if "function_response" in part]
        assert [(response["id"], response["name"]) for response in responses] == awaited
        made = [part["function_call"] for part in content["parts"] if "function_call" in part]
        awaited = [(call["id"], call["name"]) for call in made]
        assert all(NAME.fullmatch(call["name"]) and isinstance(call["args"], dict) for call in made)
    assert awaited == []


def test_a_tool_that_is_offered_keeps_its_name() -> None:
    called = AssistantMessage(id="a", tool_calls=(ToolCall("c", "ns.weather"), ToolCall("d", "ns.other")))
    (turn, *_) = conversation_of((called,), {"ns.weather"})
    assert isinstance(turn, AssistantMessage)
    assert [call.name for call in turn.tool_calls] == ["ns.weather", "ns_other"]


def test_halves_of_pairs_are_joined_or_marked() -> None:
    (turn,) = conversation_of((UserMessage(id="u", content="\ud83d\ude00 \ud83d"),))
    assert turn.content == "\U0001f600 \ufffd"
