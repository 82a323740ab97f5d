"""Where a reader of a thread is, as text: what SSE calls the last event id."""

import re
from datetime import UTC, datetime

from attrs import frozen

from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import TERMINAL

_TEXT = re.compile(r"([0-9]{1,18})(?:-([0-9a-f]{1,16})(-c)?)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class Cursor:
    """A place in a thread's log.

    Attributes:
        sequence: of the last entry seen.
        stamp: when that entry was recorded: a thread deleted and begun anew counts from 1 again. ``None``: not told.
        is_within_compacted: what the reader saw of the run stood for several events: the place says nothing of which.
    """

    sequence: int
    stamp: str | None = None
    is_within_compacted: bool = False

    def is_at(self, entry: LogEntry) -> bool:
        """Whether this is the entry, and reading on behind it misses nothing and repeats nothing."""
        if self.is_within_compacted or entry.sequence != self.sequence or _is_within_compacted(entry):
            return False
        return self.stamp is None or self.stamp == _stamp(entry)


def cursor_of(entry: LogEntry) -> str:
    """The text for the place behind an entry."""
    return f"{entry.sequence}-{_stamp(entry)}{'-c' if _is_within_compacted(entry) else ''}"


class CursorTexts:
    """The same for one entry after the other: what was recorded together has one stamp, which is made once."""

    def __init__(self) -> None:
        self._recorded_at: datetime | None = None
        self._stamp = ""

    def of(self, entry: LogEntry) -> str:
        """The text for the place behind an entry."""
        if entry.recorded_at is not self._recorded_at:
            self._recorded_at, self._stamp = entry.recorded_at, _stamp(entry)
        if entry.compacted:
            return cursor_of(entry)
        return f"{entry.sequence}-{self._stamp}"


def read_cursor(given: str | int) -> Cursor | None:
    """The place that a text or a bare sequence number tells; ``None`` where it tells none."""
    found = _TEXT.fullmatch(str(given).strip())
    if found is None or int(found[1]) == 0:
        return None
    return Cursor(int(found[1]), found[2], found[3] is not None)


def _is_within_compacted(entry: LogEntry) -> bool:
    return entry.compacted and not isinstance(entry.event, TERMINAL)


def _stamp(entry: LogEntry) -> str:
    since = entry.recorded_at - _EPOCH
    return f"{(since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds:x}"
