"""Decodes one stream of AG-UI events of any version: what old producers leave to the reader is remembered here."""

from collections.abc import Callable, Mapping
from typing import Any

from agui_runtime.adapters.codec.decoding import decode_event, type_of
from agui_runtime.domain import events as e
from agui_runtime.domain.json_value import JsonValue

_REASONING_OF_THINKING: Mapping[str, e.EventType] = {
    "THINKING_START": e.EventType.REASONING_START,
    "THINKING_END": e.EventType.REASONING_END,
    "THINKING_TEXT_MESSAGE_START": e.EventType.REASONING_MESSAGE_START,
    "THINKING_TEXT_MESSAGE_CONTENT": e.EventType.REASONING_MESSAGE_CONTENT,
    "THINKING_TEXT_MESSAGE_END": e.EventType.REASONING_MESSAGE_END,
}
_OPENING = frozenset({"THINKING_START", "THINKING_TEXT_MESSAGE_START"})


class EventDecoder:
    """Made for one stream.

    Old producers send THINKING events, which have no ids (contract agui §5): each phase and each message of it gets
    one. CopilotKit's own runtime ends a stopped run with a RUN_FINISHED without ids (contract agui §13): it gets
    those of the run. The order of events is not judged here; ``Lifecycle`` does that.

    Args:
        new_id: makes an id that nobody has had before.
    """

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._thinking: dict[bool, str] = {}
        self._run: dict[str, str] = {}

    def decode(self, value: JsonValue) -> e.Event:
        """The event that the JSON value stands for.

        Raises:
            InvalidError: naming what does not fit and where.
        """
        name = type_of(value)
        if name in _REASONING_OF_THINKING:
            return decode_event(self._as_reasoning(name, value))
        if name == e.EventType.RUN_FINISHED:
            return decode_event({**self._run, **{key: item for key, item in value.items() if item is not None}})
        event = decode_event(value)
        if isinstance(event, e.RunStarted):
            self._run = {"threadId": event.thread_id, "runId": event.run_id}
        return event

    def _as_reasoning(self, name: str, value: dict[str, Any]) -> dict[str, Any]:
        is_message = "MESSAGE" in name
        if name in _OPENING or is_message not in self._thinking:
            self._thinking[is_message] = self._new_id()
        return {**value, "type": _REASONING_OF_THINKING[name].value, "messageId": self._thinking[is_message]}
