"""Conversations in the endpoint's forms: what ``/agents/execute`` is sent, and what ``/agents/state`` gives."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps, is_array, is_object


def sent_messages(messages: Iterable[m.Message]) -> list[dict[str, Any]]:
    """CopilotKit's own forms, one entry for each text, image, call and result."""
    return [entry for message in messages for entry in _entries(message)]


def remembered_messages(value: JsonValue) -> tuple[m.Message, ...]:
    """The legacy forms, which are told apart by their keys (contract graphql §7). What is none of them is left out."""
    messages: dict[str, m.Message] = {}
    for entry in value if is_array(value) else ():
        if is_object(entry) and isinstance(entry.get("id"), str):
            _remember(messages, entry["id"], entry)
    return tuple(messages.values())


def _entries(message: m.Message) -> Iterator[dict[str, Any]]:
    common = _common(message.id, message.created_at)
    match message:
        case m.ToolMessage():
            yield {
                **common,
                "type": "ResultMessage",
                "actionExecutionId": message.tool_call_id,
                "actionName": message.tool_name or "unknown",
                "result": message.content,
            }
        case m.ActivityMessage() | m.ReasoningMessage():
            return
        case _:
            yield from _said(message, common)


def _said(
    message: m.UserMessage | m.AssistantMessage | m.SystemMessage | m.DeveloperMessage, common: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    text, role = m.text_of(message.content), str(message.role)
    calls = message.tool_calls if isinstance(message, m.AssistantMessage) else ()
    parts = message.content if isinstance(message.content, tuple) else ()
    images = [part for part in parts if isinstance(part, m.MediaPart) and part.kind == "image" and part.data]
    if text or not (calls or images):
        yield {**common, "type": "TextMessage", "content": text, "role": role}
    for image in images:
        kind = (image.mime_type or "image/").partition("/")[2]
        yield {**common, "type": "ImageMessage", "format": kind, "bytes": image.data, "role": role}
    for call in calls:
        yield {
            **_common(call.id, message.created_at),
            "type": "ActionExecutionMessage",
            "name": call.name,
            "arguments": _arguments(call.arguments),
            "parentMessageId": message.id,
        }


def _common(message_id: str, at: datetime | None) -> dict[str, Any]:
    if at is None:
        return {"id": message_id}
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": message_id, "createdAt": moment}


def _arguments(text: str) -> JsonValue:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        # The endpoint's own models want an object; a broken call must not make the whole thread unusable.
        return {}


def _remember(messages: dict[str, m.Message], message_id: str, entry: JsonObject) -> None:
    if "actionExecutionId" in entry:
        messages[message_id] = m.ToolMessage(
            id=message_id,
            tool_call_id=str(entry["actionExecutionId"]),
            content=_text(entry.get("result")),
            tool_name=str(entry.get("actionName") or "unknown"),
        )
    elif "arguments" in entry:
        call = m.ToolCall(message_id, str(entry.get("name", "")), _text(entry["arguments"]))
        parent = messages.get(str(entry.get("parentMessageId", "")))
        if isinstance(parent, m.AssistantMessage):
            calls = (*parent.tool_calls, call)
            messages[parent.id] = m.AssistantMessage(id=parent.id, content=parent.content, tool_calls=calls)
        else:
            messages[message_id] = m.AssistantMessage(id=message_id, tool_calls=(call,))
    else:
        _remember_text(messages, message_id, entry)


def _remember_text(messages: dict[str, m.Message], message_id: str, entry: JsonObject) -> None:
    content, parent = _text(entry.get("content")), entry.get("parentMessageId")
    match entry.get("role"):
        case "user":
            messages[message_id] = m.UserMessage(id=message_id, content=content)
        case "assistant":
            parent_id = parent if isinstance(parent, str) else None
            messages[message_id] = m.AssistantMessage(id=message_id, content=content, parent_message_id=parent_id)
        case "system":
            messages[message_id] = m.SystemMessage(id=message_id, content=content)
        case "developer":
            messages[message_id] = m.DeveloperMessage(id=message_id, content=content)
        case _:
            return


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else "" if value is None else dumps(value)
