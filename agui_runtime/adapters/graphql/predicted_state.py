"""State predicted from a tool call's arguments while they stream (contract graphql §6, ``PredictState``)."""

from typing import Any

import jiter
from attrs import frozen

from agui_runtime.domain.json_value import JsonValue, is_array, is_object


@frozen
class _Rule:
    tool: str
    state_key: str
    tool_argument: str | None


class PredictedState:
    """Watches the calls of one step."""

    def __init__(self) -> None:
        self._rules: tuple[_Rule, ...] = ()
        self._calls: dict[str, tuple[str, list[str]]] = {}

    def expect(self, value: JsonValue) -> None:
        """Take the rules of a ``PredictState`` event: ``[{state_key, tool, tool_argument?}]``; others are ignored."""
        entries = value if is_array(value) else ()
        self._rules = tuple(
            _Rule(entry["tool"], entry["state_key"], entry.get("tool_argument"))
            for entry in entries
            if is_object(entry) and isinstance(entry.get("tool"), str) and "state_key" in entry
        )

    def start(self, call_id: str, name: str) -> None:
        """A call begins."""
        self._calls[call_id] = (name, [])

    def add(self, call_id: str, delta: str) -> dict[str, Any]:
        """What the arguments so far predict: state keys to values, empty where nothing."""
        if not self._rules or call_id not in self._calls:
            return {}
        name, pieces = self._calls[call_id]
        pieces.append(delta)
        rule = next((rule for rule in self._rules if rule.tool == name), None)
        if rule is None:
            return {}
        try:
            arguments = jiter.from_json("".join(pieces).encode(), partial_mode="trailing-strings")
        except ValueError:
            return {}
        if not rule.tool_argument:
            return {rule.state_key: arguments}
        if isinstance(arguments, dict) and rule.tool_argument in arguments:
            return {rule.state_key: arguments[rule.tool_argument]}
        return {}

    def clear(self) -> None:
        """A step begins or ends: its predictions are over."""
        self._rules = ()
        self._calls = {}
