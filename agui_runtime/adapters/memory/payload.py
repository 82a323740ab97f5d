"""Events as the log keeps them: copies that their producer can no longer change, with their size in memory."""

import marshal
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from operator import is_not
from typing import Any

import attrs

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.tools import Tool

ENTRY_BYTES = 260
"""What CPython 3.11 takes for an entry, its event, its number and a short text (measured with tracemalloc)."""

OBJECT_BYTES = 64
"""What an object, a list or a mapping's slot takes before its content, on average."""

_FIXED: frozenset[type[Any]] = frozenset({int, float, bool, type(None), datetime})
"""Values that nobody can change and whose size is that of an object."""

_TEXT_ONLY: frozenset[type[e.Event]] = frozenset(
    {
        e.StepStarted,
        e.StepFinished,
        e.TextMessageStart,
        e.TextMessageContent,
        e.TextMessageEnd,
        e.ToolCallStart,
        e.ToolCallArgs,
        e.ToolCallEnd,
        e.ToolCallResult,
        e.ReasoningStart,
        e.ReasoningMessageStart,
        e.ReasoningMessageContent,
        e.ReasoningMessageEnd,
        e.ReasoningEnd,
    }
)


MAX_SHARED_TOOLS = 256
MAX_SHARED_BYTES = 4096
"""How many tools are shared by runs, and how large one may be: some 10 MB together, beside what is counted."""


def keep(event: e.Event) -> tuple[e.Event, int]:
    """The event to keep, and its size in bytes, roughly.

    Raises:
        InvalidError: a payload is nested so deeply that it cannot be copied.
    """
    if isinstance(event, e.PIECES) and event.raw_event is None and event.metadata is None:
        return event, ENTRY_BYTES + len(event.delta)
    if type(event) in _TEXT_ONLY and event.raw_event is None and event.metadata is None:
        return event, ENTRY_BYTES + e.weight(event)
    taken = _Taken()
    try:
        # Agents like to report one state object again and again while they go on changing it.
        own: e.Event = taken.own(event)
    except RecursionError as error:
        raise InvalidError(
            f"{event.type} has a payload that is nested too deeply to be stored.",
            code=ErrorCode.LIMIT_EXCEEDED,
            details={"limit": "depth"},
        ) from error
    return own, ENTRY_BYTES + taken.size


class _Taken:
    """What has been copied of one event: values and sizes in one pass, since a run's input has a whole conversation.

    Attributes:
        size: bytes of it, roughly.
    """

    def __init__(self) -> None:
        self.size = 0

    def own(self, value: Any) -> Any:
        """A copy that shares no list or mapping with the value; the value itself where it holds none."""
        cls = value.__class__
        if cls is str:
            self.size += OBJECT_BYTES + len(value)
            return value
        if cls in _FIXED:
            self.size += OBJECT_BYTES
            return value
        return _taker_of(cls)(self, value)


_Taker = Callable[[_Taken, Any], Any]


@cache
def _taker_of(cls: type[Any]) -> _Taker:
    """How values of a class are taken: found out once for each class, since it is asked for each value."""
    if issubclass(cls, str):
        return _take_text
    if issubclass(cls, list):
        return _take_list
    if issubclass(cls, tuple):
        return _take_tuple
    if issubclass(cls, Mapping):
        return _take_mapping
    if issubclass(cls, Tool):
        return _take_tool
    if attrs.has(cls):
        return _taker_of_fields(cls)
    # A number or a date of a class of its own.
    return _take_as_it_is


def _take_text(taken: _Taken, value: str) -> str:
    # An id or a member of an enumeration: an object with a text.
    taken.size += 2 * OBJECT_BYTES + len(value)
    return value


def _take_list(taken: _Taken, value: list[Any]) -> list[Any]:
    taken.size += OBJECT_BYTES
    return [taken.own(item) for item in value]


def _take_tuple(taken: _Taken, value: tuple[Any, ...]) -> tuple[Any, ...]:
    taken.size += OBJECT_BYTES
    own = tuple(map(taken.own, value))
    return own if any(map(is_not, own, value)) else value


def _take_mapping(taken: _Taken, value: Mapping[Any, Any]) -> dict[Any, Any]:
    taken.size += OBJECT_BYTES
    return {taken.own(key): taken.own(item) for key, item in value.items()}


def _take_tool(taken: _Taken, value: Tool) -> Tool:
    """Runs of one frontend have the same tools: they share one copy, found by what is in them, to the last type."""
    parts: Any = (value.parameters, value.metadata)
    try:
        # Version 2 writes the same value the same way, whoever else refers to its parts.
        content = marshal.dumps(parts, 2)
    except ValueError:
        # It has something that is not of Python's own types, or is nested too deeply.
        return _tool_of_its_own(taken, value)
    if len(content) + len(value.name) + len(value.description) > MAX_SHARED_BYTES:
        return _tool_of_its_own(taken, value)
    own, size = _shared_tool(value.name, value.description, content)
    taken.size += size
    return own


@lru_cache(maxsize=MAX_SHARED_TOOLS)
def _shared_tool(name: str, description: str, content: bytes) -> tuple[Tool, int]:
    parameters, metadata = marshal.loads(content)  # noqa: S302 - written above
    own, taken = Tool(name, description, parameters, metadata), _Taken()
    return _tool_of_its_own(taken, own), taken.size


def _tool_of_its_own(taken: _Taken, value: Tool) -> Tool:
    own: Tool = _take_parts_of_tool(taken, value)
    return own


def _take_as_it_is(taken: _Taken, value: Any) -> Any:
    taken.size += OBJECT_BYTES
    return value


def _taker_of_fields(cls: type[attrs.AttrsInstance]) -> _Taker:
    names = [attribute.name for attribute in attrs.fields(cls) if attribute.init]

    def take(taken: _Taken, value: Any) -> Any:
        size = OBJECT_BYTES
        changes: dict[str, Any] = {}
        for name in names:
            item = getattr(value, name)
            if item is None:
                # Most fields of an event are, which takes no memory of its own.
                continue
            item_class = item.__class__
            if item_class is str:
                size += OBJECT_BYTES + len(item)
            elif item_class in _FIXED:
                size += OBJECT_BYTES
            elif (own := _taker_of(item_class)(taken, item)) is not item:
                changes[name] = own
        taken.size += size
        if not changes:
            return value
        # attrs.evolve looks at each field's definition again, which takes several times as long.
        return cls(**{name: changes[name] if name in changes else getattr(value, name) for name in names})

    return take


_take_parts_of_tool = _taker_of_fields(Tool)
