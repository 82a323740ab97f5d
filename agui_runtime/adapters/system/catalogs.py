"""Agents and tools that are the same for every caller."""

from collections.abc import Iterable, Sequence

from agui_runtime.application.model_agent import DEFAULT_AGENT, ModelAgent
from agui_runtime.application.ports import Agent, AgentCatalog, LanguageModel
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, NotFoundError
from agui_runtime.domain.identity import AgentName, Caller
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.tools import ServerTool


class FixedAgentCatalog:
    """The agents that the host was set up with."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents: dict[AgentName, Agent] = {}
        for agent in agents:
            name = agent.describe().name
            if name in self._agents:
                raise ConfigurationError(f"Two agents have the name {name!r}; names must be unique.")
            self._agents[name] = agent

    async def list(self, caller: Caller) -> Sequence[Agent]:  # noqa: ARG002 - the same for every caller
        """All of them, in the order given."""
        return tuple(self._agents.values())

    async def get(self, name: AgentName, caller: Caller) -> Agent:  # noqa: ARG002
        """The agent of that name.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``.
        """
        agent = self._agents.get(name)
        if agent is None:
            available = [str(known) for known in self._agents]
            known = f"Available agents are: {', '.join(available)}." if available else "There are no agents."
            raise NotFoundError(
                f"Agent {name!r} was not found. {known}",
                code=ErrorCode.AGENT_NOT_FOUND,
                details={"agent": str(name), "available": available},
            )
        return agent


class ModelByDefaultCatalog:
    """A catalogue in which the host's model is the agent ``default`` where there is no other of that name.

    AG-UI frontends know agents only, and ask for that one where the page names none (contract agui §2). It is found,
    not listed: GraphQL frontends ask the model itself, which must not be offered to itself as a tool.
    """

    def __init__(self, catalog: AgentCatalog, model: LanguageModel) -> None:
        self._catalog = catalog
        self._agent = ModelAgent(model)

    async def list(self, caller: Caller) -> Sequence[Agent]:
        """All but the model."""
        return await self._catalog.list(caller)

    async def get(self, name: AgentName, caller: Caller) -> Agent:
        """The agent of that name.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``.
        """
        try:
            return await self._catalog.get(name, caller)
        except NotFoundError:
            if name == DEFAULT_AGENT:
                return self._agent
            raise


class FixedToolCatalog:
    """The server-side tools that the host was set up with."""

    def __init__(self, tools: Iterable[ServerTool]) -> None:
        self._tools = tuple(tools)

    async def list(self, caller: Caller, properties: JsonObject) -> Sequence[ServerTool]:  # noqa: ARG002
        """All of them, in the order given."""
        return self._tools
