"""The conversation as providers take it: repaired, and without what no model reads. Written once for all of them."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence

from attrs import evolve

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.history_repair import repair_history
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object
from agui_runtime.domain.messages import (
    AssistantMessage,
    Content,
    DeveloperMessage,
    MediaPart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text_of,
)

Turn = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage
Part = TextPart | MediaPart

_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


def conversation_of(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """What a provider is told.

    Raises:
        InvalidError: nothing is left to answer.
    """
    turns = tuple(_turns(repair_history(messages)))
    if not turns:
        raise InvalidError("The conversation is empty: there is nothing that a model could answer.")
    return turns


def instructions_of(turns: Sequence[Turn]) -> str:
    """All instructions in one text, for providers that take them apart from the conversation."""
    instructions = (turn for turn in turns if isinstance(turn, SystemMessage | DeveloperMessage))
    return "\n\n".join(text_of(turn.content) for turn in instructions)


def parts_of(content: Content) -> tuple[Part, ...]:
    """The parts of a content that say something: providers refuse empty text."""
    parts = (TextPart(content),) if isinstance(content, str) else content
    return tuple(part for part in parts if isinstance(part, MediaPart) or part.text)


def arguments_of(call: ToolCall) -> JsonObject:
    """A call's arguments as an object; what a model wrote wrongly is kept as text, so that it can see it."""
    try:
        arguments: JsonValue = json.loads(call.arguments) if call.arguments.strip() else {}
    except (ValueError, RecursionError):
        arguments = None
    return arguments if is_object(arguments) else {"unreadable_arguments": call.arguments}


def result_of(message: ToolMessage) -> str:
    """What the model reads of a result, a client's error where there is nothing else."""
    return message.content or message.error or ""


def kind_of(part: MediaPart) -> str:
    """``image``, ``audio``, ``video`` or ``document``; the old ``binary`` is what its type says (contract agui §4)."""
    if part.kind != "binary":
        return part.kind
    main = (part.mime_type or "").partition("/")[0]
    return main if main in {"image", "audio", "video"} else "document"


def mime_type_of(part: MediaPart) -> str:
    """Its type, which providers insist on.

    Raises:
        InvalidError: it has none.
    """
    if part.mime_type is None:
        raise InvalidError(f"An attachment ({kind_of(part)}) has no mimeType.")
    return part.mime_type


def url_of(part: MediaPart) -> str:
    """Where it is, or itself as a data URL.

    Raises:
        InvalidError: it has neither data nor a URL.
    """
    if part.data is not None:
        return f"data:{mime_type_of(part)};base64,{part.data}"
    if part.url is None:
        raise InvalidError(f"An attachment ({kind_of(part)}) has neither data nor a URL.")
    return part.url


def not_taken(part: MediaPart, provider: str) -> InvalidError:
    """The refusal of an attachment that a provider has no form for."""
    described = f"{kind_of(part)} of type {part.mime_type}" if part.mime_type else kind_of(part)
    return InvalidError(f"The model provider {provider} does not take this attachment: {described}.")


def _turns(messages: Sequence[Message]) -> Iterator[Turn]:
    for message in messages:
        match message:
            case AssistantMessage():
                # Providers take no media in what a model said itself.
                if message.tool_calls or text_of(message.content):
                    calls = tuple(evolve(call, id=_call_id(call.id)) for call in message.tool_calls)
                    yield evolve(message, content=text_of(message.content), tool_calls=calls)
            case ToolMessage():
                yield evolve(message, tool_call_id=_call_id(message.tool_call_id))
            case UserMessage() | SystemMessage() | DeveloperMessage():
                if parts_of(message.content):
                    yield message
            case _:
                # Activities and reasoning are for people.
                continue


def _call_id(call_id: str) -> str:
    """The same id in the alphabet of Anthropic and the length of OpenAI; agents and other models make other ones."""
    if _CALL_ID.fullmatch(call_id):
        return call_id
    return f"call_{hashlib.sha256(call_id.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
