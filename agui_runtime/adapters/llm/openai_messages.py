"""A conversation in the form of OpenAI's chat completions."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionContentPartParam,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageFunctionToolCallParam,
    ChatCompletionMessageParam,
    ChatCompletionToolChoiceOptionParam,
)
from openai.types.chat.chat_completion_content_part_input_audio_param import InputAudio

from agui_runtime.adapters.llm.conversation import (
    Turn,
    arguments_text_of,
    kind_of,
    mime_type_of,
    not_taken,
    parts_of,
    result_of,
    url_of,
)
from agui_runtime.adapters.llm.openai_reasoning import fields_of
from agui_runtime.adapters.llm.parameters import ToolChoice
from agui_runtime.adapters.llm.seals import Thought, Thoughts
from agui_runtime.domain.json_value import copy_of
from agui_runtime.domain.messages import AssistantMessage, MediaPart, TextPart, ToolMessage, UserMessage, text_of
from agui_runtime.domain.tools import Tool

_AUDIO_FORMATS: dict[str, Literal["wav", "mp3"]] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


def messages_of(
    turns: Sequence[Turn], provider: str, thoughts: Thoughts, reasoning_field: str | None
) -> list[ChatCompletionMessageParam]:
    """The conversation.

    Instructions have the role ``system``, which every server knows; OpenAI's own models read it as ``developer``.
    Thoughts go back, as servers that think want them, while the answer to the user's last message is not complete.

    Raises:
        InvalidError: an attachment that has no form here.
    """
    newest = max((index for index, turn in enumerate(turns) if isinstance(turn, UserMessage)), default=-1)
    return [
        _message(turn, provider, thoughts.get(turn.id, ()), reasoning_field)
        if index > newest
        else _message(turn, provider, (), None)
        for index, turn in enumerate(turns)
    ]


def tools_of(tools: Sequence[Tool]) -> list[ChatCompletionFunctionToolParam]:
    """The tools."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": copy_of(tool.parameters),
            },
        }
        for tool in tools
    ]


def tool_choice_of(choice: ToolChoice) -> ChatCompletionToolChoiceOptionParam:
    """Which tool the model must or may call."""
    if choice.name is not None:
        return {"type": "function", "function": {"name": choice.name}}
    if choice.mode == "required":
        return "required"
    return "none" if choice.mode == "none" else "auto"


def _message(
    turn: Turn, provider: str, thoughts: Sequence[Thought], reasoning_field: str | None
) -> ChatCompletionMessageParam:
    match turn:
        case UserMessage(content=str() as text):
            return {"role": "user", "content": text}
        case UserMessage(content=content):
            return {"role": "user", "content": list(_parts(parts_of(content), provider))}
        case AssistantMessage():
            return _assistant(turn, thoughts, reasoning_field)
        case ToolMessage(tool_call_id=call_id):
            return {"role": "tool", "tool_call_id": call_id, "content": result_of(turn)}
        case _:
            return {"role": "system", "content": text_of(turn.content)}


def _assistant(
    turn: AssistantMessage, thoughts: Sequence[Thought], reasoning_field: str | None
) -> ChatCompletionAssistantMessageParam:
    message: ChatCompletionAssistantMessageParam = {"role": "assistant"}
    text = text_of(turn.content)
    if text:
        message["content"] = text
    if turn.tool_calls:
        calls: list[ChatCompletionMessageFunctionToolCallParam] = [
            {
                "type": "function",
                "id": call.id,
                "function": {"name": call.name, "arguments": arguments_text_of(call)},
            }
            for call in turn.tool_calls
        ]
        message["tool_calls"] = calls
    if turn.tool_calls:
        # No fields of OpenAI's own.
        cast("dict[str, Any]", message).update(fields_of(thoughts, reasoning_field))
    return message


def _parts(parts: Sequence[TextPart | MediaPart], provider: str) -> Iterator[ChatCompletionContentPartParam]:
    for part in parts:
        if isinstance(part, TextPart):
            yield {"type": "text", "text": part.text}
            continue
        match kind_of(part):
            case "image":
                yield {"type": "image_url", "image_url": {"url": url_of(part)}}
            case "audio" if part.data is not None and part.mime_type in _AUDIO_FORMATS:
                sound: InputAudio = {"data": part.data, "format": _AUDIO_FORMATS[part.mime_type]}
                yield {"type": "input_audio", "input_audio": sound}
            case "document" if part.data is not None:
                name = str((part.metadata or {}).get("filename") or f"document.{mime_type_of(part).rpartition('/')[2]}")
                yield {"type": "file", "file": {"filename": name, "file_data": url_of(part)}}
            case _:
                raise not_taken(part, provider)
