"""Questions to the user as meta events (contract graphql §6 "Meta events", one-model §3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agui_runtime.adapters.graphql.output import (
    CopilotKitLangGraphInterruptEvent,
    InterruptActionExecutionMessage,
    InterruptData,
    InterruptMessage,
    InterruptTextMessage,
    LangGraphInterruptEvent,
    MetaEvent,
)
from agui_runtime.domain.events import Custom
from agui_runtime.domain.json_value import JsonValue, dumps, is_array, is_object
from agui_runtime.domain.runs import Interrupt

VALUE_KEY = "__copilotkit_interrupt_value__"
MESSAGES_KEY = "__copilotkit_messages__"
_ROLES = frozenset({"user", "assistant", "system", "tool", "developer"})


def meta_event_of(event: Custom, at: datetime) -> MetaEvent | None:
    """The meta event that a CUSTOM event stands for; ``None`` for names that GraphQL clients do not know."""
    value = event.value
    if event.name == "CopilotKitLangGraphInterruptEvent" and is_object(value):
        return _with_messages(value.get("value"), value.get("messages"), at)
    if event.name == "on_interrupt" and is_object(value) and VALUE_KEY in value:
        return _with_messages(value[VALUE_KEY], value.get(MESSAGES_KEY), at)
    if event.name in {"on_interrupt", "LangGraphInterruptEvent"}:
        return LangGraphInterruptEvent(_text(value))
    return None


def meta_events_of_interrupts(interrupts: Sequence[Interrupt]) -> list[MetaEvent]:
    """Interrupts that came in AG-UI's standard form only."""
    return [
        LangGraphInterruptEvent(_text(interrupt.value if interrupt.value is not None else interrupt.message or ""))
        for interrupt in interrupts
    ]


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else dumps(value)


def _with_messages(value: JsonValue, messages: JsonValue, at: datetime) -> CopilotKitLangGraphInterruptEvent:
    shown: list[InterruptMessage] = []
    for message in messages if is_array(messages) else ():
        if is_object(message):
            shown.extend(_messages_of(message, at))
    return CopilotKitLangGraphInterruptEvent(InterruptData(_text(value), tuple(shown)))


def _messages_of(message: Mapping[str, Any], at: datetime) -> list[InterruptMessage]:
    """A message of any of the forms in use: CopilotKit's, AG-UI's and LangGraph's."""
    message_id = str(message.get("id") or "")
    parent_id = message.get("parentMessageId")
    parent = parent_id if isinstance(parent_id, str) else None
    if "name" in message and "arguments" in message:
        return [
            InterruptActionExecutionMessage(
                id=message_id,
                created_at=at,
                name=str(message["name"]),
                arguments=(_text(message["arguments"]),),
                parent_message_id=parent,
            )
        ]
    shown: list[InterruptMessage] = []
    if message.get("content"):
        role = message.get("role")
        shown.append(
            InterruptTextMessage(
                id=message_id,
                created_at=at,
                content=(_text(message["content"]),),
                role=role if role in _ROLES else "assistant",
                parent_message_id=parent,
            )
        )
    calls = message.get("toolCalls") or message.get("tool_calls")
    for call in calls if is_array(calls) else ():
        function = call.get("function", call) if is_object(call) else None
        if not is_object(function):
            continue
        arguments = function.get("arguments", function.get("args", {}))
        shown.append(
            InterruptActionExecutionMessage(
                id=str(call.get("id", "")),
                created_at=at,
                name=str(function.get("name", "")),
                arguments=(_text(arguments),),
                parent_message_id=message_id,
            )
        )
    return shown
