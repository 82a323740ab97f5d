"""Agents and tools: those of a host's set-up, those made per request, and all kinds together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from agui_runtime.application.model_agent import DEFAULT_AGENT, ModelAgent
from agui_runtime.application.ports import Agent, AgentCatalog, LanguageModel, ToolCatalog
from agui_runtime.domain.errors import AguiError, ConfigurationError, ErrorCode, NotFoundError
from agui_runtime.domain.identity import AgentName, Caller
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.tools import ServerTool

logger = logging.getLogger(__name__)

AgentFactory = Callable[[Caller], Iterable[Agent] | Awaitable[Iterable[Agent]]]
"""Makes the agents of one caller: a tenant's own, say. Nobody opens or closes them."""


class FixedAgentCatalog:
    """The agents that the host was set up with."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents = _by_name(agents)

    async def list(self, caller: Caller) -> Sequence[Agent]:  # noqa: ARG002 - the same for every caller
        """All of them, in the order given."""
        return tuple(self._agents.values())

    async def get(self, name: AgentName, caller: Caller) -> Agent:  # noqa: ARG002
        """The agent of that name.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``.
        """
        return _found(self._agents, name)


class FactoryAgentCatalog:
    """Agents that are made for each request, from who calls and with which headers.

    Args:
        factory: a function or a coroutine function of the caller. HTTP agents that it makes must share a client,
            since nobody closes them.
    """

    def __init__(self, factory: AgentFactory) -> None:
        self._factory = factory

    async def list(self, caller: Caller) -> Sequence[Agent]:
        """All of them, in the factory's order."""
        return tuple((await self._made(caller)).values())

    async def get(self, name: AgentName, caller: Caller) -> Agent:
        """The agent of that name.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``.
        """
        return _found(await self._made(caller), name)

    async def _made(self, caller: Caller) -> dict[AgentName, Agent]:
        made = self._factory(caller)
        return _by_name(await made if isinstance(made, Awaitable) else made)


class CombinedAgentCatalog:
    """Several catalogues as one. The first that has a name wins, so the host's own agents cannot be taken over.

    Args:
        catalogs: in the order of their right to a name.
    """

    def __init__(self, catalogs: Iterable[AgentCatalog]) -> None:
        self._catalogs = tuple(catalogs)
        self._told: set[AgentName] = set()

    async def list(self, caller: Caller) -> Sequence[Agent]:
        """All of them, catalogue by catalogue."""
        listed = await asyncio.gather(*(catalog.list(caller) for catalog in self._catalogs))
        agents: dict[AgentName, Agent] = {}
        for agent in (agent for each in listed for agent in each):
            name = agent.describe().name
            if agents.setdefault(name, agent) is not agent and name not in self._told:
                self._told.add(name)
                logger.warning("Two sources have an agent %r; the first one is used.", str(name))
        return tuple(agents.values())

    async def get(self, name: AgentName, caller: Caller) -> Agent:
        """The agent of that name. Later catalogues are asked only where earlier ones do not have it.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``; no catalogue has it.
            AguiError: the catalogue that may have it failed.
        """
        failure: AguiError | None = None
        available: list[str] = []
        for catalog in self._catalogs:
            try:
                return await catalog.get(name, caller)
            except NotFoundError as error:
                available.extend(error.details.get("available", ()))
            except AguiError as error:
                failure = failure or error
        raise failure or _not_found(name, available)


class ModelByDefaultCatalog:
    """A catalogue in which the host's model is the agent ``default`` where there is no other of that name.

    AG-UI frontends know agents only, and ask for that one where the page names none (contract agui §2). It is found,
    not listed: GraphQL frontends ask the model itself, which must not be offered to itself as a tool. The other agents
    are its tools, as in GraphQL's plain chat.
    """

    def __init__(self, catalog: AgentCatalog, model: LanguageModel) -> None:
        self._catalog = catalog
        self._agent = ModelAgent(model, agents="all")

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


class CombinedToolCatalog:
    """Several catalogues of tools as one; the first that has a name wins.

    Args:
        catalogs: in the order of their right to a name.
    """

    def __init__(self, catalogs: Iterable[ToolCatalog]) -> None:
        self._catalogs = tuple(catalogs)

    async def list(self, caller: Caller, properties: JsonObject) -> Sequence[ServerTool]:
        """All of them, catalogue by catalogue."""
        listed = await asyncio.gather(*(catalog.list(caller, properties) for catalog in self._catalogs))
        tools: dict[str, ServerTool] = {}
        for tool in (tool for each in listed for tool in each):
            tools.setdefault(tool.tool.name, tool)
        return tuple(tools.values())


def _by_name(agents: Iterable[Agent]) -> dict[AgentName, Agent]:
    by_name: dict[AgentName, Agent] = {}
    for agent in agents:
        name = agent.describe().name
        if name in by_name:
            raise ConfigurationError(f"Two agents have the name {name!r}; names must be unique.")
        by_name[name] = agent
    return by_name


def _found(agents: dict[AgentName, Agent], name: AgentName) -> Agent:
    agent = agents.get(name)
    if agent is None:
        raise _not_found(name, [str(known) for known in agents])
    return agent


def _not_found(name: AgentName, available: list[str]) -> NotFoundError:
    known = f"Available agents are: {', '.join(available)}." if available else "There are no agents."
    return NotFoundError(
        f"Agent {name!r} was not found. {known}",
        code=ErrorCode.AGENT_NOT_FOUND,
        details={"agent": str(name), "available": available},
    )
