"""The runs' events in memory. What is appended is committed at once."""

from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from attrs import evolve

from agui_runtime.adapters.memory.database import MemoryDatabase
from agui_runtime.adapters.memory.payload import keep
from agui_runtime.adapters.memory.records import RUN_BYTES, RunRecord, ThreadRecord
from agui_runtime.application.event_list import EventList
from agui_runtime.application.frames import NO_FRAMES, Frames
from agui_runtime.application.ports import Clock
from agui_runtime.application.refusals import busy, check_compaction, check_limit, lease_lost, no_such_run
from agui_runtime.application.values import Bookmark, Lease, LogEntry
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import Event, RunStarted
from agui_runtime.domain.identity import RunId, RunKey, Scope, ThreadId
from agui_runtime.domain.runs import Outcome, RunInput


class MemoryRunLog:
    """A ``RunLog``.

    A lease that has run out still blocks its thread, and its holder may still write and renew: only ``expired`` takes
    the run over, and only finishing or abandoning it frees the thread.

    Args:
        lease_seconds: how long a lease lasts from ``begin``, ``renew`` or a takeover.
        frames: how often cursors are woken.

    Raises:
        ConfigurationError: ``lease_seconds`` is not positive.
    """

    def __init__(
        self, database: MemoryDatabase, clock: Clock, lease_seconds: float, frames: Frames = NO_FRAMES
    ) -> None:
        if not lease_seconds > 0:
            raise ConfigurationError(f"lease_seconds is {lease_seconds}; it must be more than 0.")
        self._database = database
        self._clock = clock
        self._lease_period = timedelta(seconds=lease_seconds)
        self._frames = frames

    async def begin(self, scope: Scope, run_input: RunInput, *, on_stop: Callable[[], None]) -> Lease:
        """Make a run live and write its RUN_STARTED with the input.

        Raises:
            BusyError: another run is live on the thread; ``details`` has its ``run_id``.
            InvalidError: there is no room for it.
        """
        thread_id, run_id = run_input.thread_id, run_input.run_id
        found = self._database.find(scope, thread_id)
        if found is not None and found.live is not None:
            raise busy(thread_id, found.live.run_id)
        started, size = keep(RunStarted(thread_id, run_id, run_input.parent_run_id, run_input))
        now = self._clock.now()
        thread = self._database.open_thread(
            scope, thread_id, agent_name=run_input.agent_name, size=RUN_BYTES + size, now=now
        )
        thread.last_number += 1
        run = RunRecord(
            key=RunKey(scope, thread_id, thread.last_number),
            run_id=run_id,
            agent_name=run_input.agent_name,
            token=self._database.next_token(),
            lease_expires_at=now + self._lease_period,
            on_stop=on_stop,
            active_at=now,
            memory=RUN_BYTES + size,
            events=EventList(self._frames),
        )
        thread.runs[run.key.number] = run
        self._database.set_live(thread, run)
        thread.last_sequence += 1
        run.events.append([LogEntry(thread.last_sequence, run.key, started, now)])
        return _lease(run)

    async def append(self, lease: Lease, events: Sequence[Event]) -> None:
        """Commit events, in order.

        Raises:
            LeaseLostError: the run was finished or taken over.
            InvalidError: there is no room for them; none was written.
        """
        thread, run = self._held(lease)
        self._write(thread, run, events)

    async def renew(self, lease: Lease) -> None:
        """Keep the lease for another period from now.

        Raises:
            LeaseLostError: the run was finished or taken over.
        """
        _, run = self._held(lease)
        run.lease_expires_at = self._clock.now() + self._lease_period

    async def finish(self, lease: Lease, events: Sequence[Event], outcome: Outcome) -> None:
        """Write the closing and the terminal events and the outcome, and release the lease. It never lacks room.

        Raises:
            LeaseLostError: the run was finished or taken over.
        """
        thread, run = self._held(lease)
        self._write(thread, run, events, within_limit=False)
        run.outcome = outcome
        run.active_at = self._clock.now()
        self._database.set_idle(thread)
        while len(thread.runs) > self._database.limits.max_runs_per_thread:
            self._forget(thread, next(iter(thread.runs.values())))
        run.events.close()

    async def abandon(self, lease: Lease) -> None:
        """Forget the run as if it had never begun; a thread that has nothing else goes with it.

        Its numbers are not given again while the thread lasts. Its followers end.

        Raises:
            LeaseLostError: the run was finished or taken over.
        """
        thread, run = self._held(lease)
        self._database.set_idle(thread)
        self._forget(thread, run)
        if not thread.runs and not thread.states:
            self._database.drop(thread)
        run.events.entries.clear()
        run.events.close()

    async def read(self, scope: Scope, thread_id: ThreadId, *, after: int = 0) -> Sequence[LogEntry]:
        """The entries of a thread behind the sequence number ``after``; none for an unknown thread."""
        thread = self._database.find(scope, thread_id)
        if thread is None:
            return ()
        return [
            entry
            for run in thread.runs.values()
            if run.events.entries[-1].sequence > after
            for entry in run.events.entries
            if entry.sequence > after
        ]

    async def read_on(self, scope: Scope, thread_id: ThreadId, bookmark: Bookmark) -> Sequence[LogEntry] | None:
        """The entries behind a bookmark; ``None`` where the thread is gone, or its oldest runs are."""
        thread = self._database.find(scope, thread_id)
        marked = None if thread is None else thread.runs.get(bookmark.run.number)
        if thread is None or marked is None or _first_sequence(thread) != bookmark.first:
            return None
        entries = marked.events.entries
        at = bisect_left(entries, bookmark.sequence, key=_sequence)
        if at == len(entries) or not bookmark.marks(entries[at]):
            return None
        later = list(takewhile(lambda run: run is not marked, reversed(thread.runs.values())))
        return [*entries[at + 1 :], *(entry for run in reversed(later) for entry in run.events.entries)]

    def follow(self, run: RunKey, *, after: int = 0) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor on one run: all that is committed, then each new batch, to the terminal event.

        Raises:
            NotFoundError: there is no such run.
        """
        thread = self._database.find(run.scope, run.thread_id)
        record = None if thread is None else thread.runs.get(run.number)
        if record is None:
            raise no_such_run(run)
        return record.events.follow(after)

    async def request_stop(self, scope: Scope, thread_id: ThreadId, run_id: RunId | None = None) -> bool:
        """Ask the thread's live run to stop; whether there was one (with that id, where one is given)."""
        thread = self._database.find(scope, thread_id)
        run = None if thread is None else thread.live
        if run is None or (run_id is not None and run.run_id != run_id):
            return False
        run.stop_requested = True
        run.on_stop()
        return True

    async def announce_stop(self, lease: Lease) -> None:
        """Let others know that the run is being stopped.

        Raises:
            LeaseLostError: the run was finished or taken over.
        """
        _, run = self._held(lease)
        run.stop_requested = True

    async def is_ending(self, run: RunKey) -> bool:
        """Whether the run is not to go on: somebody has asked it to stop, or it is no longer live."""
        thread = self._database.find(run.scope, run.thread_id)
        live = None if thread is None else thread.live
        return live is None or live.key != run or live.stop_requested

    async def expired(self) -> Sequence[Lease]:
        """Take over the runs whose lease has run out, each for a period from now. Their old holders have lost them."""
        now = self._clock.now()
        taken: list[Lease] = []
        for thread in self._database.live_threads():
            run = thread.live
            if run is not None and run.lease_expires_at <= now:
                run.token = self._database.next_token()
                run.lease_expires_at = now + self._lease_period
                taken.append(_lease(run))
        return taken

    async def compactable(self, ended_before: datetime, *, limit: int = 100) -> Sequence[RunKey]:
        """Runs of all scopes that ended before then and have their raw events still, the oldest first.

        Raises:
            InvalidError: ``limit`` is less than 1.
        """
        check_limit(limit)
        found = [
            run
            for thread in self._database.all_threads()
            for run in thread.runs.values()
            if run.outcome is not None and not run.compacted and run.active_at < ended_before
        ]
        return [run.key for run in sorted(found, key=lambda run: run.active_at)[:limit]]

    async def compact(self, run: RunKey, entries: Sequence[LogEntry]) -> None:
        """Put fewer entries, which mean the same, in the place of an ended run's.

        What is not there, is live or was compacted already is left as it is.

        Raises:
            InvalidError: the numbers of the entries are not a rising choice of the run's own that ends with its last.
        """
        # Housekeeping is no use of the thread.
        thread = self._database.peek(run.scope, run.thread_id)
        record = None if thread is None else thread.runs.get(run.number)
        if thread is None or record is None or record.outcome is None or record.compacted:
            return
        check_compaction(run, entries, [entry.sequence for entry in record.events.entries])
        kept = [(entry, *keep(entry.event)) for entry in entries]
        memory = RUN_BYTES + sum(size for _, _, size in kept)
        # Cursors go on in the old list: they count places in it.
        record.events = EventList()
        record.events.append([evolve(entry, event=event, compacted=True) for entry, event, _ in kept])
        record.events.close()
        record.compacted = True
        self._database.charge(thread, memory - record.memory, within_limit=False)
        record.memory = memory

    def _held(self, lease: Lease) -> tuple[ThreadRecord, RunRecord]:
        thread = self._database.find(lease.run.scope, lease.run.thread_id)
        run = None if thread is None else thread.live
        if thread is None or run is None or run.token != lease.token:
            raise lease_lost(lease.run.thread_id, lease.run_id)
        return thread, run

    def _write(
        self, thread: ThreadRecord, run: RunRecord, events: Sequence[Event], *, within_limit: bool = True
    ) -> None:
        if not events:
            return
        now, key, sequence = self._clock.now(), run.key, thread.last_sequence
        entries: list[LogEntry] = []
        added = 0
        for event in events:
            own, size = keep(event)
            sequence += 1
            entries.append(LogEntry(sequence, key, own, now))
            added += size
        self._database.charge(thread, added, within_limit=within_limit)
        run.memory += added
        thread.last_sequence = sequence
        run.events.append(entries)

    def _forget(self, thread: ThreadRecord, run: RunRecord) -> None:
        del thread.runs[run.key.number]
        self._database.charge(thread, -run.memory)


def _first_sequence(thread: ThreadRecord) -> int:
    return next(iter(thread.runs.values())).events.entries[0].sequence


def _sequence(entry: LogEntry) -> int:
    return entry.sequence


def _lease(run: RunRecord) -> Lease:
    return Lease(run.key, run.token, run.run_id)
