"""Which agent a frontend means."""

from agui_runtime.adapters.agui.operations import Operations
from agui_runtime.application.values import AgentDescription
from agui_runtime.domain.errors import InvalidError, NotFoundError
from agui_runtime.domain.identity import AgentName, Caller

DEFAULT_AGENT = "default"
"""The agent that frontends ask for unless they are told another; without it they do not start (contract agui §2)."""


async def find_agent(operations: Operations, caller: Caller, agent_id: str) -> AgentDescription | None:
    """The agent of that id, or ``None`` where the caller is offered none.

    A page that names no agent means the one agent that there is. Where there are several, it has to say which.
    """
    try:
        return await operations.find_agent(caller, AgentName(agent_id))
    except (NotFoundError, InvalidError):
        if agent_id != DEFAULT_AGENT:
            return None
    offered = await operations.list_agents(caller)
    return offered[0] if len(offered) == 1 else None
