"""Reads the events of threads and runs: from the table, and what is newest from memory."""

from collections.abc import AsyncIterator, Sequence

from agui_runtime.adapters.postgres import run_statements as statements
from agui_runtime.adapters.postgres.database import PostgresDatabase
from agui_runtime.adapters.postgres.event_blocks import entries_in
from agui_runtime.adapters.postgres.run_feed import RunFeed, RunFeeds
from agui_runtime.adapters.postgres.run_transactions import columns
from agui_runtime.adapters.postgres.run_watcher import RunWatcher, too_late
from agui_runtime.application.refusals import no_such_run
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.identity import RunKey, Scope, ThreadId

MAX_BIGINT = 2**63 - 1


class RunReader:
    """Cursors of a process, on its own runs and on those of others.

    Args:
        database: opened by whoever made it.
        feeds: what is in memory.
        watcher: fills the feeds of runs that others write.
    """

    def __init__(self, database: PostgresDatabase, feeds: RunFeeds, watcher: RunWatcher) -> None:
        self._database = database
        self._feeds = feeds
        self._watcher = watcher

    async def read(self, scope: Scope, thread_id: ThreadId, after: int) -> Sequence[LogEntry]:
        """The committed entries of a thread behind a sequence number."""
        arguments = (str(scope), str(thread_id), bigint(after))
        rows = await self._database.run(lambda c: c.fetch(statements.READ, *arguments), repeatable=True)
        return entries_in(scope, thread_id, rows, after=after)

    async def follow(self, run: RunKey, after: int) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor on one run.

        Raises:
            NotFoundError: there is no such run.
        """
        seen = after
        with self._feeds.joined(run) as feed:
            if not feed.is_open:
                await self._open(feed)
            while True:
                if feed.error is not None:
                    raise feed.error
                if seen < feed.published:
                    batch = await self._behind(feed, seen, has_begun=seen > after)
                    if not batch:
                        # The thread was deleted.
                        return
                    seen = batch[-1].sequence
                    yield batch
                elif feed.ended:
                    return
                else:
                    await feed.changed()

    async def _behind(self, feed: RunFeed, seen: int, *, has_begun: bool) -> list[LogEntry]:
        batch = feed.behind(seen)
        if batch is not None:
            return batch
        run = feed.run
        arguments = (*columns(run), bigint(seen))
        rows = await self._database.run(lambda c: c.fetch(statements.READ_RUN, *arguments), repeatable=True)
        batch = entries_in(run.scope, run.thread_id, rows, after=seen)
        if has_begun and any(entry.compacted for entry in batch):
            raise too_late()
        return batch

    async def _open(self, feed: RunFeed) -> None:
        row = await self._database.run(lambda c: c.fetchrow(statements.RUN, *columns(feed.run)), repeatable=True)
        if row is None:
            raise no_such_run(feed.run)
        if feed.is_open:
            # Another cursor was faster.
            return
        feed.open_at(row["last_sequence"])
        if row["ended"]:
            feed.end()
        else:
            self._watcher.wake()


def bigint(number: int) -> int:
    """The number, or the nearest one that the database knows."""
    return max(-MAX_BIGINT, min(number, MAX_BIGINT))
