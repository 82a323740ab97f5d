"""A reader comes to a thread: what has been, then what is going on, to its end (contract agui §7 "connect")."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from attrs import evolve, frozen

from agui_runtime.application.compacted_run import base_state_of
from agui_runtime.application.cursors import Cursor, read_cursor
from agui_runtime.application.iterators import close
from agui_runtime.application.ports import Clock, RunLog, StateStore
from agui_runtime.application.replay import (
    Replay,
    by_run,
    replayed,
    run_of_state,
    truth_of,
    with_open_interrupts,
    with_state,
)
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.errors import ErrorCode, NotFoundError
from agui_runtime.domain.events import TERMINAL, RunError, RunFinished, RunStarted, StateDelta, StateSnapshot
from agui_runtime.domain.identity import AgentName, Caller, RunKey, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonValue, is_same
from agui_runtime.domain.state import AgentState

BATCH = 500
"""Entries of a replay that are handed on at once."""

WITHDRAWN = RunError("The run was withdrawn before it could answer.", ErrorCode.INCOMPLETE_STREAM)
"""How a run ends for its readers that turns out never to have begun: its agent refused it."""


@frozen
class Connection:
    """A thread as one reader sees it.

    Attributes:
        entries: batches: the ended runs, compacted, then the live run from its own start to its terminal event. It
            ends at once where no run is live, and is empty for an unknown thread. A reader that goes on behind a
            cursor gets what follows it, as it was logged. An inserted STATE_SNAPSHOT has its neighbour's sequence.
            Reading it raises ``UnavailableError`` when the log goes away.
        state: what is stored for the agent asked for.
        is_known: whether there is anything: runs or a state.
        restarted: the reader named a place that cannot be gone on from: it is shown everything instead.
        seen: of the run that a reader goes on in the middle of: what came up to its place. The rest hangs on it.
    """

    entries: AsyncIterator[Sequence[LogEntry]]
    state: AgentState | None
    is_known: bool
    restarted: bool = False
    seen: Sequence[LogEntry] = ()


class ConnectThread:
    """Replays and follows."""

    def __init__(self, log: RunLog, store: StateStore, clock: Clock) -> None:
        self._log = log
        self._store = store
        self._clock = clock

    async def __call__(
        self, caller: Caller, thread_id: ThreadId, agent_name: AgentName, *, after: str | int | None = None
    ) -> Connection:
        """The thread, for a reader of this agent's state.

        Args:
            caller: whose thread it is.
            thread_id: the thread; an unknown one is an answer, not an error.
            agent_name: whose state the replay ends with.
            after: a text that ``cursor_of`` gave, or a bare sequence number: go on behind it, with no gap and no
                repeat. Where it is in a run that has been compacted, is ahead of the log, or is of another life of
                the thread, or what is behind it is told otherwise by now (a guardrail denied it, a run failed and its
                state was not kept, a question expired), everything is replayed.

        Raises:
            UnavailableError: the log or the store cannot be reached.
        """
        state_key = StateKey(caller.scope, thread_id, agent_name)
        if after is not None:
            cursor = read_cursor(after)
            behind = None if cursor is None else await self._behind(caller, thread_id, cursor)
            if cursor is not None and behind is not None:
                seen = await self._seen(behind[0])
                state = await self._store.load(state_key)
                return Connection(self._continued(behind, cursor), state, is_known=True, seen=seen)
        entries = await self._log.read(caller.scope, thread_id)
        # Read after the log: it is at least as new as what the log tells.
        state = await self._store.load(state_key)
        return Connection(
            self._replayed(state_key, entries, state),
            state,
            is_known=bool(entries) or state is not None,
            restarted=after is not None,
        )

    async def _behind(self, caller: Caller, thread_id: ThreadId, cursor: Cursor) -> Sequence[LogEntry] | None:
        """The cursor's entry and all behind it; ``None`` where it cannot be gone on from."""
        entries = await self._log.read(caller.scope, thread_id, after=cursor.sequence - 1)
        if not entries or not cursor.is_at(entries[0]):
            return None
        return None if _is_told_otherwise(entries[1:], self._clock.now()) else entries

    async def _seen(self, last: LogEntry) -> Sequence[LogEntry]:
        """The run of an entry up to that one, unless it is the run's last."""
        seen: list[LogEntry] = []
        if isinstance(last.event, TERMINAL):
            return seen
        batches = self._log.follow(last.run)
        try:
            async for batch in batches:
                seen.extend(entry for entry in batch if entry.sequence <= last.sequence)
                if batch[-1].sequence >= last.sequence:
                    break
        except NotFoundError:
            # It was withdrawn between the read and now.
            return ()
        finally:
            await close(batches)
        return seen

    async def _continued(self, behind: Sequence[LogEntry], cursor: Cursor) -> AsyncIterator[Sequence[LogEntry]]:
        thread = by_run(behind)
        ended = [entry for run in thread.ended for entry in run if entry.sequence > cursor.sequence]
        for batch in _batches(ended):
            yield batch
        if thread.live:
            first = thread.live[0]
            seen = cursor.sequence if first.sequence <= cursor.sequence else 0
            async for batch in self._follow(first.run, after=seen):
                yield batch

    async def _replayed(
        self, key: StateKey, entries: Sequence[LogEntry], state: AgentState | None
    ) -> AsyncIterator[Sequence[LogEntry]]:
        thread = by_run(entries)
        replay = await replayed(thread.ended)
        replay = with_open_interrupts(replay, self._clock.now(), is_live=bool(thread.live))
        if not thread.live or _agent_of(thread.live[0]) != key.agent_name:
            replay = with_state(replay, truth_of(state, replay.state))
        if not entries and state is not None:
            replay = Replay(run_of_state(RunKey(key.scope, key.thread_id, 0), state.values, state.updated_at), None)
        for batch in _batches(replay.entries):
            yield batch
        if thread.live:
            async for batch in self._follow(thread.live[0].run):
                yield _with_base(batch, replay.state, key.agent_name)

    async def _follow(self, run: RunKey, *, after: int = 0) -> AsyncIterator[Sequence[LogEntry]]:
        """The run behind the sequence number ``after`` (0: from its start), always to a terminal event."""
        seen, is_over = after, False
        try:
            batches = self._log.follow(run, after=after)
            try:
                async for batch in batches:
                    seen, is_over = batch[-1].sequence, isinstance(batch[-1].event, TERMINAL)
                    yield batch
            finally:
                await close(batches)
        except NotFoundError:
            # It was withdrawn between the read and now.
            is_over = False
        if seen and not is_over:
            yield [LogEntry(seen, run, WITHDRAWN, self._clock.now())]


def _is_told_otherwise(entries: Sequence[LogEntry], now: datetime) -> bool:
    """Whether a replay of these entries leaves out what the log still has of them."""
    if any(_is_denial(entry) for entry in entries):
        return True
    thread = by_run(entries)
    if any(_has_lost_state(run) for run in thread.ended):
        return True
    last = thread.ended[-1][-1].event if thread.ended and not thread.live else None
    return isinstance(last, RunFinished) and any(each.is_expired(now) for each in last.interrupts)


def _has_lost_state(run: Sequence[LogEntry]) -> bool:
    return isinstance(run[-1].event, RunError) and any(
        isinstance(entry.event, StateSnapshot | StateDelta) for entry in run
    )


def _is_denial(entry: LogEntry) -> bool:
    event = entry.event
    return isinstance(event, RunError) and event.code == ErrorCode.GUARDRAIL_DENIED and not entry.compacted


def _agent_of(entry: LogEntry) -> AgentName | None:
    event = entry.event
    return event.input.agent_name if isinstance(event, RunStarted) and event.input is not None else None


def _with_base(batch: Sequence[LogEntry], shown: JsonValue, agent_name: AgentName) -> Sequence[LogEntry]:
    """The batch with the state that its run began from, where the reader has been shown another."""
    first = batch[0]
    if not isinstance(first.event, RunStarted) or _agent_of(first) != agent_name:
        return batch
    state = base_state_of(first.event)
    if is_same(state, shown):
        return batch
    # No place is between the two: who is cut off there is shown everything again, and misses nothing.
    return (evolve(first, compacted=True), evolve(first, event=StateSnapshot(state)), *batch[1:])


def _batches(entries: Sequence[LogEntry]) -> list[Sequence[LogEntry]]:
    return [entries[first : first + BATCH] for first in range(0, len(entries), BATCH)]
