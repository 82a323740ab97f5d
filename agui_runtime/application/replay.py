"""What a reader of a thread is shown first: its ended runs, small, and the state that holds now."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from agui_runtime.application.compacted_run import compacted
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import TERMINAL, RunFinished, RunStarted, StateSnapshot
from agui_runtime.domain.identity import RunKey
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object, is_same
from agui_runtime.domain.state import AgentState

AT_ONCE = 1000
"""Raw events that are compacted within the event loop: some milliseconds at the most."""


@frozen
class ReadThread:
    """A thread's entries, run by run.

    Attributes:
        ended: the runs that are over.
        live: the run that is going on, with what has been read of it.
    """

    ended: tuple[tuple[LogEntry, ...], ...]
    live: tuple[LogEntry, ...] = ()


def by_run(entries: Sequence[LogEntry]) -> ReadThread:
    """The entries by their runs. Only the newest run can be live: a thread has one at a time."""
    runs: dict[RunKey, list[LogEntry]] = {}
    for entry in entries:
        runs.setdefault(entry.run, []).append(entry)
    listed = [tuple(run) for run in runs.values()]
    if listed and not isinstance(listed[-1][-1].event, TERMINAL):
        return ReadThread(tuple(listed[:-1]), listed[-1])
    return ReadThread(tuple(listed))


@frozen
class Replay:
    """The ended runs, compacted.

    Attributes:
        state: what a reader's state is after them.
    """

    entries: tuple[LogEntry, ...]
    state: JsonValue


async def replayed(runs: Sequence[Sequence[LogEntry]]) -> Replay:
    """Ended runs as a reader is shown them. What takes long keeps nobody waiting."""
    raw = sum(len(run) for run in runs if not run[0].compacted)
    return await asyncio.to_thread(_replay_of, runs) if raw > AT_ONCE else _replay_of(runs)


def _replay_of(runs: Sequence[Sequence[LogEntry]]) -> Replay:
    entries = [entry for run in runs for entry in compacted(run)]
    snapshots = [entry.event.snapshot for entry in entries if isinstance(entry.event, StateSnapshot)]
    return Replay(tuple(entries), snapshots[-1] if snapshots else {})


def truth_of(stored: AgentState | None, shown: JsonValue) -> JsonValue:
    """The state that holds: the stored one (design §4). One that is no object cannot be stored, so the log tells it."""
    if stored is not None:
        return stored.values
    return shown if not is_object(shown) else {}


def with_state(replay: Replay, state: JsonValue) -> Replay:
    """The replay with this state at its end, within its last run: behind a run's end nothing may come."""
    if is_same(state, replay.state) or not replay.entries:
        return replay
    *entries, terminal = replay.entries
    if isinstance(entries[-1].event, StateSnapshot):
        entries[-1] = evolve(entries[-1], event=StateSnapshot(state))
    else:
        entries.append(evolve(entries[-1], event=StateSnapshot(state)))
    return Replay((*entries, terminal), state)


def with_open_interrupts(replay: Replay, now: datetime, *, is_live: bool) -> Replay:
    """The replay with only those questions at its end that still wait: clients keep what no later run finished.

    Args:
        replay: the ended runs.
        now: some of them expire.
        is_live: a run is going on, which has answered or cancelled them.
    """
    entries = list(replay.entries)
    for position in range(len(entries) - 1, -1, -1):
        event = entries[position].event
        if isinstance(event, RunFinished):
            is_newest = not is_live and position == len(entries) - 1
            waiting = tuple(each for each in event.interrupts if is_newest and not each.is_expired(now))
            if waiting != event.interrupts:
                entries[position] = evolve(entries[position], event=evolve(event, interrupts=waiting))
            break
    return evolve(replay, entries=tuple(entries))


def run_of_state(run: RunKey, values: JsonObject, at: datetime) -> tuple[LogEntry, ...]:
    """A state without any run, told as one: clients know no other form."""
    run_id = "stored-state"
    events = (RunStarted(run.thread_id, run_id), StateSnapshot(values), RunFinished(run.thread_id, run_id))
    return tuple(LogEntry(0, run, event, at) for event in events)
