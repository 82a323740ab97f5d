"""The state API: saving, deleting and listing states, running without streaming, describing the runtime.

It has no TypeScript counterpart; all of it is additive, so that old clients' documents still validate.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from attrs import frozen

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql.context import Info
from agui_runtime.adapters.graphql.history_messages import history_messages
from agui_runtime.application.generate_request import GenerateRequest
from agui_runtime.application.questions import OpenInterrupt
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.actions import Action
from agui_runtime.domain.errors import AguiError, ConflictError, ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, ThreadId
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object
from agui_runtime.domain.messages import UserMessage

logger = logging.getLogger(__name__)

RUNTIME = "agui-runtime"
PARSER_DEPTH = 1024
"""No JSON text is read that is nested deeper, whatever the limit on states is."""


@frozen
class RuntimeInfo:
    """What this runtime is and offers."""

    version: str
    runtime: str
    providers: tuple[str, ...]
    agents_count: int
    protocols: tuple[str, ...]


@frozen
class AgentStateSummary:
    """A stored state without its values."""

    thread_id: str
    agent_name: str
    state_key: str
    version: int
    size: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


@frozen
class MetaEventResponse:
    """A question that waits for an answer."""

    event_id: str
    event_type: str
    thread_id: str
    agent_name: str | None
    event_data: JsonValue
    timestamp: datetime
    handled: bool = False


@frozen(kw_only=True)
class SaveAgentStateResponse:
    """What came of saving."""

    thread_id: str
    agent_name: str
    success: bool
    state_key: str | None = None
    version: int | None = None
    saved_at: datetime | None = None
    error_message: str | None = None
    error_code: str | None = None


@frozen(kw_only=True)
class DeleteAgentStateResponse:
    """What came of deleting."""

    success: bool
    existed: bool
    error_message: str | None = None
    error_code: str | None = None


@frozen(kw_only=True)
class AgentExecutionResponse:
    """A run that is over."""

    execution_id: str
    thread_id: str
    agent_name: str
    status: str
    result: JsonValue
    messages: Sequence[o.HistoryMessage]
    started_at: datetime
    completed_at: datetime | None
    error_message: str | None


def state_key(thread_id: str, agent_name: str) -> str:
    """A state's name for people and scripts."""
    return f"{thread_id}/{agent_name}"


async def runtime_info(_root: None, info: Info) -> RuntimeInfo:
    """What this runtime is and offers."""
    context = info.context
    runtime = await context.operations.describe_runtime(await context.caller())
    return RuntimeInfo(runtime.version, RUNTIME, runtime.providers, runtime.agents_count, runtime.protocols)


async def agent_states(_root: None, info: Info, threadId: str) -> list[AgentStateSummary]:  # noqa: N803 - the schema's name
    """The states of a thread."""
    context = info.context
    thread_id = ThreadId(threadId)
    states = await context.operations.list_states(await context.allow(Action.READ, thread_id), thread_id)
    return [_summary(state) for state in states]


async def meta_events(_root: None, info: Info, threadId: str, agentName: str | None = None) -> list[MetaEventResponse]:  # noqa: N803
    """The questions of a thread that wait for an answer."""
    context = info.context
    thread_id, agent_name = ThreadId(threadId), AgentName(agentName) if agentName else None
    reader = await context.allow(Action.READ, thread_id)
    waiting = await context.operations.open_interrupts(reader, thread_id, agent_name)
    return [_question(threadId, question) for question in waiting]


async def save_agent_state(_root: None, info: Info, data: dict[str, Any]) -> SaveAgentStateResponse:
    """Save a state; a fault is an answer that says what is wrong and that nothing has changed."""
    context = info.context
    names = {"thread_id": data["threadId"], "agent_name": data["agentName"]}
    try:
        thread_id, agent_name = ThreadId(data["threadId"]), AgentName(data["agentName"])
        saved = await context.operations.save_state(
            await context.allow(Action.SAVE_STATE, thread_id),
            thread_id,
            agent_name,
            _object(data["stateData"]),
            merge=data["mergeWithExisting"],
            expected_version=data.get("expectedVersion"),
            expires_at=data.get("expiresAt"),
        )
    except ConflictError as error:
        return SaveAgentStateResponse(
            **names,
            success=False,
            version=error.details.get("version"),
            error_message=error.message,
            error_code=error.code,
        )
    except AguiError as error:
        return SaveAgentStateResponse(**names, success=False, error_message=error.message, error_code=error.code)
    logger.debug("State %s/%s is at version %d now; saved by %s.", *names.values(), saved.version, _metadata(data))
    return SaveAgentStateResponse(
        **names,
        success=True,
        state_key=state_key(thread_id, agent_name),
        version=saved.version,
        saved_at=saved.updated_at,
    )


async def delete_agent_state(_root: None, info: Info, data: dict[str, Any]) -> DeleteAgentStateResponse:
    """Delete a state."""
    context = info.context
    try:
        thread_id, agent_name = ThreadId(data["threadId"]), AgentName(data["agentName"])
        caller = await context.allow(Action.DELETE_STATE, thread_id)
        existed = await context.operations.delete_state(caller, thread_id, agent_name)
    except AguiError as error:
        return DeleteAgentStateResponse(
            success=False, existed=False, error_message=error.message, error_code=error.code
        )
    return DeleteAgentStateResponse(success=True, existed=existed)


async def execute_agent(_root: None, info: Info, data: dict[str, Any]) -> AgentExecutionResponse:
    """One run to its end."""
    context = info.context
    operations = context.operations
    agent_name = AgentName(data["agentName"])
    thread_id = ThreadId(data["threadId"]) if data.get("threadId") else None
    request = GenerateRequest(
        caller=await context.allow(Action.RUN, thread_id),
        messages=(UserMessage(id=operations.ids.new_id(), content=data["input"]),),
        thread_id=thread_id,
        agent_name=agent_name,
        properties=operations.properties,
        stops_by_hanging_up=True,
        headers=context.forwarded_headers(),
        metadata=_metadata(data),
        correlation_id=context.request.correlation_id,
    )
    run = await operations.execute_agent(request)
    return AgentExecutionResponse(
        execution_id=run.run_id,
        thread_id=run.thread_id,
        agent_name=agent_name,
        status=run.status,
        result=run.result,
        messages=history_messages(run.output),
        started_at=run.started_at,
        completed_at=run.completed_at,
        error_message=run.error_message,
    )


def _metadata(data: dict[str, Any]) -> JsonObject:
    metadata: dict[str, Any] = data.get("metadata") or {}
    return {key: value for key, value in metadata.items() if value is not None}


def _object(text: str) -> JsonObject:
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("depth limit"):
            message = f"stateData is nested deeper than {PARSER_DEPTH} levels."
            details = {"limit": "depth", "maximum": PARSER_DEPTH}
            raise InvalidError(message, code=ErrorCode.LIMIT_EXCEEDED, details=details) from error
        message = "stateData is not valid JSON. Send a JSON object as text."
        raise InvalidError(message, code=ErrorCode.INVALID_INPUT) from error
    if not is_object(value):
        raise InvalidError("stateData is not a JSON object. Send a JSON object as text.")
    return value


def _summary(state: StateSummary) -> AgentStateSummary:
    key = state.key
    return AgentStateSummary(
        key.thread_id,
        key.agent_name,
        state_key(key.thread_id, key.agent_name),
        state.version,
        state.size,
        state.created_at,
        state.updated_at,
        state.expires_at,
    )


def _question(thread_id: str, question: OpenInterrupt) -> MetaEventResponse:
    interrupt = question.interrupt
    data = interrupt.value if interrupt.value is not None else interrupt.message
    return MetaEventResponse(
        interrupt.id, "LangGraphInterruptEvent", thread_id, question.agent_name, data, question.asked_at
    )
