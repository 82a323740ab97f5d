"""The agents offered to a caller."""

from collections.abc import Sequence

from agui_runtime.application.ports import AgentCatalog
from agui_runtime.application.values import AgentDescription
from agui_runtime.domain.identity import Caller


class ListAgents:
    """Lists all agents, whichever way they are run."""

    def __init__(self, agents: AgentCatalog) -> None:
        self._agents = agents

    async def __call__(self, caller: Caller) -> Sequence[AgentDescription]:
        """Their descriptions, in a stable order."""
        return [agent.describe() for agent in await self._agents.list(caller)]
