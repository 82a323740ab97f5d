"""The conversation as providers take it: repaired, and without what no model reads. Written once for all of them."""

import hashlib
import json
import re
from collections.abc import Container, Iterator, Sequence

from attrs import evolve

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.history_repair import repair_history
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps, is_object
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

OPENING = "(The conversation begins with the assistant.)"
"""Stands before a conversation that the assistant begins, for APIs that want a user's turn first."""

CLOSING = "(Go on.)"
"""Stands behind a conversation that the assistant ends, for APIs that want a user's turn last."""

_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_CALL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OUTSIDE_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(;[\w.=+-]+)*;base64,")
_SURROGATES = re.compile("[\ud800-\udfff]")


def conversation_of(messages: Sequence[Message], offered: Container[str] = ()) -> tuple[Turn, ...]:
    """What a provider is told.

    Args:
        messages: as a client or a log has them.
        offered: the names of the run's tools; calls of other names are spelled as every provider takes them.

    Raises:
        InvalidError: nothing is left to answer.
    """
    turns = tuple(_turns(repair_history(messages), offered))
    if not turns:
        raise InvalidError("The conversation is empty: there is nothing that a model could answer.")
    return turns


def instructions_of(turns: Sequence[Turn]) -> str:
    """All instructions in one text, for providers that take them apart from the conversation."""
    instructions = (turn for turn in turns if isinstance(turn, SystemMessage | DeveloperMessage))
    return "\n\n".join(text_of(turn.content) for turn in instructions)


def parts_of(content: Content) -> tuple[Part, ...]:
    """The parts of a content that say something: providers refuse empty text, and Anthropic blank text too."""
    parts = (TextPart(content),) if isinstance(content, str) else content
    return tuple(part for part in parts if isinstance(part, MediaPart) or part.text.strip())


def arguments_of(call: ToolCall) -> JsonObject:
    """A call's arguments as an object; what a model wrote wrongly is kept as text, so that it can see it."""
    arguments: JsonValue = readable(call.arguments) if call.arguments.strip() else {}
    return arguments if is_object(arguments) else {"unreadable_arguments": call.arguments}


def arguments_text_of(call: ToolCall) -> str:
    """A call's arguments as the text of an object, as the model wrote it where it is one."""
    arguments = arguments_of(call)
    is_unreadable = arguments.get("unreadable_arguments") == call.arguments
    return dumps(arguments) if is_unreadable or not call.arguments.strip() else call.arguments


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


def _turns(messages: Sequence[Message], offered: Container[str]) -> Iterator[Turn]:
    for message in messages:
        match message:
            case AssistantMessage():
                # Providers take no media in what a model said itself, and no blank text.
                text = text_of(message.content) if text_of(message.content).strip() else ""
                if message.tool_calls or text:
                    calls = tuple(_call(call, offered) for call in message.tool_calls)
                    yield evolve(message, content=plain(text), tool_calls=calls)
            case ToolMessage(content=content, error=error):
                call_id = _call_id(message.tool_call_id)
                told = None if error is None else plain(error)
                yield evolve(message, tool_call_id=call_id, content=plain(content), error=told)
            case UserMessage():
                if parts_of(message.content):
                    yield evolve(message, content=_plain_content(message.content))
            case SystemMessage() | DeveloperMessage():
                if text_of(message.content).strip():
                    yield evolve(message, content=plain(text_of(message.content)))
            case _:
                # Activities and reasoning are for people.
                continue


def _call(call: ToolCall, offered: Container[str]) -> ToolCall:
    name = call.name
    if name not in offered and not _CALL_NAME.fullmatch(name):
        name = _OUTSIDE_NAMES.sub("_", name)[:64] or "unnamed"
    return evolve(call, id=_call_id(call.id), name=name, arguments=plain(call.arguments))


def _plain_content(content: Content) -> Content:
    if isinstance(content, str):
        return plain(content)
    return tuple(TextPart(plain(part.text)) if isinstance(part, TextPart) else _media(part) for part in content)


def _media(part: MediaPart) -> MediaPart:
    """The same, with what is inside a data URL taken out of it: pages write them as a URL, or as the data."""
    found = _DATA_URL.match(part.data or part.url or "")
    if found is None:
        return part
    text = (part.data or part.url or "")[found.end() :]
    return evolve(part, mime_type=part.mime_type or found["type"] or None, data=text, url=None)


def readable(text: str) -> JsonValue:
    """What a JSON text says, without halves of surrogate pairs; ``None`` where it is none."""
    try:
        value: JsonValue = json.loads(text)
        written = dumps(value)
        return json.loads(plain(written)) if _SURROGATES.search(written) else value
    except (ValueError, RecursionError):
        return None


def plain(text: str) -> str:
    """The text without halves of surrogate pairs, which no provider can be sent."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _call_id(call_id: str) -> str:
    """The same id in the alphabet of Anthropic and the length of OpenAI; agents and other models make other ones."""
    if _CALL_ID.fullmatch(call_id):
        return call_id
    return f"call_{hashlib.sha256(call_id.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
