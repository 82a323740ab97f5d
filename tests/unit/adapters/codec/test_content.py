"""Messages and their parts, in the forms that clients of different ages write (contract agui §4)."""

from typing import Any

import pytest

from agui_runtime.adapters.codec.decoding import decode_messages
from agui_runtime.adapters.codec.messages import encode_messages
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.messages import AssistantMessage, MediaPart, TextPart, ToolCall, ToolMessage, UserMessage


def decode_part(part: dict[str, Any]) -> Any:
    (message,) = decode_messages([{"id": "m", "role": "user", "content": [part]}])
    return message.content[0]


def encode_part(part: TextPart | MediaPart) -> Any:
    (message,) = encode_messages([UserMessage(id="m", content=(part,))])
    return message["content"][0]


def test_an_inline_image_keeps_its_data_and_type() -> None:
    part = {"type": "image", "source": {"type": "data", "value": "AAAA", "mimeType": "image/png"}, "metadata": {"a": 1}}
    assert decode_part(part) == MediaPart("image", "image/png", data="AAAA", metadata={"a": 1})
    assert encode_part(decode_part(part)) == part


def test_a_linked_video_needs_no_type() -> None:
    part = {"type": "video", "source": {"type": "url", "value": "http://x/y"}}
    assert decode_part(part) == MediaPart("video", url="http://x/y")
    assert encode_part(decode_part(part)) == part


def test_a_legacy_binary_part_is_read_with_its_file_name() -> None:
    part = {"type": "binary", "mimeType": "image/png", "data": "AAAA", "filename": "a.png", "url": None}
    assert decode_part(part) == MediaPart("binary", "image/png", data="AAAA", metadata={"filename": "a.png"})


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", "image"),
        ("audio/mp3", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "document"),
        (None, "document"),
    ],
)
def test_a_legacy_binary_part_goes_out_as_what_it_holds(mime_type: str | None, kind: str) -> None:
    assert encode_part(MediaPart("binary", mime_type, url="http://x/y"))["type"] == kind


def test_inline_data_of_an_unknown_type_goes_out_as_octets() -> None:
    assert encode_part(MediaPart("document", data="AAAA"))["source"]["mimeType"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ({"type": "smell"}, "expected a part of type text, image, audio, video, document or binary @ $[0].content[0]"),
        ({"type": ["text"]}, "expected a part of type text, image, audio, video, document or binary @ $[0].content[0]"),
        ({"type": "text"}, "required field missing @ $[0].content[0].text"),
        ({"type": "image"}, "expected a source, data, a url or an id @ $[0].content[0]"),
        (
            {"type": "image", "source": {"type": "file", "value": "id"}},
            "expected a source of type data or url @ $[0].content[0]",
        ),
        ({"type": "image", "source": {"type": "data"}}, "required field missing @ $[0].content[0].source.value"),
        ({"type": "image", "source": "x"}, "expected an object, not a string @ $[0].content[0].source"),
        ({"type": "binary", "mimeType": "image/png"}, "expected a source, data, a url or an id @ $[0].content[0]"),
        ("text", "expected an object, not a string @ $[0].content[0]"),
    ],
)
def test_a_broken_part_is_refused_with_its_path(part: Any, fault: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode_part(part)
    assert caught.value.message == f"The message list is invalid: {fault}."


@pytest.mark.parametrize("content", [None, 7, {"type": "text"}])
def test_content_is_text_or_parts(content: Any) -> None:
    with pytest.raises(InvalidError, match=r"expected a string or an array of parts, not .* @ \$\[0\]\.content"):
        decode_messages([{"id": "m", "role": "user", "content": content}])


def test_an_assistant_may_say_nothing_but_call_tools() -> None:
    wire = {
        "role": "assistant",
        "id": "m",
        "toolCalls": [{"id": "c", "type": "function", "function": {"name": "n", "arguments": "{}"}}],
    }
    assert decode_messages([{**wire, "content": None}]) == (
        AssistantMessage(id="m", tool_calls=(ToolCall("c", "n", "{}"),)),
    )
    assert encode_messages(decode_messages([wire])) == [wire]


def test_an_assistant_s_image_has_no_place_on_the_wire() -> None:
    message = AssistantMessage(id="m", content=(TextPart("see"), MediaPart("image", "image/png", data="AAAA")))
    assert encode_messages([message]) == [{"role": "assistant", "id": "m", "content": "see"}]


def test_a_tool_message_of_text_parts_is_their_text() -> None:
    wire = {"id": "m", "role": "tool", "toolCallId": "c", "content": [{"type": "text", "text": "42"}], "error": None}
    assert decode_messages([wire]) == (ToolMessage(id="m", tool_call_id="c", content="42"),)


def test_arguments_must_be_text() -> None:
    call = {"id": "c", "function": {"name": "n", "arguments": {}}}
    with pytest.raises(
        InvalidError, match=r"expected a string, not an object @ \$\[0\]\.toolCalls\[0\]\.function\.arguments"
    ):
        decode_messages([{"id": "m", "role": "assistant", "toolCalls": [call]}])


def test_a_legacy_part_that_names_a_file_goes_as_it_came() -> None:
    part = {"type": "binary", "mimeType": "image/png", "id": "file-1", "filename": "a.png"}
    messages = [{"id": "u", "role": "user", "content": [part]}]
    assert encode_messages(decode_messages(messages)) == messages
