"""Events as the JSON arrays that the rows of ``agui_events`` hold, and back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agui_runtime.adapters.codec.decoding import decode_stored_event
from agui_runtime.adapters.codec.events import encode_stored_event
from agui_runtime.adapters.codec.json_text import from_json, to_json
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.errors import CorruptError, InvalidError
from agui_runtime.domain.events import Event, ReasoningMessageContent, TextMessageContent, ToolCallArgs
from agui_runtime.domain.identity import RunKey, Scope, ThreadId

_BARE = (None, None, None, None)

if TYPE_CHECKING:
    import asyncpg

    Row = asyncpg.Record
else:
    Row = Any


@frozen
class WrittenEvent:
    """An event with the JSON text that is stored of it; its producer can change neither of them."""

    event: Event
    text: str


def write(events: Iterable[Event]) -> list[WrittenEvent]:
    """The events with their texts.

    Raises:
        InvalidError: one of them cannot be written, or could not be read back: it would spoil the whole thread.
    """
    return [_written(event) for event in events]


def block_of(events: Iterable[WrittenEvent]) -> str:
    """The array of one row."""
    return f"[{','.join(event.text for event in events)}]"


def entries_of(run: RunKey, events: Sequence[WrittenEvent], first: int, recorded_at: datetime) -> list[LogEntry]:
    """The entries that the events are once they are committed, numbered from ``first``."""
    return [LogEntry(sequence, run, written.event, recorded_at) for sequence, written in enumerate(events, start=first)]


def entries_in(scope: Scope, thread_id: ThreadId, rows: Iterable[Row], *, after: int) -> list[LogEntry]:
    """The entries behind ``after`` that rows of a thread hold.

    Raises:
        CorruptError: a row cannot be read; naming the thread and the sequence number.
    """
    found: list[LogEntry] = []
    keys: dict[int, RunKey] = {}
    for row in rows:
        number, last, recorded_at, compacted = (
            row["run_number"], row["last_sequence"], row["recorded_at"], row["compacted"]
        )  # fmt: skip
        run = keys.get(number) or keys.setdefault(number, RunKey(scope, thread_id, number))
        values = _array(row["events"], thread_id, last)
        first = last - len(values) + 1
        for sequence, value in enumerate(values, start=first):
            if sequence > after:
                event = _event(value, thread_id, sequence)
                found.append(LogEntry(sequence, run, event, recorded_at, compacted))
    return found


def _written(event: Event) -> WrittenEvent:
    text = to_json(encode_stored_event(event)).decode()
    return WrittenEvent(event if _is_plain(event) else decode_stored_event(from_json(text)), text)


def _is_plain(event: Event) -> bool:
    """Whether it is one of the pieces that streams mostly consist of, and certainly comes back as it is."""
    match event:
        case (
            TextMessageContent(message_id=str(), delta=str())
            | ToolCallArgs(tool_call_id=str(), delta=str())
            | ReasoningMessageContent(message_id=str(), delta=str())
        ):
            return (event.subagent_run_id, event.timestamp, event.raw_event, event.metadata) == _BARE
        case _:
            return False


def _array(text: str, thread_id: ThreadId, sequence: int) -> list[Any]:
    try:
        values = from_json(text)
    except InvalidError as error:
        raise _corrupt(thread_id, sequence, "it is not JSON that can be read") from error
    if not isinstance(values, list):
        raise _corrupt(thread_id, sequence, "it is not an array of events")
    return values  # pyright: ignore[reportUnknownVariableType] - each of them is looked at


def _event(value: Any, thread_id: ThreadId, sequence: int) -> Event:
    try:
        return decode_stored_event(value)
    except InvalidError as error:
        raise _corrupt(thread_id, sequence, error.message) from error


def _corrupt(thread_id: ThreadId, sequence: int, reason: str) -> CorruptError:
    return CorruptError(
        f"The stored event {sequence} of thread {thread_id} cannot be read: {reason}",
        details={"thread_id": thread_id, "sequence": sequence, "reason": reason},
    )
