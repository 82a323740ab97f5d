"""A Pydantic AI agent in this process, through Pydantic AI's own AG-UI adapter (ADR on in-process agents)."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from attrs import evolve

from agui_runtime.adapters.frameworks import agent_input, domain_events, missing_extra

try:
    from ag_ui.core import RunAgentInput
    from pydantic_ai import Agent, Tool
    from pydantic_ai import RunContext as ToolContext
    from pydantic_ai.toolsets import FunctionToolset
    from pydantic_ai.ui.ag_ui import AGUIAdapter
except ImportError as error:
    raise missing_extra("Pydantic AI agents", "pydantic-ai") from error

from agui_runtime.application.values import AgentDescription, AgentRun, RunContext
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.json_value import JsonObject, copy_of, dumps
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import Tool as DomainTool

Deps = Callable[[RunInput, RunContext], Any]
"""Makes the dependencies of one run. Those with a ``state`` (``StateDeps``) get the run's."""


def _new_id() -> str:
    return f"ck-{uuid4()}"


class PydanticAIAgent:
    """A Pydantic AI agent as an agent.

    Its own tools run within it; so do the runtime's server tools, whose results it goes on with. A call of a
    frontend's tool ends the run. Nothing of a run is kept here.

    Args:
        agent: yours.
        name: as frontends address it; the agent's own name by default.
        description: for people, and for models that use the agent as a tool.
        deps: makes the dependencies of each run.
        options: more arguments for each run, such as ``model_settings`` or ``usage_limits``.

    Raises:
        ConfigurationError: there is no name.
        InvalidError: the name is none for an agent.
    """

    def __init__(
        self,
        agent: Agent[Any, Any],
        name: str | None = None,
        *,
        description: str = "",
        deps: Deps | None = None,
        options: JsonObject | None = None,
    ) -> None:
        own_name = name or agent.name
        if not own_name:
            raise ConfigurationError("The Pydantic AI agent has no name; pass one.")
        self._agent = agent
        self._description = AgentDescription(AgentName(own_name), description)
        self._deps = deps
        self._options = dict(options or {})

    def describe(self) -> AgentDescription:
        """Its name and description."""
        return self._description

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Begin a run; what the agent raises is a failed run."""
        return AgentRun(self._events(run_input, context))

    async def _events(self, run_input: RunInput, context: RunContext) -> AsyncGenerator[Event, None]:
        ours = tuple(tool for tool in run_input.tools if context.tools.offers(tool.name))
        theirs = evolve(run_input, tools=tuple(tool for tool in run_input.tools if tool not in ours))
        adapter = AGUIAdapter[Any, Any](
            agent=self._agent,
            run_input=RunAgentInput.model_validate(agent_input(theirs, run_input.thread_id)),
            include_usage=True,
        )
        events = adapter.run_stream(
            deps=None if self._deps is None else self._deps(run_input, context),
            toolsets=[FunctionToolset[Any]([_tool(tool, context) for tool in ours])] if ours else None,
            **self._options,
        )
        async with aclosing(domain_events(events, str(self._description.name), _new_id)) as said:
            async for event in said:
                yield event


def _tool(tool: DomainTool, context: RunContext) -> Tool[Any]:
    async def execute(run: ToolContext[Any], /, **arguments: Any) -> str:
        # One executor: what the run has executed already gives the one result.
        return await context.tools.execute(run.tool_call_id or _new_id(), tool.name, dumps(arguments))

    return Tool[Any].from_schema(
        execute, tool.name, tool.description, copy_of(tool.parameters), takes_ctx=True, sequential=False
    )
