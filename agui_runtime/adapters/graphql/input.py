"""From the mutation's variables to a request of the application (contract graphql §3, one-model §1)."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve

from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.application.generate_request import GenerateRequest, GuardrailTopics
from agui_runtime.application.values import AgentInput
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import AgentName, Caller, RunId, ThreadId
from agui_runtime.domain.json_value import JsonObject, dumps, is_object
from agui_runtime.domain.runs import ContextEntry, Resume
from agui_runtime.domain.tools import Tool

STATELESS_REQUESTS = frozenset({"Task", "Suggestion", "TextareaCompletion", "TextareaPopover"})

Data = Mapping[str, Any]


def generate_request(
    data: Data,
    properties: JsonObject,
    *,
    caller: Caller,
    credentials: str,
    headers: Mapping[str, str],
    correlation_id: str,
) -> GenerateRequest:
    """The request, from coerced variables.

    Args:
        data: the coerced ``GenerateCopilotResponseInput``.
        properties: the client's, already merged over the endpoint's.
        caller: who calls.
        credentials: the public API key, for a guardrail of the cloud API's shape.
        headers: those that may go to agents.
        correlation_id: of this exchange.

    Raises:
        InvalidError: an id breaks its syntax, or an action's JSON Schema is no JSON.
    """
    session: Data | None = data.get("agentSession")
    thread_id: str | None = data.get("threadId") or (session["threadId"] if session and "threadId" in session else None)
    states = agent_states(data.get("agentStates") or ())
    return GenerateRequest(
        caller=caller,
        messages=read_messages(data["messages"], with_images=session is None),
        thread_id=ThreadId(thread_id) if thread_id else None,
        run_id=RunId(data["runId"]) if data.get("runId") else None,
        agent_name=AgentName(session["agentName"]) if session else None,
        tools=tuple(read_tools(data["frontend"]["actions"], for_agent=session is not None)),
        context=tuple(ContextEntry(c["description"], c["value"]) for c in data.get("context") or ()),
        agent_states=states,
        forwarded_parameters=_without_nulls(data.get("forwardedParameters") or {}),
        forwarded_props_for=_props_for(data, properties, states),
        properties=properties,
        extensions=data.get("extensions"),
        resume=tuple(
            Resume(None, "resolved", event["response"])
            for event in data.get("metaEvents") or ()
            if event.get("response") is not None
        ),
        stops_by_hanging_up=True,
        is_stateless=data["metadata"].get("requestType") in STATELESS_REQUESTS,
        frontend_url=data["frontend"].get("url"),
        guardrail=_topics(data, credentials),
        headers=headers,
        correlation_id=correlation_id,
    )


def read_messages(entries: list[Data], *, with_images: bool) -> tuple[m.Message, ...]:
    """The conversation; entries of no kind, or whose JSON is broken, are dropped silently (contract graphql §3).

    Args:
        entries: coerced ``MessageInput`` values.
        with_images: agents are not given images (contract graphql §6); models are.
    """
    messages: list[m.Message] = []
    places: dict[str, int] = {}
    for entry in entries:
        if (text := entry.get("textMessage")) is not None:
            messages.append(_text_message(entry, text))
        elif (image := entry.get("imageMessage")) is not None:
            if not with_images:
                continue
            messages.append(_image_message(entry, image))
        elif (call := entry.get("actionExecutionMessage")) is not None:
            _add_call(messages, places, entry, call)
        elif (result := entry.get("resultMessage")) is not None:
            messages.append(
                m.ToolMessage(
                    id=entry["id"],
                    created_at=entry["createdAt"],
                    tool_call_id=result["actionExecutionId"],
                    tool_name=result["actionName"],
                    content=result["result"],
                )
            )
        if messages:
            places[messages[-1].id] = len(messages) - 1
    return tuple(messages)


def read_tools(actions: list[Data], *, for_agent: bool) -> list[Tool]:
    """The frontend's actions that are offered: never disabled ones, remote ones to agents only (contract graphql §3).

    Raises:
        InvalidError: a JSON Schema is no JSON object.
    """
    dropped = {"disabled"} if for_agent else {"disabled", "remote"}
    return [
        Tool(action["name"], action["description"], _schema(action))
        for action in actions
        if action.get("available") not in dropped
    ]


def agent_states(entries: list[Data] | tuple[Data, ...]) -> tuple[AgentInput, ...]:
    """What the client knows of agents; a state or config that is no JSON object counts as empty.

    What is told of an agent that can be none is of no use to anybody.
    """
    return tuple(
        AgentInput(AgentName(entry["agentName"]), _object(entry["state"]), _object(entry.get("config")))
        for entry in entries
        if AgentName.is_valid(entry["agentName"])
    )


_CLASSES: Mapping[str, type[m.UserMessage | m.SystemMessage | m.DeveloperMessage]] = {
    "user": m.UserMessage,
    "system": m.SystemMessage,
    "developer": m.DeveloperMessage,
}


def _text_message(entry: Data, text: Data) -> m.Message:
    made_by = _CLASSES.get(text["role"], m.AssistantMessage)
    return made_by(
        id=entry["id"],
        created_at=entry["createdAt"],
        content=text["content"],
        parent_message_id=text.get("parentMessageId"),
    )


def _image_message(entry: Data, image: Data) -> m.Message:
    made_by = m.AssistantMessage if image["role"] == "assistant" else m.UserMessage
    return made_by(
        id=entry["id"],
        created_at=entry["createdAt"],
        content=(m.MediaPart("image", mime_type=f"image/{image['format']}", data=image["bytes"]),),
        parent_message_id=image.get("parentMessageId"),
    )


def _add_call(messages: list[m.Message], places: Mapping[str, int], entry: Data, call: Data) -> None:
    """Calls are folded into their parent message (contract graphql §6 "Agent path").

    Args:
        messages: those before it; it goes into one of them or behind them.
        places: where in ``messages`` the newest message of an id is.
        entry: the call's own entry.
        call: what the entry holds.
    """
    try:
        arguments = dumps(from_json(call["arguments"]))
    except (InvalidError, RecursionError):
        return
    tool_call = m.ToolCall(entry["id"], call["name"], arguments)
    parent_id = call.get("parentMessageId")
    place = places.get(parent_id) if parent_id else None
    parent = None if place is None else messages[place]
    if place is not None and isinstance(parent, m.AssistantMessage):
        messages[place] = evolve(parent, tool_calls=(*parent.tool_calls, tool_call))
        return
    own_id = entry["id"] if parent is not None else parent_id or entry["id"]
    messages.append(m.AssistantMessage(id=own_id, created_at=entry["createdAt"], tool_calls=(tool_call,)))


def _props_for(data: Data, properties: JsonObject, states: tuple[AgentInput, ...]) -> Callable[[AgentName], JsonObject]:
    """What CopilotKit forwards to an agent beyond its input (contract graphql §6 "Agent path")."""
    session: Data = data.get("agentSession") or {}
    node_name = session.get("nodeName")
    meta_events: list[Data] = data.get("metaEvents") or []

    def forwarded_props(name: AgentName) -> JsonObject:
        config = next((dict(state.config) for state in states if state.agent_name == name), dict[str, Any]())
        stream_subgraphs = config.pop("streamSubgraphs", None)
        props: dict[str, Any] = {"config": config, "threadMetadata": {}}
        if meta_events:
            first = meta_events[0]
            props["command"] = {"resume": first["response"]} if "response" in first else {}
        if node_name:
            props["nodeName"] = node_name
        if stream_subgraphs:
            props["streamSubgraphs"] = stream_subgraphs
        return {**props, **properties}

    return forwarded_props


def _topics(data: Data, credentials: str) -> GuardrailTopics | None:
    cloud: Data = data.get("cloud") or {}
    guardrails: Data | None = cloud.get("guardrails")
    if guardrails is None:
        return None
    rules: Data = guardrails["inputValidationRules"]
    return GuardrailTopics(tuple(rules.get("allowList") or ()), tuple(rules.get("denyList") or ()), credentials)


def _schema(action: Data) -> JsonObject:
    try:
        schema = from_json(action["jsonSchema"])
    except InvalidError as error:
        raise InvalidError(f"The jsonSchema of the action {action['name']!r} is not valid JSON.") from error
    if not is_object(schema):
        raise InvalidError(f"The jsonSchema of the action {action['name']!r} is not a JSON object.")
    return schema


def _object(text: str | None) -> JsonObject:
    try:
        value = from_json(text or "{}")
    except InvalidError:
        return {}
    return value if is_object(value) else {}


def _without_nulls(values: Data) -> dict[str, Any]:
    # GraphQL's Float turns the client's 12 into 12.0; providers want maxTokens whole again.
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in values.items()
        if value is not None
    }
