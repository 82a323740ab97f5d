from typing import Any

import pytest

from agui_runtime.domain import messages as m

PICTURE = m.MediaPart("image", "image/png", data="aGk=")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("", ""),
        ("plain", "plain"),
        ((), ""),
        ((m.TextPart("a"), PICTURE, m.TextPart("b")), "ab"),
        ((PICTURE,), ""),
    ],
)
def test_the_text_of_a_content_leaves_its_media_out(content: Any, text: str) -> None:
    assert m.text_of(content) == text


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (m.UserMessage(id="1", content="x"), "user"),
        (m.AssistantMessage(id="1"), "assistant"),
        (m.SystemMessage(id="1", content="x"), "system"),
        (m.DeveloperMessage(id="1", content="x"), "developer"),
        (m.ToolMessage(id="1", tool_call_id="c", content="x"), "tool"),
        (m.ActivityMessage(id="1", activity_type="plan", content={}), "activity"),
        (m.ReasoningMessage(id="1", content="x"), "reasoning"),
    ],
)
def test_each_kind_of_message_has_the_role_of_its_wire_name(message: m.Message, role: str) -> None:
    assert message.role == role


def test_the_role_of_a_message_cannot_be_chosen() -> None:
    with pytest.raises(TypeError, match="role"):
        m.UserMessage(id="1", content="x", role=m.Role.TOOL)  # type: ignore[call-arg]


def test_the_newest_user_text_is_the_one_that_counts() -> None:
    conversation = (
        m.UserMessage(id="1", content="old"),
        m.UserMessage(id="2", content=(m.TextPart("new"), PICTURE)),
        m.AssistantMessage(id="3", content="answer"),
        m.ToolMessage(id="4", tool_call_id="c", content="result"),
    )
    assert m.last_user_text(conversation) == "new"


def test_a_newest_user_message_without_text_is_empty_text() -> None:
    assert m.last_user_text((m.UserMessage(id="1", content="old"), m.UserMessage(id="2", content=(PICTURE,)))) == ""


def test_without_a_user_message_there_is_no_user_text() -> None:
    assert m.last_user_text((m.SystemMessage(id="1", content="rules"),)) is None
    assert m.last_user_text(()) is None
