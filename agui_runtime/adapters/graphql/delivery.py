"""From graphql-core's incremental results to the 2022 format that CopilotKit's clients read (contract graphql §5).

graphql-core 3.3 emits the newer form (``pending``, ``id``, ``completed``), which those clients accept silently and
corrupt. The two also differ in order: here a deferred entry waits until every list below it is complete, so that a
message's status follows its last chunk and the response's status ends the response. Not so an entry that brings the
place of a list or of another fragment: clients write into places that are there.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from attrs import define
from graphql import GraphQLError

from agui_runtime.domain.json_value import is_array, is_object

Path = tuple[str | int, ...]


@define
class _Pending:
    path: Path
    label: str | None
    next_index: int | None
    """For a list: the index of its next item."""


@define
class _Held:
    path: Path
    entry: dict[str, Any]


class Delivery:
    """Translates one operation's results, one payload at a time."""

    def __init__(self, format_error: Any) -> None:
        self._format_error = format_error
        self._pending: dict[str, _Pending] = {}
        self._held: list[_Held] = []
        self._new: list[str] = []

    def initial(self, result: Any) -> dict[str, Any]:
        """The first payload."""
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload["errors"] = self._errors(result.errors)
        self._announce(result.pending or ())
        self._find_lists([((), result.data)])
        payload["hasNext"] = True
        return payload

    def later(self, result: Any) -> dict[str, Any] | None:
        """A later payload; ``None`` where nothing is ready to go yet."""
        self._announce(result.pending or ())
        values: list[tuple[Path, Any]] = []
        entries: list[dict[str, Any]] = []
        for raw in result.incremental or ():
            self._find_lists(values)
            values.extend(self._values(raw))
            entries.extend(self._entries(raw))
        self._find_lists(values)
        for done in result.completed or ():
            entries.extend(self._complete(done))
        self._new = []
        entries.extend(self._released(everything=not result.has_next))
        if not entries and result.has_next:
            return None
        payload: dict[str, Any] = {"incremental": entries} if entries else {}
        return {**payload, "hasNext": result.has_next}

    def _announce(self, pending: Sequence[Any]) -> None:
        for announced in pending:
            self._pending[announced.id] = _Pending(tuple(announced.path), announced.label, None)
            self._new.append(announced.id)

    def _find_lists(self, values: Sequence[tuple[Path, Any]]) -> None:
        """Tell announced lists by the items they begin with, which came along with the announcement or before it."""
        for pending_id in self._new if values else ():
            pending = self._pending[pending_id]
            value = _lookup(pending.path, values)
            if is_array(value):
                pending.next_index = len(value)
        self._new = [pending_id for pending_id in self._new if self._pending[pending_id].next_index is None]

    def _values(self, entry: Any) -> Iterator[tuple[Path, Any]]:
        """The values that an entry brings, with their paths, so that lists announced beside it can be found."""
        pending = self._pending[entry.id]
        if hasattr(entry, "items"):
            first = pending.next_index or 0
            for offset, item in enumerate(entry.items):
                yield (*pending.path, first + offset), item
        else:
            yield (*pending.path, *(entry.sub_path or ())), entry.data

    def _entries(self, entry: Any) -> Iterator[dict[str, Any]]:
        pending = self._pending[entry.id]
        label = {"label": pending.label} if pending.label else {}
        if hasattr(entry, "items"):
            assert pending.next_index is not None  # noqa: S101 - only lists have items
            for item in entry.items:
                path = (*pending.path, pending.next_index)
                # The errors are those of all items together.
                own = [error for error in entry.errors or () if tuple(error.path or ())[: len(path)] == path]
                errors = {"errors": self._errors(own)} if own else {}
                yield {"items": [item], "path": list(path), **label, **errors}
                pending.next_index += 1
            return
        errors = {"errors": self._errors(entry.errors)} if entry.errors else {}
        path = (*pending.path, *(entry.sub_path or ()))
        told = {"data": entry.data, "path": list(path), **label, **errors}
        if self._makes_place(path, entry.data):
            yield told
        else:
            self._held.append(_Held(path, told))

    def _makes_place(self, path: Path, data: Any) -> bool:
        """Whether something announced is to be written into this very data."""
        return any(
            _is_below(pending.path, path) and _lookup(pending.path, [(path, data)]) is not None
            for pending in self._pending.values()
        )

    def _complete(self, done: Any) -> Iterator[dict[str, Any]]:
        pending = self._pending.pop(done.id)
        if not done.errors:
            return
        errors = self._errors(done.errors)
        if pending.next_index is None:
            yield {"data": None, "path": list(pending.path), "errors": errors}
        else:
            yield {"items": None, "path": [*pending.path, pending.next_index], "errors": errors}

    def _released(self, *, everything: bool) -> list[dict[str, Any]]:
        """The held entries under which no list is open any more, the deepest first."""
        lists = [pending.path for pending in self._pending.values() if pending.next_index is not None]
        ready: list[_Held] = []
        waiting: list[_Held] = []
        for held in self._held:
            blocked = not everything and any(_is_below(path, held.path) for path in lists)
            (waiting if blocked else ready).append(held)
        self._held = waiting
        ready.sort(key=lambda held: -len(held.path))
        return [held.entry for held in ready]

    def _errors(self, errors: Sequence[GraphQLError]) -> list[dict[str, Any]]:
        return [self._format_error(error) for error in errors]


async def deliver(result: Any, delivery: Delivery) -> AsyncIterator[dict[str, Any]]:
    """All payloads of an incremental result, each as soon as it is ready."""
    yield delivery.initial(result.initial_result)
    async for later in result.subsequent_results:
        payload = delivery.later(later)
        if payload is not None:
            yield payload


def _is_below(path: Path, above: Path) -> bool:
    return len(path) > len(above) and path[: len(above)] == above


def _lookup(path: Path, values: Sequence[tuple[Path, Any]]) -> Any:
    for base, value in values:
        if path[: len(base)] == base:
            for key in path[len(base) :]:
                value = _step(value, key)
                if value is None:
                    break
            else:
                return value
    return None


def _step(value: Any, key: str | int) -> Any:
    if is_object(value):
        return value.get(str(key))
    if is_array(value) and isinstance(key, int) and key < len(value):
        return value[key]
    return None
