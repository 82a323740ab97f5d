"""What a remote endpoint says of itself, in either protocol."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import Factory, frozen

from agui_runtime.adapters.remote.agent import HttpAgent
from agui_runtime.adapters.remote.copilotkit.agent import CopilotKitAgent
from agui_runtime.adapters.remote.copilotkit.api import EndpointApi
from agui_runtime.adapters.remote.copilotkit.tools import described_actions
from agui_runtime.adapters.remote.peer import Peer
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import AgentDescription
from agui_runtime.domain.errors import AgentError, AguiError, ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, Caller
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_array, is_object
from agui_runtime.domain.tools import Tool

logger = logging.getLogger(__name__)

_NO_POST = frozenset({405, 501})


@frozen
class Offer:
    """The agents, by name, and the actions of an endpoint."""

    agents: Mapping[AgentName, Agent] = Factory(dict[AgentName, Agent])
    actions: tuple[Tool, ...] = ()


async def discover(api: EndpointApi, peer: Peer, caller: Caller, properties: JsonObject) -> Offer:
    """Ask it: as CopilotKit's remote endpoint, and where nobody listens to that, as a runtime that serves AG-UI.

    Raises:
        AguiError: it cannot be reached.
        AgentError: its answer is none.
    """
    try:
        answer = await api.discover(peer, _question(caller, properties), caller)
    except AguiError as error:
        if error.code != ErrorCode.API_NOT_FOUND and error.details.get("status") not in _NO_POST:
            raise
        answer = await api.discover(peer, None, caller)
    agents = answer.get("agents")
    if is_object(agents):
        return Offer(_agui_agents(api, peer, agents))
    if agents is None or is_array(agents):
        return Offer(
            _copilotkit_agents(api, peer, agents or (), properties), described_actions(peer, answer.get("actions"))
        )
    raise AgentError(f"The {peer} gave an answer that tells of no agents.")


def _question(caller: Caller, properties: JsonObject) -> JsonObject:
    """What an endpoint's offer may depend on (contract graphql §3, §6): a page's URL where a page asks."""
    page = {} if caller.frontend_url is None else {"frontendUrl": caller.frontend_url}
    return {"properties": {**properties, **caller.properties}, **page}


def _copilotkit_agents(
    api: EndpointApi, peer: Peer, listed: JsonValue, properties: JsonObject
) -> dict[AgentName, Agent]:
    agents: dict[AgentName, Agent] = {}
    for entry in listed:
        given = _fields(entry)
        description = _description(peer, given.get("name"), given)
        if description is not None:
            agents[description.name] = CopilotKitAgent(api, description, str(given.get("type") or ""), properties)
    return agents


def _agui_agents(api: EndpointApi, peer: Peer, listed: JsonObject) -> dict[AgentName, Agent]:
    agents: dict[AgentName, Agent] = {}
    for agent_id, entry in listed.items():
        given = _fields(entry)
        # An agent is addressed by its id; the name beside it is for people.
        description = _description(peer, agent_id, given)
        if description is not None:
            base = f"{api.base}/agent/{quote(agent_id, safe='')}"
            agents[description.name] = HttpAgent(
                str(description.name),
                f"{base}/run",
                stop_url=f"{base}/stop",
                description=description.description,
                capabilities=description.capabilities,
                timeouts=api.timeouts,
                client=api.client,
                credentials=api.credentials,
            )
    return agents


def _fields(entry: JsonValue) -> JsonObject:
    return entry if is_object(entry) else dict[str, Any]()


def _description(peer: Peer, name: JsonValue, given: JsonObject) -> AgentDescription | None:
    try:
        return AgentDescription(
            AgentName(name), str(given.get("description") or ""), capabilities=_capabilities(given.get("capabilities"))
        )
    except InvalidError as error:
        logger.warning("The %s lists an agent that cannot be used: %s", peer, error.message)
        return None


def _capabilities(value: JsonValue) -> tuple[str, ...]:
    """AG-UI tells them as an object with a key for each kind."""
    if is_object(value):
        return tuple(str(name) for name, given in value.items() if given)
    return tuple(str(name) for name in value) if is_array(value) else ()
