"""One run of the demo agent: what it was given, and how it speaks."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeGuard

from attrs import frozen

from agui_runtime.application.values import ServerToolExecutor
from agui_runtime.domain.events import (
    Event,
    StateSnapshot,
    TextMessageContent,
    TextMessageEnd,
    TextMessageStart,
    ToolCallArgs,
    ToolCallEnd,
    ToolCallStart,
)
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps
from agui_runtime.domain.runs import RunInput

_ARGUMENT_PIECE = 6
"""Characters per piece of a call's arguments: small, so that people see them come."""


@frozen
class Turn:
    """A run's input with the demo's pace. Ids are made of the run's id, so that a thread's runs never share one."""

    run_input: RunInput
    tools: ServerToolExecutor
    delay: float

    def id(self, name: str) -> str:
        """The id of this run's message or call of that name."""
        return f"{self.run_input.run_id}-{name}"

    @property
    def state(self) -> dict[str, Any]:
        """The state at the run's start, of which the agent only keeps objects."""
        state = self.run_input.state
        return dict(state) if _is_object(state) else {}

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The tasks in the state. A frontend may write there, so what is no task is left out."""
        tasks: Any = self.state.get("tasks")
        return [
            {"title": task["title"], "done": task.get("done") is True}
            for task in (tasks if _is_list(tasks) else ())
            if _is_object(task) and isinstance(task.get("title"), str)
        ]

    def count_turn(self, **changes: Any) -> StateSnapshot:
        """The state with one more turn and these changes."""
        turns = self.state.get("turns")
        counted = turns + 1 if isinstance(turns, int) and not isinstance(turns, bool) else 1
        return StateSnapshot({**self.state, **changes, "turns": counted})

    async def words(self, message_id: str, text: str) -> AsyncIterator[Event]:
        """Text for an open message, word by word."""
        for piece in re.findall(r"\s*\S+\s*", text):
            await asyncio.sleep(self.delay)
            yield TextMessageContent(message_id, piece)

    async def say(self, text: str, *, name: str = "text") -> AsyncIterator[Event]:
        """A whole message."""
        message_id = self.id(name)
        yield TextMessageStart(message_id)
        async for event in self.words(message_id, text):
            yield event
        yield TextMessageEnd(message_id)

    async def call(self, tool: str, arguments: JsonObject, *, parent: str | None = None) -> AsyncIterator[Event]:
        """A tool call with streamed arguments; its id is ``id("call")``."""
        call_id = self.id("call")
        text = dumps(arguments)
        yield ToolCallStart(call_id, tool, parent)
        for start in range(0, len(text), _ARGUMENT_PIECE):
            await asyncio.sleep(self.delay)
            yield ToolCallArgs(call_id, text[start : start + _ARGUMENT_PIECE])
        yield ToolCallEnd(call_id)


def _is_object(value: JsonValue) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_list(value: JsonValue) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)
