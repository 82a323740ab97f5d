"""What is kept of a thread, as the inspector and exports read it (contract agui §1)."""

from typing import Any

from agui_runtime.adapters.agui.answers import json_answer
from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.agui.operations import Operations
from agui_runtime.adapters.agui.projection import Projection
from agui_runtime.adapters.agui.replay import FailuresInThePast
from agui_runtime.adapters.agui.told_messages import told_messages
from agui_runtime.adapters.http.exchange import Response
from agui_runtime.domain import messages as m
from agui_runtime.domain.actions import Action
from agui_runtime.domain.identity import Caller, ThreadId


class ThreadContents:
    """Messages, events and state; those of an unknown thread are empty."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def messages(self, call: Call) -> Response:
        """The conversation."""
        caller, thread_id = await self._reader(call)
        messages = await self._operations.thread_messages(caller, thread_id)
        return json_answer({"messages": [_message(message) for message in messages]})

    async def events(self, call: Call) -> Response:
        """The runs, as a connection would be told them."""
        caller, thread_id = await self._reader(call)
        entries = await self._operations.thread_events(caller, thread_id)
        past, projection = FailuresInThePast(), Projection(hidden=self._operations.hidden, with_edits=True)
        told = (*past.take(entries), *past.end())
        return json_answer({"events": [event for entry in told for event in projection.project(entry.event)]})

    async def state(self, call: Call) -> Response:
        """The state of the agent that was last at work; ``null`` where nothing is stored."""
        caller, thread_id = await self._reader(call)
        state = await self._operations.thread_states.of_agent(caller, thread_id)
        return json_answer({"state": None if state is None else state.values})

    async def _reader(self, call: Call) -> tuple[Caller, ThreadId]:
        thread_id = ThreadId(call.ids["threadId"])
        return await self._operations.access.allow(call.request, Action.READ, thread_id), thread_id


def _message(message: m.Message) -> dict[str, Any]:
    """A message as the inspector shows it: calls are flat, and what it does not show is left out."""
    encoded: Any = told_messages([message], with_reasoning=True)[0]
    shown = {key: encoded[key] for key in ("id", "role", "content", "toolCallId") if key in encoded}
    if isinstance(message, m.AssistantMessage) and message.tool_calls:
        shown["toolCalls"] = [{"id": call.id, "name": call.name, "args": call.arguments} for call in message.tool_calls]
    return shown
