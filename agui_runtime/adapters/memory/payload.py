"""Events as the log keeps them: copies that their producer can no longer change, with their size in memory."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeGuard

import attrs

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
            pending.extend(_parts(item))
    return total


def _parts(value: Any) -> list[Any]:
    if _is_list(value) or _is_tuple(value):
        return list(value)
    if _is_mapping(value):
        return [*value.keys(), *value.values()]
    if isinstance(value, str):
        return [str(value)]
    # Most fields of an event are None, which takes no memory of its own.
    return [item for name in _field_names(value.__class__) if (item := getattr(value, name)) is not None]


def _detached(value: Any) -> Any:
    # Looking at leaves here saves a call for each: payloads are mostly leaves.
    if _is_list(value):
        return [item if item.__class__ in _ATOMS else _detached(item) for item in value]
    if _is_tuple(value):
        return tuple(item if item.__class__ in _ATOMS else _detached(item) for item in value)
    if _is_mapping(value):
        return {key: item if item.__class__ in _ATOMS else _detached(item) for key, item in value.items()}
    return _detached_fields(value)


def _detached_fields(value: Any) -> Any:
    changes: dict[str, Any] = {}
    for name in _field_names(value.__class__):
        item = getattr(value, name)
        if item.__class__ not in _ATOMS and (own := _detached(item)) is not item:
            changes[name] = own
    return attrs.evolve(value, **changes) if changes else value


@cache
def _field_names(cls: Any) -> tuple[str, ...]:
    """What a domain value holds; nothing for a number or a date."""
    if not attrs.has(cls):
        return ()
    return tuple(attribute.name for attribute in attrs.fields(cls) if attribute.init)


# isinstance alone leaves the content's type unknown to strict checkers; dict is asked for first because it is fast.
def _is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, dict | Mapping)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)
