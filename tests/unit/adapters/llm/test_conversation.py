import pytest

from agui_runtime.adapters.llm.conversation import (
    arguments_of,
    conversation_of,
    instructions_of,
    kind_of,
    mime_type_of,
    parts_of,
    result_of,
    url_of,
)
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.messages import (
    ActivityMessage,
    AssistantMessage,
    DeveloperMessage,
    MediaPart,
    ReasoningMessage,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)


def test_what_no_model_reads_is_left_out() -> None:
    hello = UserMessage(id="u", content="Hello")
    history = (
        ActivityMessage(id="a", activity_type="plan", content={}),
        ReasoningMessage(id="r", content="hm"),
        AssistantMessage(id="e", content=""),
        UserMessage(id="v", content=""),
        SystemMessage(id="s", content=""),
        hello,
    )
    assert conversation_of(history) == (hello,)


def test_an_empty_conversation_is_refused() -> None:
    with pytest.raises(InvalidError, match="The conversation is empty"):
        conversation_of((UserMessage(id="v", content=""),))


def test_an_assistants_pictures_are_left_out_of_what_it_said() -> None:
    drawn = AssistantMessage(id="a", content=(TextPart("Here."), MediaPart("image", "image/png", data="QUJD")))
    assert conversation_of((drawn,)) == (AssistantMessage(id="a", content="Here."),)


@pytest.mark.parametrize(
    "part",
    [
        MediaPart("image", url="data:image/png;base64,QUJD"),
        MediaPart("image", data="data:image/png;base64,QUJD"),
        MediaPart("image", "image/png", data="data:;base64,QUJD"),
        MediaPart("image", "image/png", url="data:text/plain;charset=utf-8;base64,QUJD"),
    ],
)
def test_what_is_in_a_data_url_is_data(part: MediaPart) -> None:
    (turn,) = conversation_of((UserMessage(id="u", content=(part,)),))
    assert turn.content == (MediaPart("image", "image/png", data="QUJD"),)


@pytest.mark.parametrize("call_id", ["functions.weather:0", "x" * 41, "ä", "with space"])
def test_a_call_id_that_providers_refuse_is_replaced_in_call_and_result_alike(call_id: str) -> None:
    called = AssistantMessage(id="a", tool_calls=(ToolCall(call_id, "weather"),))
    asked, answered = conversation_of((called, ToolMessage(id="r", tool_call_id=call_id, content="sunny")))
    assert isinstance(asked, AssistantMessage)
    assert isinstance(answered, ToolMessage)
    assert asked.tool_calls[0].id == answered.tool_call_id
    assert answered.tool_call_id.isascii()
    assert len(answered.tool_call_id) <= 40
    assert answered.tool_call_id != call_id


def test_instructions_are_one_text() -> None:
    turns = conversation_of((SystemMessage(id="s", content="Be kind."), DeveloperMessage(id="d", content="Be brief.")))
    assert instructions_of(turns) == "Be kind.\n\nBe brief."


def test_empty_texts_are_no_parts() -> None:
    picture = MediaPart("image", "image/png", data="QUJD")
    assert parts_of((TextPart(""), picture)) == (picture,)
    assert parts_of("") == ()


@pytest.mark.parametrize("written", ["", "  ", "{}"])
def test_no_arguments_are_an_empty_object(written: str) -> None:
    assert arguments_of(ToolCall("c", "weather", written)) == {}


@pytest.mark.parametrize("written", ['{"city":', "[1]", "[" * 100_000])
def test_arguments_that_are_no_object_are_kept_as_text(written: str) -> None:
    assert arguments_of(ToolCall("c", "weather", written)) == {"unreadable_arguments": written}


def test_an_error_is_the_result_where_there_is_no_other() -> None:
    assert result_of(ToolMessage(id="r", tool_call_id="c", content="", error="It broke.")) == "It broke."


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", "image"),
        ("audio/wav", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "document"),
        (None, "document"),
    ],
)
def test_a_binary_part_is_what_its_type_says(mime_type: str | None, kind: str) -> None:
    assert kind_of(MediaPart("binary", mime_type, data="QUJD")) == kind


def test_an_attachment_without_a_type_is_refused() -> None:
    with pytest.raises(InvalidError, match=r"An attachment \(image\) has no mimeType"):
        mime_type_of(MediaPart("image", data="QUJD"))


def test_an_attachment_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidError, match=r"An attachment \(image\) has neither data nor a URL"):
        url_of(MediaPart("image", "image/png"))
