"""The agents offered to a caller."""

from collections.abc import Sequence

from agui_runtime.application.ports import AgentCatalog
from agui_runtime.application.values import AgentDescription
from agui_runtime.domain.identity import AgentName, Caller


class ListAgents:
    """Lists all agents, whichever way they are run."""

    def __init__(self, agents: AgentCatalog) -> None:
        self._agents = agents

    async def __call__(self, caller: Caller) -> Sequence[AgentDescription]:
        """Their descriptions, in a stable order."""
        return [agent.describe() for agent in await self._agents.list(caller)]


class FindAgent:
    """Looks one up."""

    def __init__(self, agents: AgentCatalog) -> None:
        self._agents = agents

    async def __call__(self, caller: Caller, name: AgentName) -> AgentDescription:
        """Its description; its own name may be another than the one it was asked for by.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``.
        """
        return (await self._agents.get(name, caller)).describe()
