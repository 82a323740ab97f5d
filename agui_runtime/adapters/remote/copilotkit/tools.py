"""Actions of a remote endpoint as server-side tools (contract graphql §6)."""

import logging
from collections.abc import Mapping
from typing import Any

from agui_runtime.adapters.remote.copilotkit.api import EndpointApi
from agui_runtime.adapters.remote.peer import Peer
from agui_runtime.domain.identity import Caller
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_array, is_object
from agui_runtime.domain.tools import ServerTool, Tool, ToolHandler

logger = logging.getLogger(__name__)


def described_actions(peer: Peer, actions: JsonValue) -> tuple[Tool, ...]:
    """What an endpoint says of its actions. One without a name is left out."""
    described: list[Tool] = []
    for action in actions if is_array(actions) else ():
        if not is_object(action) or not isinstance(action.get("name"), str) or not action["name"]:
            logger.warning("The %s lists an action without a name.", peer)
            continue
        parameters = action.get("parameters")
        schema = _object_schema(parameters if is_array(parameters) else ())
        described.append(Tool(action["name"], str(action.get("description") or ""), schema))
    return tuple(described)


def remote_tools(
    api: EndpointApi, peer: Peer, actions: tuple[Tool, ...], caller: Caller, properties: JsonObject
) -> tuple[ServerTool, ...]:
    """The actions, ready to be called for one request."""
    return tuple(ServerTool(action, _handler(api, peer, action.name, caller, properties)) for action in actions)


def _handler(api: EndpointApi, peer: Peer, name: str, caller: Caller, properties: JsonObject) -> ToolHandler:
    async def execute(arguments: dict[str, Any]) -> JsonValue:
        body = {"name": name, "arguments": arguments, "properties": dict(properties)}
        answer = await api.ask(peer, "/actions/execute", body, caller, caller.headers)
        return answer.get("result")

    return execute


def _object_schema(parameters: Any) -> dict[str, Any]:
    """The JSON Schema of CopilotKit's list of parameters."""
    named = [each for each in parameters if is_object(each) and isinstance(each.get("name"), str)]
    return {
        "type": "object",
        "properties": {each["name"]: _schema(each) for each in named},
        "required": [each["name"] for each in named if each.get("required") is not False],
    }


def _schema(parameter: Mapping[str, Any]) -> dict[str, Any]:
    kind, description = parameter.get("type"), {"description": str(parameter.get("description") or "")}
    if not isinstance(kind, str):
        return {"type": "string", **description}
    if kind.endswith("[]"):
        return {"type": "array", "items": _item_schema(kind.removesuffix("[]"), parameter), **description}
    return {**_item_schema(kind, parameter), **description}


def _item_schema(kind: str, parameter: Mapping[str, Any]) -> dict[str, Any]:
    attributes, choices = parameter.get("attributes"), parameter.get("enum")
    if kind == "object" and is_array(attributes):
        return _object_schema(attributes)
    return {"type": kind, **({"enum": list(choices)} if is_array(choices) else {})}
