"""What a model or an agent was given, as the reference peer's ``inspect`` scenarios print it.

Domain messages become CopilotKit's legacy messages (for models) or AG-UI's (for agents) again; the keys and forms are
those of data/graphql/recordings/inspect.json and agent-inspect.json.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from agui_runtime.application.values import AgentInput, ModelRequest
from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import Tool


def canonical(value: JsonValue) -> str:
    """JSON text with sorted keys and numbers as JavaScript writes them."""
    return dumps(_sorted(value))


def inspect_model(request: ModelRequest, server_names: Collection[str]) -> str:
    """What the model was given. Every tool that is none of ``server_names`` is the client's."""
    seen: dict[str, Any] = {
        "messages": list(legacy_messages(request.messages)),
        "actions": [_action(tool, is_client=tool.name not in server_names) for tool in request.tools],
        "threadId": request.thread_id,
        "runId": request.run_id,
        "forwardedParameters": request.forwarded_parameters,
        "agentStates": [_agent_state(state) for state in request.agent_states],
    }
    if request.extensions is not None:
        seen["extensions"] = request.extensions
    return canonical(seen)


def inspect_agent(run_input: RunInput) -> str:
    """What the agent was given."""
    return canonical(
        {
            "messages": [agui_message(message) for message in run_input.messages],
            "state": run_input.state,
            "tools": [
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
                for tool in run_input.tools
            ],
            "context": [{"description": entry.description, "value": entry.value} for entry in run_input.context],
            "forwardedProps": run_input.forwarded_props,
            "threadId": run_input.thread_id,
        }
    )


def legacy_messages(messages: Sequence[m.Message]) -> Iterator[JsonObject]:
    """CopilotKit's legacy messages: text, images, tool calls and results are messages of their own."""
    call_names = {
        call.id: call.name
        for message in messages
        if isinstance(message, m.AssistantMessage)
        for call in message.tool_calls
    }
    for message in messages:
        if isinstance(message, m.ToolMessage):
            name = message.tool_name or call_names.get(message.tool_call_id, "unknown")
            result = {"actionExecutionId": message.tool_call_id, "actionName": name, "result": message.content}
            yield {**_legacy_base(message, "ResultMessage"), **result}
        elif isinstance(message, m.AssistantMessage) and message.tool_calls:
            if m.text_of(message.content):
                yield from _legacy_content(message)
            yield from _legacy_calls(message)
        elif not isinstance(message, m.ActivityMessage | m.ReasoningMessage):
            yield from _legacy_content(message)


def agui_message(message: m.Message) -> JsonObject:
    """One message in AG-UI's form (contract agui §4)."""
    if isinstance(message, m.ActivityMessage | m.ReasoningMessage):
        return {"id": message.id, "role": message.role, "content": message.content}
    if isinstance(message, m.ToolMessage):
        return {"id": message.id, "role": "tool", "content": message.content, "toolCallId": message.tool_call_id}
    form: dict[str, Any] = {"id": message.id, "role": message.role}
    if message.content is not None:
        form["content"] = message.content if isinstance(message.content, str) else _agui_parts(message.content)
    if isinstance(message, m.AssistantMessage) and message.tool_calls:
        form["toolCalls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return form


def _legacy_base(message: m.Message, kind: str) -> dict[str, Any]:
    return {"id": message.id, "createdAt": "Date" if message.created_at else "undefined", "type": kind}


def _legacy_content(
    message: m.UserMessage | m.AssistantMessage | m.SystemMessage | m.DeveloperMessage,
) -> Iterator[JsonObject]:
    parent = {} if message.parent_message_id is None else {"parentMessageId": message.parent_message_id}
    content = message.content or ""
    media = [] if isinstance(content, str) else [part for part in content if isinstance(part, m.MediaPart)]
    if not media or m.text_of(content):
        text = {"content": m.text_of(content), "role": message.role}
        yield {**_legacy_base(message, "TextMessage"), **text, **parent}
    for part in media:
        image = {"bytes": part.data, "format": (part.mime_type or "").removeprefix("image/"), "role": message.role}
        yield {**_legacy_base(message, "ImageMessage"), **image, **parent}


def _legacy_calls(message: m.AssistantMessage) -> Iterator[JsonObject]:
    is_lone = message.content is None and [call.id for call in message.tool_calls] == [message.id]
    for call in message.tool_calls:
        yield {
            **_legacy_base(message, "ActionExecutionMessage"),
            "id": call.id,
            "name": call.name,
            "arguments": json.loads(call.arguments),
            **({} if is_lone else {"parentMessageId": message.id}),
        }


def _agui_parts(content: Sequence[m.TextPart | m.MediaPart]) -> list[JsonObject]:
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, m.TextPart)
        else {"type": part.kind, "mimeType": part.mime_type, "data": part.data, "url": part.url}
        for part in content
    ]


def _action(tool: Tool, *, is_client: bool) -> JsonObject:
    action = {"name": tool.name, "description": tool.description, "jsonSchema": dumps(tool.parameters)}
    return {**action, "available": "enabled"} if is_client else action


def _agent_state(given: AgentInput) -> JsonObject:
    form = {"agentName": given.agent_name, "state": dumps(given.state)}
    return {**form, "config": dumps(given.config)} if given.config else form


def _sorted(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    # JavaScript has one kind of number: 12.0 is written 12.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
