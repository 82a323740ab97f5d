"""Messages as CopilotKit's JSON: its legacy forms, and AG-UI's within an agent state (contract graphql §7)."""

import json
from collections.abc import Iterable
from typing import Any

from agui_runtime.adapters.codec.messages import encode_messages
from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import JsonValue


def agui_messages(messages: Iterable[m.Message]) -> list[JsonValue]:
    """The messages in AG-UI's form, as a MESSAGES_SNAPSHOT shows them."""
    return encode_messages(tuple(messages))


def legacy_messages(messages: Iterable[m.Message], *, links_text: bool = False) -> list[dict[str, Any]]:
    """The messages in the legacy forms; clients tell them apart by their keys. Each result is behind its call.

    Args:
        messages: the conversation.
        links_text: give an assistant's text its own id as parent, as ``loadAgentState`` does (rec load-state-stored).
    """
    ordered = tuple(messages)
    results = {message.tool_call_id: message for message in ordered if isinstance(message, m.ToolMessage)}
    names = {call.id: call.name for message in ordered for call in _calls(message)}
    legacy: list[dict[str, Any]] = []
    for message in ordered:
        if isinstance(message, m.ToolMessage):
            if message.tool_call_id not in names:
                legacy.append(_result(message, message.tool_name or "unknown"))
            continue
        if isinstance(message, m.ActivityMessage | m.ReasoningMessage):
            continue
        text = m.text_of(message.content)
        if text:
            legacy.append(_text(message, text, links_text=links_text))
        for call in _calls(message):
            legacy.append(_call(call, message.id))
            if call.id in results:
                legacy.append(_result(results[call.id], call.name))
    return legacy


def _calls(message: m.Message) -> tuple[m.ToolCall, ...]:
    return message.tool_calls if isinstance(message, m.AssistantMessage) else ()


def _text(message: m.Message, text: str, *, links_text: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"role": str(message.role), "content": text, "id": message.id}
    if links_text and isinstance(message, m.AssistantMessage):
        entry["parentMessageId"] = message.parent_message_id or message.id
    return entry


def _call(call: m.ToolCall, parent_message_id: str) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        # A broken call must not make the whole thread unreadable.
        arguments = {}
    return {
        "id": call.id,
        "name": call.name,
        "arguments": arguments if isinstance(arguments, dict) else {},
        "parentMessageId": parent_message_id,
    }


def _result(message: m.ToolMessage, name: str) -> dict[str, Any]:
    return {
        "actionExecutionId": message.tool_call_id,
        "actionName": name,
        "result": message.content,
        "id": message.id,
    }
