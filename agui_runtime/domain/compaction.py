"""Compaction: an ended run in fewer events that mean the same (contract agui §7 "Compaction").

The deltas of a message become one, and so do those of a call's arguments; all state events become one snapshot before
the terminal event. Unlike the reference, the state is folded from the one that the run began with (§13), streams stay
in the order in which they opened, and what a guardrail denied is left out, as it is of the history.
"""

from collections.abc import Sequence
from typing import Any

from attrs import define, evolve, frozen

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.patch import apply_patch

_Opening = e.TextMessageStart | e.ToolCallStart
_Piece = e.TextMessageContent | e.ToolCallArgs
_Ending = e.TextMessageEnd | e.ToolCallEnd


@frozen
class Compacted:
    """An event of a compacted run. ``source`` is the index of the last event that it stands for."""

    event: e.Event
    source: int


def compact(events: Sequence[e.Event], base_state: JsonValue) -> tuple[Compacted, ...]:
    """One run's events in fewer. Their sources need not rise: what came inside an open stream moves behind its end.

    Args:
        events: of one run, in order.
        base_state: the state that the run began with.
    """
    if events and isinstance(events[-1], e.RunError) and events[-1].code == ErrorCode.GUARDRAIL_DENIED:
        return tuple(Compacted(event, at) for at, event in enumerate(events) if _outlives_denial(event))
    compaction = _Compaction(base_state)
    for at, event in enumerate(events):
        compaction.take(event, at)
    return compaction.result()


def rising(sources: Sequence[int], last: int) -> tuple[int, ...]:
    """Numbers from 0 to ``last`` for these sources: each above the one before, as near to its source as that allows.

    The last of them is ``last``; there are at most ``last + 1`` sources.
    """
    numbers: list[int] = []
    for source in sources:
        numbers.append(max(source, numbers[-1] + 1) if numbers else source)
    limit = last
    for position in range(len(numbers) - 1, -1, -1):
        numbers[position] = min(numbers[position], limit)
        limit = numbers[position] - 1
    if numbers:
        numbers[-1] = last
    return tuple(numbers)


def _outlives_denial(event: e.Event) -> bool:
    if isinstance(event, e.MessagesSnapshot):
        return event.is_edit
    return isinstance(event, e.RunStarted | e.RunError)


@define
class _Stream:
    """An open message or call: its place among the others is where it began, or where a barrier cut it."""

    opening: Compacted | None
    pieces: list[_Piece]
    last_piece: int = -1
    ending: Compacted | None = None

    def events(self) -> list[Compacted]:
        merged = [Compacted(_merged(self.pieces), self.last_piece)] if self.pieces else []
        return [part for part in (self.opening, *merged, self.ending) if part is not None]


class _Compaction:
    def __init__(self, base_state: JsonValue) -> None:
        self._slots: list[Compacted | _Stream] = []
        self._open: dict[tuple[str, str], _Stream] = {}
        self._base = base_state
        self._states: list[Compacted] = []
        self._reports: dict[str, int] = {}

    def take(self, event: e.Event, at: int) -> None:
        match event:
            case e.TextMessageStart() | e.ToolCallStart():
                self._stream(_key(event), Compacted(event, at))
            case e.TextMessageContent() | e.ToolCallArgs():
                stream = self._open.get(_key(event)) or self._stream(_key(event))
                stream.pieces.append(event)
                stream.last_piece = at
            case e.TextMessageEnd() | e.ToolCallEnd():
                stream = self._open.get(_key(event)) or self._stream(_key(event))
                stream.ending = Compacted(event, at)
                del self._open[_key(event)]
            case e.StateSnapshot() | e.StateDelta():
                self._states.append(Compacted(event, at))
            case e.RunFinished() | e.RunError():
                self._add_state()
                self._slots.append(Compacted(event, at))
            case _:
                self._take_other(event, at)

    def result(self) -> tuple[Compacted, ...]:
        self._add_state()
        parts: list[Compacted] = []
        for slot in self._slots:
            parts.extend(slot.events() if isinstance(slot, _Stream) else (slot,))
        return tuple(part for part in parts if not self._is_outdated(part))

    def _take_other(self, event: e.Event, at: int) -> None:
        if isinstance(event, e.MessagesSnapshot):
            # What comes before it says something else than what comes behind it.
            self._open.clear()
        elif isinstance(event, e.AgentStateMessage):
            self._reports[event.agent_name] = at
        else:
            # Somebody else's event about the message changes what its next piece is added to.
            self._open.pop(("text", getattr(event, "message_id", "")), None)
        self._slots.append(Compacted(event, at))

    def _stream(self, key: tuple[str, str], opening: Compacted | None = None) -> _Stream:
        stream = self._open[key] = _Stream(opening, [])
        self._slots.append(stream)
        return stream

    def _is_outdated(self, part: Compacted) -> bool:
        """A report says all of its agent's state: only the newest of each agent counts."""
        event = part.event
        return isinstance(event, e.AgentStateMessage) and self._reports[event.agent_name] != part.source

    def _add_state(self) -> None:
        if not self._states:
            return
        last = self._states[-1]
        state = fold_state([part.event for part in self._states], self._base)
        # It may have been a subagent's, and that one is over by now.
        common: dict[str, Any] = {"timestamp": last.event.timestamp, "metadata": last.event.metadata}
        self._slots.append(Compacted(e.StateSnapshot(state, **common), last.source))
        self._states = []


def fold_state(events: Sequence[e.Event], base: JsonValue) -> JsonValue:
    """The run's agent's state after these events. A delta that does not apply is skipped, as clients skip it (§9)."""
    state, operations = base, list[JsonObject]()
    for event in events:
        if isinstance(event, e.StateSnapshot):
            state, operations = event.snapshot, []
        elif isinstance(event, e.StateDelta):
            operations.extend(event.delta)
    if not operations:
        return state
    try:
        # All at once: each application copies the state.
        return apply_patch(state, operations)
    except InvalidEventError:
        return _fold_one_by_one(events, base)


def _fold_one_by_one(events: Sequence[e.Event], base: JsonValue) -> JsonValue:
    state = base
    for event in events:
        if isinstance(event, e.StateSnapshot):
            state = event.snapshot
        elif isinstance(event, e.StateDelta):
            try:
                state = apply_patch(state, event.delta)
            except InvalidEventError:
                continue
    return state


def _merged(pieces: Sequence[_Piece]) -> _Piece:
    first = pieces[0]
    if len(pieces) == 1:
        return first
    owner = next((piece.subagent_run_id for piece in pieces if piece.subagent_run_id is not None), None)
    text = "".join(piece.delta for piece in pieces)
    # What a framework said of single pieces is true of none of the whole.
    return evolve(first, delta=text, subagent_run_id=owner, raw_event=None, metadata=None)


def _key(event: _Opening | _Piece | _Ending) -> tuple[str, str]:
    match event:
        case e.TextMessageStart() | e.TextMessageContent() | e.TextMessageEnd():
            return ("text", event.message_id)
        case _:
            return ("call", event.tool_call_id)
