"""Messages as CopilotKit's JSON: its legacy forms, and AG-UI's within an agent state (contract graphql §7)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from agui_runtime.adapters.codec.messages import encode_messages
from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import JsonValue


def agui_messages(messages: Iterable[m.Message]) -> list[JsonValue]:
    """The messages in AG-UI's form, as a MESSAGES_SNAPSHOT shows them."""
    return encode_messages(tuple(messages))


def legacy_messages(messages: Iterable[m.Message]) -> list[dict[str, Any]]:
    """The messages in the legacy forms; clients tell them apart by their keys. Each result is behind its call.

    The order of keys is that of ``@ag-ui/client`` 0.0.39, since the list travels as text.
    """
    return [_stream_form(entry) for entry in _entries(messages)]


def loaded_messages(messages: Iterable[m.Message]) -> list[dict[str, Any]]:
    """The same list as ``loadAgentState`` gives it: an assistant's text has a parent (rec load-state-stored)."""
    return [_loaded_form(entry) for entry in _entries(messages)]


@frozen
class _Text:
    message: m.Message
    text: str


@frozen
class _Call:
    call: m.ToolCall
    parent_message_id: str


@frozen
class _Result:
    message: m.ToolMessage
    name: str


_Entry = _Text | _Call | _Result


def _entries(messages: Iterable[m.Message]) -> Iterator[_Entry]:
    ordered = tuple(messages)
    results = {message.tool_call_id: message for message in ordered if isinstance(message, m.ToolMessage)}
    names = {call.id: call.name for message in ordered for call in _calls(message)}
    for message in ordered:
        if isinstance(message, m.ToolMessage):
            if message.tool_call_id not in names:
                yield _Result(message, message.tool_name or "unknown")
            continue
        if isinstance(message, m.ActivityMessage | m.ReasoningMessage):
            continue
        text = m.text_of(message.content)
        if text:
            yield _Text(message, text)
        for call in _calls(message):
            yield _Call(call, message.id)
            if call.id in results:
                yield _Result(results[call.id], call.name)


def _stream_form(entry: _Entry) -> dict[str, Any]:
    match entry:
        case _Text(message=message, text=text):
            return {"id": message.id, "role": str(message.role), "content": text}
        case _Result(message=message, name=name):
            return {
                "id": message.id,
                "result": message.content,
                "actionExecutionId": message.tool_call_id,
                "actionName": name,
            }
        case _Call():
            return _call_form(entry)


def _loaded_form(entry: _Entry) -> dict[str, Any]:
    match entry:
        case _Text(message=message, text=text):
            form: dict[str, Any] = {"role": str(message.role), "content": text, "id": message.id}
            if isinstance(message, m.AssistantMessage):
                form["parentMessageId"] = message.parent_message_id or message.id
            return form
        case _Result(message=message, name=name):
            return {
                "actionExecutionId": message.tool_call_id,
                "actionName": name,
                "result": message.content,
                "id": message.id,
            }
        case _Call():
            return _call_form(entry)


def _call_form(entry: _Call) -> dict[str, Any]:
    try:
        arguments = json.loads(entry.call.arguments or "{}")
    except (ValueError, RecursionError):
        # A broken call must not make the whole thread unreadable.
        arguments = {}
    return {
        "id": entry.call.id,
        "name": entry.call.name,
        "arguments": arguments if isinstance(arguments, dict) else {},
        "parentMessageId": entry.parent_message_id,
    }


def _calls(message: m.Message) -> tuple[m.ToolCall, ...]:
    return message.tool_calls if isinstance(message, m.AssistantMessage) else ()
