"""Conversations in the endpoint's forms, both ways."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.remote.copilotkit.messages import remembered_messages, sent_messages
from agui_runtime.domain import messages as m

AT = datetime(2025, 1, 2, 3, 4, 5, 678_000, UTC)


def test_a_text_is_sent_with_its_role_and_time() -> None:
    assert sent_messages([m.SystemMessage(id="s", created_at=AT, content="be kind")]) == [
        {
            "id": "s",
            "createdAt": "2025-01-02T03:04:05.678Z",
            "type": "TextMessage",
            "content": "be kind",
            "role": "system",
        }
    ]


def test_a_message_without_a_time_is_sent_without_one() -> None:
    assert "createdAt" not in sent_messages([m.UserMessage(id="u", content="hi")])[0]


def test_a_message_with_text_and_calls_is_an_entry_for_each() -> None:
    calls = (m.ToolCall("c1", "f", '{"x":1}'), m.ToolCall("c2", "g", ""))
    sent = sent_messages([m.AssistantMessage(id="a", content="so", tool_calls=calls)])
    assert sent == [
        {"id": "a", "type": "TextMessage", "content": "so", "role": "assistant"},
        {"id": "c1", "type": "ActionExecutionMessage", "name": "f", "arguments": {"x": 1}, "parentMessageId": "a"},
        {"id": "c2", "type": "ActionExecutionMessage", "name": "g", "arguments": {}, "parentMessageId": "a"},
    ]


def test_a_call_whose_arguments_are_broken_is_sent_without_them() -> None:
    message = m.AssistantMessage(id="a", tool_calls=(m.ToolCall("c", "f", '{"x":'),))
    assert [entry.get("arguments") for entry in sent_messages([message])] == [{}]


def test_a_result_names_its_call() -> None:
    (sent,) = sent_messages([m.ToolMessage(id="r", tool_call_id="c", content="42", tool_name="f")])
    assert sent == {
        "id": "r",
        "type": "ResultMessage",
        "actionExecutionId": "c",
        "actionName": "f",
        "result": "42",
    }


def test_an_image_is_an_entry_of_its_own() -> None:
    image = m.MediaPart("image", "image/png", data="aGk=")
    sent = sent_messages([m.UserMessage(id="u", content=(m.TextPart("look"), image))])
    assert [entry["type"] for entry in sent] == ["TextMessage", "ImageMessage"]
    assert (sent[1]["format"], sent[1]["bytes"]) == ("png", "aGk=")


def test_thoughts_and_activities_stay_here() -> None:
    thought = m.ReasoningMessage(id="r", content="hm")
    activity = m.ActivityMessage(id="a", activity_type="x", content={})
    assert sent_messages([thought, activity]) == []


def test_what_an_endpoint_remembers_is_read() -> None:
    remembered = remembered_messages(
        [
            {"role": "user", "content": "hello", "id": "h1"},
            {"role": "assistant", "content": "", "id": "a1"},
            {"id": "c1", "name": "f", "arguments": {"q": 1}, "parentMessageId": "a1"},
            {"actionExecutionId": "c1", "actionName": "f", "result": "found", "id": "r1"},
        ]
    )
    assert remembered == (
        m.UserMessage(id="h1", content="hello"),
        m.AssistantMessage(id="a1", content="", tool_calls=(m.ToolCall("c1", "f", '{"q":1}'),)),
        m.ToolMessage(id="r1", tool_call_id="c1", content="found", tool_name="f"),
    )


def test_a_call_without_its_message_becomes_one() -> None:
    (message,) = remembered_messages([{"id": "c1", "name": "f", "arguments": {}, "parentMessageId": "gone"}])
    assert message == m.AssistantMessage(id="c1", tool_calls=(m.ToolCall("c1", "f", "{}"),))


KEYS = st.sampled_from(["id", "role", "content", "arguments", "name", "actionExecutionId", "result", "parentMessageId"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_nothing_that_an_endpoint_says_breaks_the_reading(value: object) -> None:
    assert isinstance(remembered_messages(value), tuple)
