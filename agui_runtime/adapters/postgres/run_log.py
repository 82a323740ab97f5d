"""The runs' events in PostgreSQL, for any number of processes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from secrets import randbits

from attrs import evolve

from agui_runtime.adapters.postgres import run_statements as statements
from agui_runtime.adapters.postgres.database import PostgresDatabase
from agui_runtime.adapters.postgres.event_blocks import block_of, entries_of, write
from agui_runtime.adapters.postgres.group_commit import GroupCommit
from agui_runtime.adapters.postgres.held_run import HeldRun
from agui_runtime.adapters.postgres.run_feed import RunFeeds
from agui_runtime.adapters.postgres.run_reader import RunReader, bigint
from agui_runtime.adapters.postgres.run_stops import RunStops
from agui_runtime.adapters.postgres.run_transactions import Abandonment, begin, columns, compact, run_key, take_over
from agui_runtime.adapters.postgres.run_watcher import RunWatcher
from agui_runtime.adapters.postgres.write_queue import QueueLimits, WriteQueue
from agui_runtime.application.frames import NO_FRAMES, Frames
from agui_runtime.application.ports import Clock
from agui_runtime.application.refusals import busy, check_limit, lease_lost
from agui_runtime.application.values import Bookmark, Lease, LogEntry
from agui_runtime.domain.errors import AguiError, ConfigurationError, LeaseLostError, UnavailableError
from agui_runtime.domain.events import Event, RunStarted
from agui_runtime.domain.identity import RunId, RunKey, Scope, ThreadId
from agui_runtime.domain.runs import Outcome, RunInput

logger = logging.getLogger(__name__)

TOKEN_BITS = 62


class PostgresRunLog:
    """A ``RunLog``. Time is the clock's, never the server's.

    A lease that has run out still blocks its thread, and its holder may still write and renew: only ``expired`` takes
    the run over, and only finishing or abandoning it frees the thread. A run of which something could not be stored
    for the time of one lease is given up: its writer and its followers in this process get ``UnavailableError``, its
    lease runs out, and whoever takes it over ends it.

    Args:
        database: opened by whoever made it.
        clock: the time.
        lease_seconds: how long a lease lasts from ``begin``, ``renew`` or a takeover.
        limits: of what waits for its commit.
        frames: how often cursors are woken.

    Raises:
        ConfigurationError: ``lease_seconds`` is not positive.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        clock: Clock,
        lease_seconds: float,
        limits: QueueLimits | None = None,
        frames: Frames = NO_FRAMES,
    ) -> None:
        if not lease_seconds > 0:
            raise ConfigurationError(f"lease_seconds is {lease_seconds}; it must be more than 0.")
        self._database = database
        self._line = PostgresDatabase(evolve(database.settings, min_connections=1, max_connections=1))
        self._clock = clock
        self._lease_period = timedelta(seconds=lease_seconds)
        self._held: dict[RunKey, HeldRun] = {}
        self._undoing: set[asyncio.Task[None]] = set()
        self._feeds = RunFeeds(frames)
        self._queue = WriteQueue(limits or QueueLimits())
        self._commit = GroupCommit(self._line, clock, self._queue, lease_seconds, self._settled)
        self._watcher = RunWatcher(database, self._feeds, self._held, lease_seconds)
        self._stops = RunStops(database, self._held)
        self._reader = RunReader(database, self._feeds, self._watcher)

    async def open(self) -> None:
        """Connect the writer.

        Raises:
            UnavailableError: the server cannot be reached, or refuses us.
        """
        await self._line.open()

    async def close(self) -> None:
        """Write what waits, and disconnect the writer."""
        if self._undoing:
            await asyncio.wait(self._undoing)
        await self._commit.close()
        await self._watcher.close()
        await self._line.close()

    @property
    def is_writing(self) -> bool:
        """Whether anything that was appended waits for its commit."""
        return self._commit.is_busy

    async def begin(self, scope: Scope, run_input: RunInput, *, on_stop: Callable[[], None]) -> Lease:
        """Make a run live and write its RUN_STARTED with the input. Cancelled while it waits, the run is abandoned.

        Raises:
            BusyError: another run is live on the thread; ``details`` has its ``run_id``.
            InvalidError: the input cannot be stored.
            UnavailableError: the database cannot be reached, or refuses; whether the run has begun is not known.
        """
        beginning = asyncio.create_task(self._begin(scope, run_input, on_stop))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            # A client that hangs up now would otherwise leave its thread busy for the time of a lease.
            undoing = asyncio.create_task(self._undo(beginning))
            self._undoing.add(undoing)
            undoing.add_done_callback(self._undoing.discard)
            raise

    async def _begin(self, scope: Scope, run_input: RunInput, on_stop: Callable[[], None]) -> Lease:
        thread_id, run_id = run_input.thread_id, run_input.run_id
        started = write([RunStarted(thread_id, run_id, run_input.parent_run_id, run_input)])
        now, token, agent = self._clock.now(), randbits(TOKEN_BITS), run_input.agent_name
        arguments = (
            str(scope), str(thread_id), now, None if agent is None else str(agent),
            str(run_id), token, now + self._lease_period, block_of(started),
        )  # fmt: skip
        begun = await self._database.run(lambda c: begin(c, arguments, token), repeatable=True)
        if isinstance(begun, str):
            raise busy(thread_id, RunId(begun))
        number, first = begun
        lease = Lease(RunKey(scope, thread_id, number), token, run_id)
        run = self._hold(lease, on_stop, first - 1)
        run.next_sequence = first + 1
        run.feed.publish(entries_of(lease.run, started, first, now), len(started[0].text))
        return lease

    async def append(self, lease: Lease, events: Sequence[Event]) -> None:
        """Take events for the next commit, in order; it waits only while too much is waiting already.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: what was taken before could not be stored; the run is given up.
            InvalidError: an event cannot be stored; none of them was taken.
        """
        run = self._run_of(lease)
        if events:
            await self._commit.append(run, write(events))

    async def renew(self, lease: Lease) -> None:
        """Keep the lease for another period from now.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: the database cannot be reached, or the run is given up.
        """
        run = self._run_of(lease)
        arguments = (*columns(lease.run), lease.token, self._clock.now() + self._lease_period)
        kept = await self._database.run(lambda c: c.fetchval(statements.RENEW, *arguments), repeatable=True)
        if not kept and not run.is_closing:
            self._commit.lose(run, _lost(lease))
        run.check()

    async def finish(self, lease: Lease, events: Sequence[Event], outcome: Outcome) -> None:
        """Write what waits, the closing and the terminal events and the outcome, and release the lease, in one commit.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: it could not be stored; the run is given up.
        """
        run = self._run_of(lease, is_last=True)
        await self._commit.finish(run, write(events), type(outcome).__name__.lower())

    async def abandon(self, lease: Lease) -> None:
        """Forget the run as if it had never begun; a thread that has nothing else goes with it.

        Its numbers are not given again while the thread lasts. Its followers end.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: the database cannot be reached, or refuses; the lease will run out.
        """
        run = self._run_of(lease, is_last=True)
        await self._commit.withdraw(run)
        try:
            is_ours = await self._database.run(Abandonment(lease), repeatable=True)
        except UnavailableError as error:
            self._commit.lose(run, error)
            raise
        if not is_ours:
            self._commit.lose(run, _lost(lease))
            raise _lost(lease)
        run.feed.vanish()
        self._settled(run)

    async def read(self, scope: Scope, thread_id: ThreadId, *, after: int = 0) -> Sequence[LogEntry]:
        """The committed entries of a thread behind the sequence number ``after``; none for an unknown thread.

        Raises:
            UnavailableError: the database cannot be reached, or refuses.
            CorruptError: what is stored cannot be read; naming the thread and the sequence number.
        """
        return await self._reader.read(scope, thread_id, after)

    async def read_on(self, scope: Scope, thread_id: ThreadId, bookmark: Bookmark) -> Sequence[LogEntry] | None:
        """The committed entries behind a bookmark; ``None`` where the thread was removed meanwhile.

        Raises:
            UnavailableError: the database cannot be reached, or refuses.
            CorruptError: what is stored cannot be read; naming the thread and the sequence number.
        """
        # The runs of a thread go with it or not at all.
        entries = await self._reader.read(scope, thread_id, bookmark.sequence - 1)
        return entries[1:] if entries and bookmark.marks(entries[0]) else None

    def follow(self, run: RunKey, *, after: int = 0) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor on one run: all that is committed, then each new batch, to the terminal event.

        Raises:
            NotFoundError: there is no such run.
            UnavailableError: the database cannot be reached for too long, the run was given up, or this reader was so
                slow that the rest of the run was compacted meanwhile.
            CorruptError: what is stored cannot be read; naming the thread and the sequence number.
        """
        return self._reader.follow(run, after)

    async def request_stop(self, scope: Scope, thread_id: ThreadId, run_id: RunId | None = None) -> bool:
        """Ask the thread's live run to stop; whether there was one (with that id, where one is given).

        Raises:
            UnavailableError: the database cannot be reached, or refuses, and the run is not one of this process.
        """
        return await self._stops.request(scope, thread_id, run_id)

    async def announce_stop(self, lease: Lease) -> None:
        """Let others know that the run is being stopped; where somebody has asked the log for it, they do.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: the database cannot be reached, or the run is given up.
        """
        await self._stops.announce(self._run_of(lease))

    async def is_ending(self, run: RunKey) -> bool:
        """Whether the run is not to go on: anyone in any process has asked it to stop, or it is no longer live.

        Raises:
            UnavailableError: the database cannot be reached, or refuses.
        """
        return await self._stops.is_ending(run)

    async def expired(self) -> Sequence[Lease]:
        """Take over the runs whose lease has run out, each for a period from now. Their old holders have lost them.

        Raises:
            UnavailableError: the database cannot be reached, or refuses.
        """
        now = self._clock.now()
        taken = await self._database.run(lambda c: take_over(c, now, now + self._lease_period))
        for lease, last in taken:
            if lease.run in self._held:
                self._commit.lose(self._held[lease.run], _lost(lease))
            self._hold(lease, _nobody, last)
        return [lease for lease, _ in taken]

    async def compactable(self, ended_before: datetime, *, limit: int = 100) -> Sequence[RunKey]:
        """Runs of all scopes that ended before then and have their raw events still, the oldest first.

        Raises:
            InvalidError: ``limit`` is less than 1.
            UnavailableError: the database cannot be reached, or refuses.
        """
        check_limit(limit)
        arguments = (ended_before, bigint(limit))
        rows = await self._database.run(lambda c: c.fetch(statements.COMPACTABLE, *arguments), repeatable=True)
        return [run_key(row) for row in rows]

    async def compact(self, run: RunKey, entries: Sequence[LogEntry]) -> None:
        """Put fewer entries, which mean the same, in the place of an ended run's.

        What is not there, is live or was compacted already is left as it is.

        Raises:
            InvalidError: the numbers of the entries are not a rising choice of the run's own that ends with its last.
            UnavailableError: the database cannot be reached, or refuses.
        """
        await compact(self._database, run, entries)

    async def _undo(self, beginning: "asyncio.Task[Lease]") -> None:
        try:
            await self.abandon(await beginning)
        except AguiError as error:
            logger.info("A run whose client was gone before it began was not abandoned: %s", error)

    def _hold(self, lease: Lease, on_stop: Callable[[], None], last: int) -> HeldRun:
        run = HeldRun(lease, on_stop, self._feeds.local(lease.run, last), last + 1)
        self._held[lease.run] = run
        self._watcher.wake()
        return run

    def _run_of(self, lease: Lease, *, is_last: bool = False) -> HeldRun:
        run = self._held.get(lease.run)
        if run is None or run.lease.token != lease.token:
            raise _lost(lease)
        if run.lost is not None and is_last:
            # Whose run it was has been told; nobody asks again.
            del self._held[lease.run]
        run.check()
        return run

    def _settled(self, run: HeldRun) -> None:
        """Nothing more is written of a run: it has ended, or is lost."""
        if run.is_closing and self._held.get(run.lease.run) is run:
            del self._held[run.lease.run]
        if isinstance(run.lost, LeaseLostError):
            # Another process goes on with it; cursors follow that one.
            run.feed.is_local = False
            self._watcher.wake()
        elif run.lost is not None:
            run.feed.fail(run.lost)
        self._feeds.release(run.feed)


def _lost(lease: Lease) -> LeaseLostError:
    return lease_lost(lease.run.thread_id, lease.run_id)


def _nobody() -> None:
    """A run that was taken over has no producer to stop."""
