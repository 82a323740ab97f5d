"""A run's entries after compaction."""

from collections.abc import Sequence

from attrs import evolve

from agui_runtime.application.values import LogEntry
from agui_runtime.domain.compaction import compact, rising
from agui_runtime.domain.events import Event, RunStarted
from agui_runtime.domain.json_value import JsonValue


def compacted(entries: Sequence[LogEntry]) -> list[LogEntry]:
    """An ended run's entries in fewer that mean the same (contract agui §7); they are marked as such.

    Their sequence numbers are a rising choice of the run's own, the last one its last, as ``RunLog.compact`` wants
    them. A run that is compacted already is left as it is.
    """
    if not entries or entries[0].compacted:
        return list(entries)
    parts = compact([entry.event for entry in entries], base_state_of(entries[0].event))
    numbers = rising([part.source for part in parts], len(entries) - 1)
    return [
        evolve(entries[part.source], sequence=entries[number].sequence, event=part.event, compacted=True)
        for part, number in zip(parts, numbers, strict=True)
    ]


def base_state_of(event: Event) -> JsonValue:
    """The state that a run began with, as its first event tells; ``{}`` where it tells none."""
    if isinstance(event, RunStarted) and event.input is not None and event.input.state is not None:
        return event.input.state
    return {}
