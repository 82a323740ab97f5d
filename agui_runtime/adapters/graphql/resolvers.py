"""One short function per root field, each calling one use case."""

import asyncio
from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, frozen
from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql.input import generate_request
from agui_runtime.adapters.graphql.legacy_messages import loaded_messages
from agui_runtime.adapters.graphql.live_response import LiveResponse
from agui_runtime.adapters.graphql.projection import Projection
from agui_runtime.adapters.http.access import Access
from agui_runtime.adapters.http.exchange import Request
from agui_runtime.application.generate_request import GeneratedResponse
from agui_runtime.application.generate_response import GenerateResponse
from agui_runtime.application.list_agents import ListAgents
from agui_runtime.application.load_state import LoadState
from agui_runtime.application.run_supervisor import LiveRun
from agui_runtime.domain.identity import AgentName, Caller, ThreadId
from agui_runtime.domain.json_value import JsonObject, dumps

PUBLIC_API_KEY = "x-copilotcloud-public-api-key"


@frozen
class Operations:
    """The use cases behind the schema.

    Attributes:
        properties: the endpoint's own, under the client's (contract graphql §3).
        forward_headers: lower-case names of the callers' headers that go to agents; none by default.
    """

    generate: GenerateResponse
    load_state: LoadState
    list_agents: ListAgents
    access: Access
    properties: JsonObject = Factory(dict)
    forward_headers: frozenset[str] = frozenset()


@define
class OperationContext:
    """One request's context: what resolvers read, and what the endpoint must look after when it is over."""

    request: Request
    operations: Operations
    _runs: list[tuple[LiveRun, LiveResponse, "asyncio.Task[None]"]] = Factory(list)

    async def caller(self) -> Caller:
        """Who calls.

        Raises:
            DeniedError: not known.
        """
        return await self.operations.access.caller_of(self.request)

    def header(self, name: str) -> str | None:
        """A request header."""
        return self.request.header(name)

    def forwarded_headers(self) -> Mapping[str, str]:
        """The headers that may go to agents."""
        allowed = self.operations.forward_headers
        return {name: value for name, value in self.request.headers.items() if name in allowed}

    def look_after(self, run: LiveRun, response: LiveResponse) -> None:
        """Read the run into the response until the request is over."""
        pump = asyncio.create_task(response.pump(run.follow()), name="graphql response")
        self._runs.append((run, response, pump))

    async def close(self) -> None:
        """The request is over: a run that has not told its end is stopped; that is the protocol's only stop."""
        for run, response, pump in self._runs:
            if not response.is_complete:
                run.stop()
            pump.cancel()
        await asyncio.gather(*(pump for _, _, pump in self._runs), return_exceptions=True)


Info = GraphQLResolveInfo[OperationContext]


def bind_resolvers(schema: GraphQLSchema) -> GraphQLSchema:
    """Bind the root fields."""
    query, mutation = schema.query_type, schema.mutation_type
    assert query is not None  # noqa: S101 - the SDL is ours
    assert mutation is not None  # noqa: S101
    query.fields["hello"].resolve = hello
    query.fields["availableAgents"].resolve = available_agents
    query.fields["loadAgentState"].resolve = load_agent_state
    mutation.fields["generateCopilotResponse"].resolve = generate_copilot_response
    return schema


@frozen
class Agent:
    """An agent in a list; its name is its stable id."""

    id: str
    name: str
    description: str


@frozen
class AgentsResponse:
    """The agents."""

    agents: tuple[Agent, ...]


@frozen
class LoadAgentStateResponse:
    """A thread as one agent's frontend sees it; ``state`` and ``messages`` are JSON text."""

    thread_id: str
    thread_exists: bool
    state: str
    messages: str


def hello(_root: None, _info: Info) -> str:
    """A sign of life."""
    return "Hello World"


async def available_agents(_root: None, info: Info) -> AgentsResponse:
    """All agents: clients complain about one that is missing from a list that is not empty (contract graphql §7)."""
    context = info.context
    agents = await context.operations.list_agents(await context.caller())
    return AgentsResponse(tuple(Agent(agent.name, agent.name, agent.description) for agent in agents))


async def load_agent_state(_root: None, info: Info, data: dict[str, Any]) -> LoadAgentStateResponse:
    """An agent's state and messages in a thread (contract graphql §7)."""
    context = info.context
    thread_id, agent_name = ThreadId(data["threadId"]), AgentName(data["agentName"])
    loaded = await context.operations.load_state(await context.caller(), thread_id, agent_name)
    values = {key: value for key, value in loaded.values.items() if key != "messages"}
    messages = loaded_messages(loaded.messages)
    return LoadAgentStateResponse(thread_id, loaded.exists, dumps(values), dumps(messages))


async def generate_copilot_response(
    _root: None, info: Info, data: dict[str, Any], properties: dict[str, Any] | None = None
) -> o.CopilotResponse:
    """One run, streamed (contract graphql §4, §6)."""
    context = info.context
    key = context.header(PUBLIC_API_KEY)
    merged = {**context.operations.properties, **(properties or {})}
    if data.get("cloud") is not None:
        if not key:
            raise GraphQLError("X-CopilotCloud-Public-API-Key header is required")
        merged["copilotCloudPublicApiKey"] = key
    request = generate_request(
        data,
        merged,
        caller=await context.caller(),
        credentials=key or "",
        headers=context.forwarded_headers(),
        correlation_id=context.request.correlation_id,
    )
    generated = await context.operations.generate(request)
    response = LiveResponse(_projection(generated))
    context.look_after(generated.live, response)
    return o.CopilotResponse(
        thread_id=generated.thread_id,
        run_id=generated.run_id,
        extensions=_extensions(generated.extensions),
        status=response.status,
        messages=response.messages,
        meta_events=response.meta_events,
    )


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
