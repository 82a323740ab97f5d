"""The conformance host's server-side tools, after peers/gql/server.mjs."""

import asyncio
from typing import Any

from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.tools import ServerTool, Tool, ToolHandler


def conformance_tools() -> tuple[ServerTool, ...]:
    """The tools, in the peer's order."""
    return (
        _tool("serverAdd", "Add two numbers", _add, a=("number", "left"), b=("number", "right")),
        ServerTool(
            Tool(
                "serverObject",
                "Return an object",
                {"type": "object", "properties": {"q": {"type": "string", "description": "q"}}, "required": []},
            ),
            _object,
        ),
        _tool("serverString", "Return text", _string),
        _tool("serverUndefined", "Return nothing", _nothing),
        _tool("serverThrow", "Throw", _throw),
        _tool("serverSlow", "Return late", _slow),
    )


def _tool(name: str, description: str, handler: ToolHandler, **required: tuple[str, str]) -> ServerTool:
    properties = {key: {"type": kind, "description": text} for key, (kind, text) in required.items()}
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return ServerTool(Tool(name, description, parameters), handler)


async def _add(arguments: dict[str, Any]) -> JsonValue:
    return arguments["a"] + arguments["b"]


async def _object(arguments: dict[str, Any]) -> JsonValue:
    return {"echo": arguments["q"], "list": [1, 2]}


async def _string(arguments: dict[str, Any]) -> JsonValue:
    return "plain text"


async def _nothing(arguments: dict[str, Any]) -> JsonValue:
    return None


async def _throw(arguments: dict[str, Any]) -> JsonValue:
    raise RuntimeError("handler exploded")


async def _slow(arguments: dict[str, Any]) -> JsonValue:
    await asyncio.sleep(0.15)
    return "late"
