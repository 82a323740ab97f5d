"""``/info``: what frontends ask first (contract agui §2)."""

from typing import Any

from agui_runtime.adapters.agui.agents import DEFAULT_AGENT, find_agent
from agui_runtime.adapters.agui.answers import json_answer
from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.agui.operations import Operations
from agui_runtime.adapters.http.exchange import Response
from agui_runtime.application.values import AgentDescription


class Info:
    """Describes the runtime."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def info(self, call: Call) -> Response:
        """The runtime and its agents, with honest flags and none of the cloud's fields."""
        operations = self._operations
        caller = await operations.access.caller_of(call.request)
        agents = {str(agent.name): _agent(agent) for agent in await operations.list_agents(caller)}
        default = None if DEFAULT_AGENT in agents else await find_agent(operations, caller, DEFAULT_AGENT)
        if default is not None:
            agents[DEFAULT_AGENT] = _agent(default)
        return json_answer(
            {
                "version": operations.version,
                "agents": agents,
                "audioFileTranscriptionEnabled": False,
                "mode": "sse",
                **_threads(is_single=call.is_single),
                "suggestions": True,
                "a2uiEnabled": False,
                "openGenerativeUIEnabled": False,
                "telemetryDisabled": True,
            }
        )


def _agent(agent: AgentDescription) -> dict[str, Any]:
    return {"name": str(agent.name), "description": agent.description, "className": "Agent"}


def _threads(*, is_single: bool) -> dict[str, Any]:
    """Single-endpoint frontends reach threads through ``resource/request`` only."""
    served = _endpoints(served=True)
    if not is_single:
        return {"threadEndpoints": served}
    resources = {"resourceOperations": True, "threadEndpoints": served}
    return {"threadEndpoints": _endpoints(served=False), "singleRoute": resources}


def _endpoints(*, served: bool) -> dict[str, bool]:
    return {"list": served, "inspect": served, "mutations": served, "realtimeMetadata": False}
