"""The state that a page shares with its agent, as a model reads it and changes it.

The tools have the names that CopilotKit's own built-in agent gives them, and frontends know them by these.
"""

import json
from collections.abc import Sequence
from typing import Literal

from agui_runtime.application.values import ServerToolExecutor
from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.events import Event, StateDelta, StateSnapshot
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps, is_array, is_object
from agui_runtime.domain.patch import apply_patch
from agui_runtime.domain.tools import Tool

StateAccess = Literal["hidden", "read", "edit"]
"""What a model may do with the state: nothing, know it, or change it too."""

_OPERATION: JsonValue = {
    "type": "object",
    "properties": {
        "op": {"type": "string", "enum": ["add", "replace", "remove"]},
        "path": {"type": "string", "description": "A JSON Pointer, such as /items/0/title"},
        "value": {"description": "The new value; for add and replace"},
    },
    "required": ["op", "path"],
}

SNAPSHOT_TOOL = Tool(
    "AGUISendStateSnapshot",
    "Replace the whole state of the application.",
    {
        "type": "object",
        "properties": {"snapshot": {"type": "object", "description": "The new state"}},
        "required": ["snapshot"],
    },
)
DELTA_TOOL = Tool(
    "AGUISendStateDelta",
    "Change parts of the application's state by JSON Patch operations.",
    {
        "type": "object",
        "properties": {"delta": {"type": "array", "items": _OPERATION, "description": "The operations, in order"}},
        "required": ["delta"],
    },
)


class SharedState(ServerToolExecutor):
    """One run's state before a model, with the tools that change it beside those of the server.

    Attributes:
        tools: what the model is offered beside the run's tools.

    Args:
        values: the state that the run begins with.
        access: what the model may do with it.
        executor: the server's tools.
        offered: the run's tools; one of a state tool's name stands in its place.
    """

    def __init__(
        self, values: JsonValue, access: StateAccess, executor: ServerToolExecutor, offered: Sequence[Tool]
    ) -> None:
        self._values = values
        self._access = access
        self._executor = executor
        taken = {tool.name for tool in offered}
        tools = (SNAPSHOT_TOOL, DELTA_TOOL) if access == "edit" else ()
        self._changes: dict[str, Event] = {}
        self.tools = tuple(tool for tool in tools if tool.name not in taken)

    @property
    def description(self) -> str:
        """The state for the model's instructions; empty where it may not know it, or where there is none."""
        if self._access == "hidden" or (self._access == "read" and not self._values):
            return ""
        how = f" Change it by calling {SNAPSHOT_TOOL.name} or {DELTA_TOOL.name}." if self.tools else ""
        return f"State of the application.{how}\n```json\n{dumps(self._values or {})}\n```"

    def offers(self, name: str) -> bool:
        """Whether a tool of that name runs on the server."""
        return any(tool.name == name for tool in self.tools) or self._executor.offers(name)

    async def execute(self, tool_call_id: str, name: str, arguments: str) -> str:
        """The call's result as text; a change that cannot be made is told to the model."""
        if all(tool.name != name for tool in self.tools):
            return await self._executor.execute(tool_call_id, name, arguments)
        try:
            self._changes[tool_call_id] = self._change(name, json.loads(arguments or "{}"))
        except (ValueError, RecursionError):
            return "The state is unchanged: the arguments are no JSON."
        except InvalidEventError as error:
            return f"The state is unchanged: {error.message}"
        return '{"success":true}'

    def changes_of(self, tool_call_id: str) -> tuple[Event, ...]:
        """What a call has changed."""
        change = self._changes.pop(tool_call_id, None)
        return () if change is None else (change,)

    def _change(self, name: str, arguments: JsonValue) -> Event:
        given: JsonObject = arguments if is_object(arguments) else {}
        if name == SNAPSHOT_TOOL.name:
            self._values = _state(given.get("snapshot"), "snapshot must be an object.")
            return StateSnapshot(self._values)
        delta = given.get("delta")
        if not is_array(delta):
            raise InvalidEventError("delta must be a list of operations.")
        operations = tuple(operation for operation in delta if is_object(operation))
        if len(operations) < len(delta):
            raise InvalidEventError("an operation is not an object.")
        self._values = _state(apply_patch(self._values, operations), "the whole state must stay an object.")
        return StateDelta(operations)


def _state(values: JsonValue, otherwise: str) -> JsonValue:
    if not is_object(values):
        raise InvalidEventError(otherwise)
    return values
