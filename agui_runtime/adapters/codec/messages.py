"""Messages to JSON and back (contract agui §4)."""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen
from cattrs import Converter

from agui_runtime.adapters.codec.converter import MismatchError, add_class, json_object
from agui_runtime.adapters.codec.encoding import Encoder, Value, encode_time, object_encoder
from agui_runtime.adapters.codec.parts import (
    add_parts,
    encode_content,
    encode_stored_content,
    encode_text_content,
    text_of_result,
)
from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import JsonObject, JsonValue

_CLASSES: dict[m.Role, type[Any]] = {
    m.Role.USER: m.UserMessage,
    m.Role.ASSISTANT: m.AssistantMessage,
    m.Role.SYSTEM: m.SystemMessage,
    m.Role.DEVELOPER: m.DeveloperMessage,
    m.Role.TOOL: m.ToolMessage,
    m.Role.ACTIVITY: m.ActivityMessage,
    m.Role.REASONING: m.ReasoningMessage,
}
_ROLES = [role.value for role in _CLASSES]


def encode_messages(messages: Sequence[m.Message]) -> list[JsonValue]:
    """Messages as AG-UI's schemas name them. Side fields, and media outside of user messages, have no place there."""
    return [_WIRE[type(message)](message) for message in messages]


def encode_stored_messages(messages: Sequence[m.Message]) -> list[JsonValue]:
    """Messages with all that the domain knows of them."""
    return [_STORED[type(message)](message) for message in messages]


def add_messages(converter: Converter, *, stored: bool) -> None:
    """Teach ``converter`` to read messages."""
    add_parts(converter, stored=stored)
    add_class(converter, _FunctionShape, stored=stored)
    add_class(converter, _ToolCallShape, stored=stored)
    converter.register_structure_hook(m.ToolCall, lambda value, _: _tool_call(converter, value))
    for cls in _CLASSES.values():
        if cls is m.ToolMessage:
            add_class(converter, cls, stored=stored, content=lambda value, _: text_of_result(converter, value))
        elif cls is m.ActivityMessage and not stored:
            # Clients read no other, and end their stream at it.
            add_class(converter, cls, stored=stored, content=lambda value, _: json_object(value))
        else:
            add_class(converter, cls, stored=stored)
    converter.register_structure_hook_func(lambda cls: cls == m.Message, _message_hook(converter))


def _message_hook(converter: Converter) -> Callable[[Any, Any], Any]:
    def message(value: Any, _: Any) -> Any:
        role = json_object(value).get("role")
        if role not in _ROLES:
            raise MismatchError(f"expected a role of {', '.join(_ROLES)}")
        return converter.structure(value, _CLASSES[m.Role(role)])

    return message


@frozen
class _FunctionShape:
    name: str
    arguments: str


@frozen
class _ToolCallShape:
    id: str
    function: _FunctionShape
    encrypted_value: str | None = None
    metadata: JsonObject | None = None


def _tool_call(converter: Converter, value: Any) -> m.ToolCall:
    shape = converter.structure(value, _ToolCallShape)
    function = shape.function
    return m.ToolCall(shape.id, function.name, function.arguments, shape.encrypted_value, shape.metadata)


def _encode_tool_calls(calls: Sequence[m.ToolCall]) -> list[JsonValue]:
    return [_encode_tool_call(call) for call in calls]


def _encode_tool_call(call: m.ToolCall) -> dict[str, JsonValue]:
    encoded: dict[str, JsonValue] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if call.encrypted_value is not None:
        encoded["encryptedValue"] = call.encrypted_value
    if call.metadata is not None:
        encoded["metadata"] = call.metadata
    return encoded


def _encoders(*, stored: bool) -> dict[type, Encoder]:
    found: dict[type, Encoder] = {}
    for role, cls in _CLASSES.items():
        values: dict[str, Value] = {"created_at": encode_time, "tool_calls": _encode_tool_calls}
        if cls not in {m.ToolMessage, m.ActivityMessage, m.ReasoningMessage}:
            on_wire = encode_content if cls is m.UserMessage else encode_text_content
            values["content"] = encode_stored_content if stored else on_wire
        # The id comes before the role, as in AG-UI's own texts: some clients are given messages as JSON text.
        found[cls] = object_encoder(cls, {"id": "", "role": role.value}, stored=stored, values=values)
    return found


_WIRE = _encoders(stored=False)
_STORED = _encoders(stored=True)
