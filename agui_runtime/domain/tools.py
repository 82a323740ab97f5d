"""Tools that models and agents may call, and what a call gives."""

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import frozen

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps

NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}, "required": []}
"""The schema of a tool that takes nothing."""


@frozen
class Tool:
    """What a model is told of a tool. ``parameters`` is a JSON Schema of type object."""

    name: str
    description: str = ""
    parameters: JsonObject = NO_PARAMETERS
    metadata: JsonObject | None = None


ToolHandler = Callable[[dict[str, Any]], Awaitable[JsonValue]]


@frozen
class ServerTool:
    """A tool that runs on the server.

    Attributes:
        tool: what the model is told.
        handler: called with the parsed arguments; gives a JSON value, ``None`` for "nothing to say".
        timeout: seconds it may take, ``None`` for the runtime's default.
    """

    tool: Tool
    handler: ToolHandler
    timeout: float | None = None


@frozen
class ToolFault:
    """Why a call has no result (contract graphql §6.5)."""

    code: str
    message: str


HANDLER_ERROR = "HANDLER_ERROR"
INVALID_ARGUMENTS = "INVALID_ARGUMENTS"


def result_text(value: JsonValue) -> str:
    """A handler's value as the text of a tool result (contract graphql §4): text as is, ``None`` empty, else JSON.

    Raises:
        InvalidError: the value is no JSON value.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        return dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidError(f"The tool returned a {type(value).__name__} that is not a JSON value.") from error


def fault_text(fault: ToolFault) -> str:
    """A fault as the text of a tool result (contract graphql §4)."""
    return dumps({"error": {"code": fault.code, "message": fault.message}, "result": ""})


def first_of_each_name(*groups: tuple[Tool, ...]) -> tuple[Tool, ...]:
    """All tools in order; the first of a name wins (contract graphql §3)."""
    by_name: dict[str, Tool] = {}
    for group in groups:
        for tool in group:
            by_name.setdefault(tool.name, tool)
    return tuple(by_name.values())
