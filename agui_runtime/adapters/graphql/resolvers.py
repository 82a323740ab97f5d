"""One short function per root field, each calling one use case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from graphql import GraphQLError, GraphQLSchema

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql import state_api
from agui_runtime.adapters.graphql.coalescing import read_streaming
from agui_runtime.adapters.graphql.context import Info, OperationContext
from agui_runtime.adapters.graphql.errors import agent_not_found
from agui_runtime.adapters.graphql.history_messages import history_messages
from agui_runtime.adapters.graphql.input import generate_request
from agui_runtime.adapters.graphql.legacy_messages import loaded_messages
from agui_runtime.adapters.graphql.live_response import LiveResponse
from agui_runtime.adapters.graphql.projection import Projection
from agui_runtime.application.generate_request import GeneratedResponse
from agui_runtime.application.live_run import LiveRun
from agui_runtime.application.load_state import LoadedState
from agui_runtime.domain.actions import Action
from agui_runtime.domain.identity import AgentName, ThreadId
from agui_runtime.domain.json_value import JsonObject, dumps

PUBLIC_API_KEY = "x-copilotcloud-public-api-key"


def bind_resolvers(schema: GraphQLSchema) -> GraphQLSchema:
    """Bind the root fields."""
    query, mutation = schema.query_type, schema.mutation_type
    assert query is not None  # noqa: S101 - the SDL is ours
    assert mutation is not None  # noqa: S101
    queries = {
        "hello": hello,
        "availableAgents": available_agents,
        "loadAgentState": load_agent_state,
        "runtimeInfo": state_api.runtime_info,
        "agentStates": state_api.agent_states,
        "metaEvents": state_api.meta_events,
    }
    mutations = {
        "generateCopilotResponse": generate_copilot_response,
        "saveAgentState": state_api.save_agent_state,
        "deleteAgentState": state_api.delete_agent_state,
        "executeAgent": state_api.execute_agent,
    }
    for name, field in query.fields.items():
        field.resolve = queries[name]
    for name, field in mutation.fields.items():
        field.resolve = mutations[name]
    return schema


@frozen
class Agent:
    """An agent in a list; its name is its stable id."""

    id: str
    name: str
    description: str
    version: str
    capabilities: tuple[str, ...]


@frozen
class AgentsResponse:
    """The agents."""

    agents: tuple[Agent, ...]


@frozen(kw_only=True)
class LoadAgentStateResponse:
    """A thread as one agent's frontend sees it; ``state`` and ``messages`` are JSON text."""

    thread_id: str
    thread_exists: bool
    state: str
    messages: str
    agent_name: str
    state_key: str
    state_data: str | None
    state_found: bool
    last_updated: datetime | None
    version: int | None
    error_message: str | None = None
    history: Sequence[o.HistoryMessage] | None = None


def hello(_root: None, _info: Info) -> str:
    """A sign of life."""
    return "Hello World"


async def available_agents(_root: None, info: Info) -> AgentsResponse:
    """All agents: clients complain about one that is missing from a list that is not empty (contract graphql §7)."""
    context = info.context
    agents = await context.operations.list_agents(await context.caller())
    return AgentsResponse(
        tuple(Agent(agent.name, agent.name, agent.description, agent.version, agent.capabilities) for agent in agents)
    )


async def load_agent_state(_root: None, info: Info, data: dict[str, Any]) -> LoadAgentStateResponse:
    """An agent's state and messages in a thread (contract graphql §7)."""
    context = info.context
    thread_id = data["threadId"]
    agent_name = await _agent_name(context, data["agentName"])
    if ThreadId.is_valid(thread_id):
        caller = await context.allow(Action.READ, ThreadId(thread_id))
        loaded = await context.operations.load_state(caller, ThreadId(thread_id), agent_name)
    else:
        # No thread can have such an id: one more that is not known.
        caller = await context.caller()
        await context.operations.find_agent(caller, agent_name)
        loaded = LoadedState(exists=False)
    values = {key: value for key, value in loaded.values.items() if key != "messages"}
    reads_history = data["includeHistory"] and ThreadId.is_valid(thread_id)
    history = await context.operations.read_history(caller, ThreadId(thread_id)) if reads_history else None
    state = loaded.state
    return LoadAgentStateResponse(
        thread_id=thread_id,
        thread_exists=loaded.exists,
        state=dumps(values),
        messages=dumps(loaded_messages(loaded.messages)),
        agent_name=agent_name,
        state_key=state_api.state_key(thread_id, agent_name),
        state_data=dumps(loaded.values) if loaded.found else None,
        state_found=loaded.found,
        last_updated=state.updated_at if state else None,
        version=state.version if state else None,
        history=history_messages(history) if history else None,
    )


async def generate_copilot_response(
    _root: None, info: Info, data: dict[str, Any], properties: dict[str, Any] | None = None
) -> o.CopilotResponse:
    """One run, streamed (contract graphql §4, §6)."""
    opened = await open_response(info.context, data, properties)
    info.context.pump(opened.run, opened.live)
    return opened.source


async def _agent_name(context: OperationContext, name: str) -> AgentName:
    """The name of an agent; one that none can have is one that there is not."""
    if AgentName.is_valid(name):
        return AgentName(name)
    offered = await context.operations.list_agents(await context.caller())
    raise agent_not_found(name, [agent.name for agent in offered])


@frozen
class OpenedResponse:
    """A run that has begun, and the response that is to show it.

    Attributes:
        live: gives ``source`` its lists and statuses, once it is told to read the run.
    """

    source: o.CopilotResponse
    live: LiveResponse
    run: LiveRun


async def open_response(
    context: OperationContext, data: dict[str, Any], properties: dict[str, Any] | None = None
) -> OpenedResponse:
    """Begin the run that a mutation's arguments ask for."""
    key = context.header(PUBLIC_API_KEY)
    merged = {**context.operations.properties, **(properties or {})}
    if data.get("cloud") is not None and not key:
        raise GraphQLError("X-CopilotCloud-Public-API-Key header is required")
    if key:
        merged["copilotCloudPublicApiKey"] = key
    session: dict[str, Any] | None = data.get("agentSession")
    if session:
        await _agent_name(context, session["agentName"])
    request = generate_request(
        data,
        merged,
        caller=await context.caller(),
        credentials=key or "",
        headers=context.forwarded_headers(),
        correlation_id=context.request.correlation_id,
    )
    await context.allow(Action.RUN, request.thread_id)
    generated = await context.operations.generate(request)
    response = LiveResponse(_projection(generated), read_streaming(data.get("streaming")))
    context.look_after(generated.live, response)
    source = o.CopilotResponse(
        thread_id=generated.thread_id,
        run_id=generated.run_id,
        extensions=_extensions(generated.extensions),
        status=response.status,
        messages=response.messages,
        meta_events=response.meta_events,
    )
    return OpenedResponse(source, response, generated.live)


def _projection(generated: GeneratedResponse) -> Projection:
    return Projection(
        thread_id=generated.thread_id,
        run_id=generated.live.run_id,
        agent_name=generated.agent_name,
        state=generated.base_state,
    )


def _extensions(extensions: JsonObject | None) -> o.Extensions | None:
    if extensions is None:
        return None
    api = extensions.get("openaiAssistantAPI")
    if api is None:
        return o.Extensions(None)
    return o.Extensions(o.OpenAIAssistantAPI(api.get("runId"), api.get("threadId")))
