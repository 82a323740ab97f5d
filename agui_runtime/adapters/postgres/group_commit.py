"""The group commit: one writer for each process, which writes what all its runs have to say in one statement.

While a batch is under way the next one gathers, so the batches grow with the load by themselves and nobody waits for a
timer. What cannot be written is tried again for a while; repeating it is harmless, because every row has its number.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from agui_runtime.adapters.postgres import run_statements as statements
from agui_runtime.adapters.postgres.database import PostgresDatabase
from agui_runtime.adapters.postgres.event_blocks import WrittenEvent, block_of, entries_of
from agui_runtime.adapters.postgres.faults import is_hopeless
from agui_runtime.adapters.postgres.held_run import HeldRun, Part
from agui_runtime.adapters.postgres.write_queue import WriteQueue
from agui_runtime.application import log_context
from agui_runtime.application.ports import Clock
from agui_runtime.application.refusals import lease_lost
from agui_runtime.domain.errors import AguiError, UnavailableError

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.05
"""Between two tries."""


class GroupCommit:
    """Commits events of many runs in batches, and publishes to each run's feed what is committed.

    Args:
        database: of its own, so that readers never keep it waiting: one connection.
        clock: the time that entries get.
        queue: what waits.
        patience_seconds: how long a batch is tried again before its runs are given up.
        on_settled: told when nothing more is written of a run: it has ended, or is lost.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        clock: Clock,
        queue: WriteQueue,
        patience_seconds: float,
        on_settled: Callable[[HeldRun], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._queue = queue
        self._patience = patience_seconds
        self._on_settled = on_settled
        self._task: asyncio.Task[None] | None = None
        self._batch: Sequence[Part] = ()
        self._batch_done = asyncio.Event()
        self._failing_since: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether anything waits for its commit."""
        return bool(self._queue) or bool(self._batch)

    async def append(self, run: HeldRun, events: Sequence[WrittenEvent]) -> None:
        """Take events, in order, once there is room for them. Cancelled while it waits, it has taken none.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: the run was given up.
        """
        run.check()
        await self._queue.room_for(run, events)
        self._put(run, events)

    async def finish(self, run: HeldRun, events: Sequence[WrittenEvent], outcome: str) -> None:
        """Take the last events and the end, which need no room, and wait for their commit.

        Cancelled while it waits, the end is under way all the same.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: the run was given up.
        """
        run.check()
        run.is_closing, run.outcome = True, outcome
        run.done = asyncio.get_running_loop().create_future()
        # When it fails, perhaps nobody waits any more.
        run.done.add_done_callback(_retrieve)
        self._put(run, events)
        await asyncio.shield(run.done)

    async def withdraw(self, run: HeldRun) -> None:
        """Drop what a run has waiting, take no more, and wait for what is under way.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: the run was given up.
        """
        run.check()
        run.is_closing = True
        self._queue.drop(run)
        while any(part.run is run for part in self._batch):
            await self._batch_done.wait()
        if run.lost is not None:
            raise run.lost

    def lose(self, run: HeldRun, error: AguiError) -> None:
        """Write nothing more of a run."""
        if run.lost is not None:
            return
        run.lost = error
        self._queue.drop(run)
        if run.done is not None and not run.done.done():
            run.done.set_exception(error)
        self._on_settled(run)

    async def close(self) -> None:
        """Write what waits, for as long as one operation may take; what is left then is given up."""
        task = self._task
        if task is None or task.done():
            return
        await asyncio.wait({task}, timeout=self._database.settings.operation_seconds)
        left = {*self._queue.runs, *(part.run for part in self._batch)}
        task.cancel()
        await asyncio.wait({task})
        for run in left:
            self.lose(run, UnavailableError("The database connection was closed before the run was stored."))

    def _put(self, run: HeldRun, events: Sequence[WrittenEvent]) -> None:
        self._queue.put(run, events)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="group commit", context=log_context.apart())

    async def _work(self) -> None:
        while self._queue:
            self._batch = self._queue.next_batch()
            self._batch_done.clear()
            self._queue.wake()
            try:
                await self._commit(self._batch, self._clock.now())
            except Exception:
                logger.exception("The events of %d runs could not be written.", len(self._batch))
                for part in self._batch:
                    self.lose(part.run, UnavailableError("The run could not be stored."))
            finally:
                self._batch = ()
                self._batch_done.set()

    async def _commit(self, parts: Sequence[Part], now: datetime, *, is_repeated: bool = False) -> None:
        while True:
            try:
                rows = await self._write(parts, now)
                break
            except AguiError as error:
                if is_hopeless(error) and len(parts) > 1:
                    # One of them spoils it for the others.
                    for part in parts:
                        await self._commit([part], now, is_repeated=is_repeated)
                    return
                if is_hopeless(error) or self._is_out_of_patience(parts, error):
                    for part in parts:
                        self.lose(part.run, error)
                    return
            is_repeated = True
            await asyncio.sleep(PAUSE_SECONDS)
        self._failing_since = None
        for part in parts:
            # A row that an earlier try has written, whose answer was lost, is there already.
            is_held, is_written = part.key in rows, is_repeated or rows.get(part.key, False)
            if (is_held and is_written) or (is_repeated and await self._has_ended(part)):
                self._publish(part, now)
            else:
                self.lose(part.run, lease_lost(part.run.lease.run.thread_id, part.run.lease.run_id))

    async def _write(self, parts: Sequence[Part], now: datetime) -> dict[tuple[str, str, int], bool]:
        """The runs that are still held, and whether the rows of their events are new."""
        arguments = (*_columns(parts), now)
        rows = await self._database.run(lambda connection: connection.fetch(statements.WRITE, *arguments))
        return {(row["scope"], row["thread_id"], row["number"]): row["written"] for row in rows}

    async def _has_ended(self, part: Part) -> bool:
        """Whether an earlier try has ended the run: under the same token nobody else can have done it."""
        if part.outcome is None:
            return False
        try:
            token = await self._database.run(
                lambda connection: connection.fetchval(statements.ENDED, *part.key), repeatable=True
            )
        except AguiError:
            # Not known: the caller is told that it is lost, and whoever takes the run over finds it ended.
            return False
        return bool(token == part.run.lease.token)

    def _is_out_of_patience(self, parts: Sequence[Part], error: AguiError) -> bool:
        now = asyncio.get_running_loop().time()
        if self._failing_since is None:
            self._failing_since = now
            logger.warning("Events of %d runs could not be written; they are tried again: %s", len(parts), error)
        return now - self._failing_since > self._patience

    def _publish(self, part: Part, now: datetime) -> None:
        run = part.run
        if run.lost is not None:
            # Taken over by this very process meanwhile, which has seen these events in the table.
            return
        if part.events:
            first = part.last - len(part.events) + 1
            run.feed.publish(entries_of(run.lease.run, part.events, first, now), part.size)
        if part.outcome is not None:
            run.feed.end()
            self._on_settled(run)
            if run.done is not None and not run.done.done():
                run.done.set_result(None)


def _columns(parts: Sequence[Part]) -> tuple[list[Any], ...]:
    """In the order of keys, in which every process locks."""
    ordered = sorted(parts, key=lambda part: part.key)
    return (
        [part.key[0] for part in ordered],
        [part.key[1] for part in ordered],
        [part.key[2] for part in ordered],
        [part.run.lease.token for part in ordered],
        [part.last for part in ordered],
        [block_of(part.events) if part.events else None for part in ordered],
        [part.outcome for part in ordered],
    )


def _retrieve(done: "asyncio.Future[None]") -> None:
    if not done.cancelled():
        done.exception()
