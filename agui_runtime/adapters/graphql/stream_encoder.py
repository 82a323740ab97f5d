"""Writes a response as it grows, by a compiled plan: what is new since the last look becomes the entries of one part.

Nothing here waits. Lists and promises tell that they have changed; ``advance`` writes what that allows, in the order of
contract graphql §5: what makes a place comes before what goes there, a message's status behind its last chunk, and the
response's status last.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, located_error

from agui_runtime.adapters.graphql.channel import Channel
from agui_runtime.adapters.graphql.completion import (
    Completion,
    Growing,
    LaterGroup,
    LaterItems,
    Path,
    Place,
    first_wait,
    waits_for,
)
from agui_runtime.adapters.graphql.json_bytes import json_bytes
from agui_runtime.adapters.graphql.stream_plan import FieldPlan, StreamPlan

FormatError = Callable[[GraphQLError], dict[str, Any]]


class StreamEncoder:
    """One response.

    Attributes:
        errors: those of the initial data.
    """

    def __init__(self, plan: StreamPlan, source: Any, format_error: FormatError) -> None:
        self.errors: list[GraphQLError] = []
        self._plan = plan
        self._source = source
        self._format_error = format_error
        self._top = Place(None)
        self._due: deque[_Items | _Group] = deque()
        self._entries: list[bytes] = []

    @property
    def is_over(self) -> bool:
        """Whether all has been written."""
        return self._top.open == 0 and not self._due

    def waits(self) -> bool:
        """Whether the initial data must wait for something that is not there yet."""
        return waits_for(self._plan.response, self._source) is not None

    def initial(self) -> dict[str, Any] | None:
        """The initial data, ``None`` where an error has left nothing of it. Called once, when nothing ``waits``."""
        completion = Completion(self.errors)
        try:
            response = completion.object(self._plan.response, self._source, (self._plan.key,), self._top)
        except GraphQLError as error:
            self.errors.append(located_error(error, self._plan.nodes, [self._plan.key]))
            return None
        self._open(completion)
        return {key: response if name is None else name for key, name in self._plan.keys.items()}

    def advance(self) -> bytes | None:
        """The next payload, ``None`` where there is nothing to say yet."""
        due = self._due
        while due:
            due.popleft().advance()
        entries, self._entries = self._entries, []
        tail = b"false}" if self._top.open == 0 else b"true}"
        if entries:
            return b'{"incremental":[%b],"hasNext":%b' % (b",".join(entries), tail)
        return b'{"hasNext":false}' if self._top.open == 0 else None

    def write(self, entry: bytes) -> None:
        """Add an entry to the payload being made."""
        self._entries.append(entry)

    def write_value(self, what: str, value: Any, path: Path, label: str | None, errors: list[GraphQLError]) -> None:
        """Add an entry with a value that may have had errors."""
        entry = {what: value, "path": path}
        if label:
            entry["label"] = label
        if errors:
            entry["errors"] = [self._format_error(error) for error in errors]
        self.write(json_bytes(entry))

    def open(self, completion: Completion) -> None:
        """Begin what follows a value that has been written."""
        self._open(completion)

    def reads_once(self, field: FieldPlan) -> bool:
        """Whether nothing else of the operation reads what the field does."""
        return field.owner in self._plan.read_once

    def wake(self, waiting: "_Items | _Group") -> None:
        """Have it look again when the next payload is made."""
        self._due.append(waiting)

    def enter(self, place: Place | None) -> None:
        """Something has begun below a place."""
        while place is not None:
            place.open += 1
            place = place.above

    def leave(self, place: Place | None) -> None:
        """Something below a place is over."""
        while place is not None:
            place.open -= 1
            if place.open == 0 and place.waiting:
                self._due.extend(place.waiting)
                place.waiting.clear()
            place = place.above

    def _open(self, completion: Completion) -> None:
        for later in completion.later:
            if isinstance(later, LaterItems):
                self.enter(later.place)
                self._due.append(_Items(self, later))
            else:
                self.enter(later.place.above)
                self._due.append(_Group(self, later))


class _Waiting:
    """Something that looks again when what it waits for changes, once per payload however often that changes."""

    def __init__(self, encoder: StreamEncoder) -> None:
        self._encoder = encoder
        self._watched: Growing | None = None
        self._is_due = False

    def _watch(self, watched: Growing | None) -> None:
        self._is_due = False
        if watched is self._watched:
            return
        if self._watched is not None:
            self._watched.unwatch(self._wake)
        if watched is not None:
            watched.watch(self._wake)
        self._watched = watched

    def _wake(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._encoder.wake(self)  # type: ignore[arg-type]


class _Items(_Waiting):
    """A list that is written as it grows, one entry per item: that is what the TypeScript runtime sends."""

    def __init__(self, encoder: StreamEncoder, later: LaterItems) -> None:
        super().__init__(encoder)
        self._later = later
        self._index = later.index
        label = later.plan.stream.label if later.plan.stream else None
        tail = b'],"label":%b}' % json_bytes(label) if label else b"]}"
        self._text_form = b'{"items":[%%b],"path":%b,%%d%b' % (
            json_bytes(later.path)[:-1].replace(b"%", b"%%"),
            tail.replace(b"%", b"%%"),
        )
        self._label = label
        self._is_text = later.plan.is_text
        # Nobody else will want the pieces of a text that may be long.
        self._forgets = later.plan.is_text and encoder.reads_once(later.plan)

    def advance(self) -> None:
        """Write the items that are there."""
        source = self._later.items
        items, forgotten = (source.items, source.forgotten) if isinstance(source, Channel) else (source, 0)
        while self._index < forgotten + len(items):
            item = items[self._index - forgotten]
            if self._is_text and type(item) is str:
                self._encoder.write(self._text_form % (json_bytes(item), self._index))
            else:
                missing = first_wait(self._later.plan, (item,))
                if missing is not None:
                    self._watch(missing)
                    return
                if not self._write_item(item):
                    self._end()
                    return
            self._index += 1
        if not isinstance(source, Channel):
            self._end()
            return
        if self._forgets:
            source.forget()
        if source.is_closed:
            self._end()
        else:
            self._watch(source)

    def _write_item(self, item: Any) -> bool:
        """Whether the list goes on."""
        path = (*self._later.path, self._index)
        completion = Completion()
        try:
            value = completion.item(self._later.plan, item, path, self._later.place)
        except GraphQLError as error:
            self._encoder.write_value("items", None, path, None, [error])
            return False
        self._encoder.write_value("items", [value], path, self._label, completion.errors)
        self._encoder.open(completion)
        return True

    def _end(self) -> None:
        self._watch(None)
        self._is_due = True
        self._encoder.leave(self._later.place)


class _Group(_Waiting):
    """A deferred fragment: written once, when all of it is there and no list below its object is open."""

    def __init__(self, encoder: StreamEncoder, later: LaterGroup) -> None:
        super().__init__(encoder)
        self._later = later

    def advance(self) -> None:
        """Write it if its time has come."""
        later = self._later
        missing = waits_for(later.plan.content, later.source)
        self._watch(missing)
        if missing is not None:
            return
        if later.place.open and not later.plan.makes_places:
            later.place.waiting.append(self)
            return
        completion = Completion()
        try:
            data = completion.group(later)
        except GraphQLError as error:
            self._encoder.write_value("data", None, later.path, None, [error])
        else:
            self._encoder.write_value("data", data, later.path, later.plan.label, completion.errors)
            self._encoder.open(completion)
        self._encoder.leave(later.place.above)
