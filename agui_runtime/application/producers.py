"""What answers a request: an agent, or a model with tools. Both start to the same shape."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

from attrs import evolve, field, frozen

from agui_runtime.application.agent_tool import NestedAgent
from agui_runtime.application.failures import agent_failure_of, failure_of
from agui_runtime.application.generate_request import GenerateRequest
from agui_runtime.application.ports import Agent, IdGenerator, LanguageModel
from agui_runtime.application.run_state import RunStates
from agui_runtime.application.values import ModelRequest, RunContext
from agui_runtime.domain.errors import AguiError
from agui_runtime.domain.events import Event
from agui_runtime.domain.history_repair import repair_history
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import Tool, first_of_each_name


@frozen
class Started:
    """A producer at work, with what a model gave beside its events."""

    events: AsyncIterator[Event]
    thread_id: ThreadId | None = None
    run_id: RunId | None = None
    extensions: JsonObject | None = None


class Producer(Protocol):
    """What answers a request."""

    @property
    def agent_name(self) -> AgentName | None:
        """Whose state the run's state is; ``None`` for plain chat."""
        ...

    @property
    def ends_by_itself(self) -> bool:
        """Whether the stream's end is success (a model's), or must be announced (an agent's)."""
        ...

    def thread_id(self, ids: IdGenerator) -> ThreadId | None:
        """The thread, where it is known before the start."""
        ...

    def run_input(self, thread_id: ThreadId, ids: IdGenerator) -> RunInput:
        """The input, for the log and for the producer."""
        ...

    async def start(self, run_input: RunInput | None, context: RunContext) -> Started:
        """Begin. Raising is a refusal."""
        ...

    def failure_of(self, error: BaseException, /) -> AguiError:
        """What an exception of its events means to the client."""
        ...

    def agent_tools(self, run_input: RunInput, context: RunContext, states: RunStates) -> Mapping[str, NestedAgent]:
        """Agents that it may call as tools."""
        ...


@frozen
class AgentProducer:
    """The agent that the request addresses."""

    request: GenerateRequest
    agent: Agent
    server_tools: tuple[Tool, ...]
    ends_by_itself: bool = field(default=False, init=False)

    @property
    def agent_name(self) -> AgentName:
        """The agent's own name."""
        return self.agent.describe().name

    def thread_id(self, ids: IdGenerator) -> ThreadId:
        """The client's, or a new one: an agent always has a thread."""
        return self.request.thread_id or ThreadId(ids.new_id())

    def run_input(self, thread_id: ThreadId, ids: IdGenerator) -> RunInput:
        """All the agent is given, but for its base state. A tool of its own name is not offered to it."""
        request, name = self.request, self.agent_name
        others = tuple(tool for tool in self.server_tools if tool.name != name)
        return RunInput(
            thread_id=thread_id,
            run_id=request.client_run_id or ids.new_run_id(),
            agent_name=name,
            messages=request.messages,
            tools=first_of_each_name(others, request.tools),
            context=request.context,
            forwarded_props=request.forwarded_props_for(name),
            resume=request.resume,
            parent_run_id=request.parent_run_id,
        )

    async def start(self, run_input: RunInput | None, context: RunContext) -> Started:
        """Begin the agent's run."""
        assert run_input is not None  # noqa: S101 - an agent's thread is known before its start
        try:
            return Started((await self.agent.start(run_input, context)).events)
        except Exception as error:
            raise self.failure_of(error) from error

    def failure_of(self, error: BaseException) -> AguiError:
        """The agent's own words, or what failed with its name."""
        return agent_failure_of(error, self.agent_name)

    def agent_tools(self, run_input: RunInput, context: RunContext, states: RunStates) -> Mapping[str, NestedAgent]:  # noqa: ARG002
        """None: agents are offered to models only (contract graphql §3)."""
        return {}


@frozen
class ModelProducer:
    """The model, with server-side tools, agents and the frontend's tools, the first of a name winning."""

    request: GenerateRequest
    model: LanguageModel
    server_tools: tuple[Tool, ...]
    agents: tuple[Agent, ...]
    agent_name: None = field(default=None, init=False)
    ends_by_itself: bool = field(default=True, init=False)
    failure_of: Callable[[BaseException], AguiError] = field(default=failure_of, init=False)
    _offered: Mapping[AgentName, Agent] = field(init=False)
    _tools: tuple[Tool, ...] = field(init=False)

    @_offered.default  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUntypedFunctionDecorator]
    def _find_offered(self) -> Mapping[AgentName, Agent]:
        taken = {tool.name for tool in self.server_tools}
        named = {agent.describe().name: agent for agent in self.agents}
        return {name: agent for name, agent in named.items() if name not in taken}

    @_tools.default  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUntypedFunctionDecorator]
    def _find_tools(self) -> tuple[Tool, ...]:
        as_tools = tuple(Tool(name, agent.describe().description) for name, agent in self._offered.items())
        return first_of_each_name(self.server_tools, as_tools, self.request.tools)

    def thread_id(self, ids: IdGenerator) -> ThreadId | None:  # noqa: ARG002 - the model may choose it
        """The client's; where there is none, the model may have one of its own."""
        return self.request.thread_id

    def run_input(self, thread_id: ThreadId, ids: IdGenerator) -> RunInput:
        """What the log keeps of the request."""
        return RunInput(
            thread_id=thread_id,
            run_id=self.request.client_run_id or self.request.run_id or ids.new_run_id(),
            messages=self.request.messages,
            tools=self._tools,
            context=self.request.context,
        )

    async def start(self, run_input: RunInput | None, context: RunContext) -> Started:  # noqa: ARG002
        """Ask the model."""
        request = self.request
        try:
            run = await self.model.start(
                ModelRequest(
                    messages=repair_history(request.messages),
                    tools=self._tools,
                    thread_id=request.thread_id,
                    run_id=request.run_id,
                    forwarded_parameters=request.forwarded_parameters,
                    extensions=request.extensions,
                    agent_states=request.agent_states,
                    context=request.context,
                    properties=request.properties,
                )
            )
        except Exception as error:
            raise failure_of(error) from error
        return Started(run.events, run.thread_id, run.run_id, run.extensions)

    def agent_tools(self, run_input: RunInput, context: RunContext, states: RunStates) -> Mapping[str, NestedAgent]:
        """The agents, each ready to run within this response."""
        request = self.request
        if not self._offered:
            return {}
        given = evolve(run_input, tools=first_of_each_name(self.server_tools, request.tools))
        return {
            name: NestedAgent(agent, given, context, states, request.agent_states, request.forwarded_props_for)
            for name, agent in self._offered.items()
        }
