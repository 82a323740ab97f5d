"""Events as the log keeps them: copies that their producer can no longer change, with their size in memory."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import attrs
from attrs import frozen

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidError

ENTRY_BYTES = 260
"""What CPython 3.11 takes for an entry, its event, its number and a short text (measured with tracemalloc)."""

OBJECT_BYTES = 64
"""What an object, a list or a mapping's slot takes before its content, on average."""

_ATOMS: frozenset[type[Any]] = frozenset({str, int, float, bool, type(None)})

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


def keep(event: e.Event) -> tuple[e.Event, int]:
    """The event to keep, and its size in bytes, roughly.

    Raises:
        InvalidError: a payload is nested so deeply that it cannot be copied.
    """
    if isinstance(event, e.PIECES) and event.raw_event is None and event.metadata is None:
        return event, ENTRY_BYTES + len(event.delta)
    if type(event) in _TEXT_ONLY and event.raw_event is None and event.metadata is None:
        return event, ENTRY_BYTES + e.weight(event)
    try:
        # Agents like to report one state object again and again while they go on changing it.
        own: e.Event = _detached(event)
    except RecursionError as error:
        raise InvalidError(
            f"{event.type} has a payload that is nested too deeply to be stored.",
            code=ErrorCode.LIMIT_EXCEEDED,
            details={"limit": "depth"},
        ) from error
    return own, ENTRY_BYTES + size_of(own)


def size_of(value: Any) -> int:
    """Bytes of a JSON value or of a domain value, roughly."""
    total = 0
    pending: list[Any] = [value]
    while pending:
        item: Any = pending.pop()
        total += OBJECT_BYTES
        cls = item.__class__
        if cls is str:
            total += len(item)
        elif cls not in _ATOMS:
            pending.extend(_kind_of(cls).parts(item))
    return total


def _detached(value: Any) -> Any:
    return _kind_of(value.__class__).detach(value)


@frozen
class _Kind:
    """How the values of a class are taken apart and copied: told once for each class, since it is asked for each value.

    Attributes:
        parts: what such a value holds.
        detach: a copy that shares no list or mapping with it; the value itself where it holds none.
    """

    parts: Callable[[Any], Iterable[Any]]
    detach: Callable[[Any], Any]


@cache
def _kind_of(cls: type[Any]) -> _Kind:
    if issubclass(cls, str):
        return _Kind(lambda value: (str(value),), _itself)
    if issubclass(cls, list):
        return _Kind(iter, lambda value: [_detached_part(item) for item in value])
    if issubclass(cls, tuple):
        return _Kind(iter, _detached_tuple)
    if issubclass(cls, Mapping):
        return _Kind(
            lambda value: (*value.keys(), *value.values()),
            lambda value: {key: _detached_part(item) for key, item in value.items()},
        )
    if attrs.has(cls):
        return _kind_with_fields(cls)
    # A number or a date.
    return _Kind(lambda _: (), _itself)


def _kind_with_fields(cls: type[attrs.AttrsInstance]) -> _Kind:
    names = tuple(attribute.name for attribute in attrs.fields(cls) if attribute.init)

    def detach(value: Any) -> Any:
        changes: dict[str, Any] = {}
        for name in names:
            item = getattr(value, name)
            if item.__class__ not in _ATOMS and (own := _detached(item)) is not item:
                changes[name] = own
        return attrs.evolve(value, **changes) if changes else value

    # Most fields of an event are None, which takes no memory of its own.
    return _Kind(lambda value: [item for name in names if (item := getattr(value, name)) is not None], detach)


def _detached_part(value: Any) -> Any:
    # Looking at leaves here saves a call for each: payloads are mostly leaves.
    return value if value.__class__ in _ATOMS else _kind_of(value.__class__).detach(value)


def _detached_tuple(value: tuple[Any, ...]) -> tuple[Any, ...]:
    own = tuple(map(_detached_part, value))
    return own if any(mine is not given for mine, given in zip(own, value, strict=True)) else value


def _itself(value: Any) -> Any:
    return value
