"""Looks at the tables for what other processes do: their runs' new events, and requests to stop our runs.

One task, two small queries for everything there is to look for, and none where there is nothing. It works behind a
pooler, adds nothing to the commits that are looked at, and needs no connection of its own (ADR 0017).
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agui_runtime.adapters.postgres import run_statements as statements
from agui_runtime.adapters.postgres.database import PostgresDatabase
from agui_runtime.adapters.postgres.event_blocks import entries_in
from agui_runtime.adapters.postgres.held_run import HeldRun
from agui_runtime.adapters.postgres.run_feed import RunFeed, RunFeeds
from agui_runtime.adapters.postgres.run_transactions import run_key
from agui_runtime.application import log_context
from agui_runtime.domain.errors import AguiError, UnavailableError
from agui_runtime.domain.identity import RunKey

if TYPE_CHECKING:
    import asyncpg

    Row = asyncpg.Record
else:
    Row = Any

logger = logging.getLogger(__name__)

FOLLOW_SECONDS = 0.03
"""Between two looks at followed runs while they go on; up to ``QUIET_SECONDS`` while nothing happens."""

QUIET_SECONDS = 0.12
SLOWDOWN = 1.3

STOP_SECONDS = 0.12
"""Between two looks for requests to stop."""


class RunWatcher:
    """Fills the feeds of runs that others write, and tells our runs to stop.

    Args:
        database: the one that readers use.
        feeds: of this process.
        held: the runs that are written here.
        patience_seconds: how long the database may be away before followers are told.
    """

    def __init__(
        self, database: PostgresDatabase, feeds: RunFeeds, held: Mapping[RunKey, HeldRun], patience_seconds: float
    ) -> None:
        self._database = database
        self._feeds = feeds
        self._held = held
        self._patience = patience_seconds
        self._task: asyncio.Task[None] | None = None
        self._seconds = FOLLOW_SECONDS
        self._next_stops = 0.0

    def wake(self) -> None:
        """There is something to look for."""
        self._seconds = FOLLOW_SECONDS
        if self._task is None or self._task.done():
            name, context = "watching runs of other processes", log_context.apart()
            self._task = asyncio.create_task(self._work(), name=name, context=context)

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        time = asyncio.get_running_loop().time
        failing_since: float | None = None
        while self._held or self._feeds.remote():
            await asyncio.sleep(self._seconds if self._feeds.remote() else STOP_SECONDS)
            try:
                await self._look(time())
                failing_since = None
            except AguiError as error:
                failing_since = time() if failing_since is None else failing_since
                logger.debug("Runs of other processes could not be looked at.", exc_info=error)
                if time() - failing_since > self._patience:
                    self._fail(self._feeds.remote(), error)
            except Exception:
                logger.exception("Runs of other processes cannot be followed.")
                self._fail(self._feeds.remote(), UnavailableError("The run cannot be followed."))

    async def _look(self, now: float) -> None:
        feeds = self._feeds.remote()
        if feeds:
            await self._follow(feeds)
        if self._held and now >= self._next_stops:
            self._next_stops = now + STOP_SECONDS
            await self._pass_on_stops()

    async def _follow(self, feeds: Sequence[RunFeed]) -> None:
        arguments = (
            [str(feed.run.scope) for feed in feeds],
            [str(feed.run.thread_id) for feed in feeds],
            [feed.run.number for feed in feeds],
            [feed.published for feed in feeds],
        )
        rows = await self._database.run(lambda c: c.fetch(statements.FOLLOW, *arguments), repeatable=True)
        found: defaultdict[int, list[Row]] = defaultdict(list)
        for row in rows:
            found[row["place"]].append(row)
        has_news = False
        for place, feed in enumerate(feeds, start=1):
            # It may have become ours while the answer was on its way.
            if not feed.is_local:
                has_news |= self._bring(feed, found[place])
        self._seconds = FOLLOW_SECONDS if has_news else min(self._seconds * SLOWDOWN, QUIET_SECONDS)

    def _bring(self, feed: RunFeed, rows: Sequence[Row]) -> bool:
        """Give a feed what was found; whether there was anything new."""
        if rows[0]["first_sequence"] is None:
            feed.vanish()
            return True
        written = [row for row in rows if row["events"] is not None]
        if any(row["compacted"] for row in written):
            self._fail([feed], too_late())
            return True
        try:
            entries = entries_in(feed.run.scope, feed.run.thread_id, written, after=feed.published)
        except AguiError as error:
            self._fail([feed], error)
            return True
        if entries:
            feed.publish(entries, sum(len(row["events"]) for row in written))
        if rows[0]["ended"]:
            feed.end()
        return bool(entries)

    async def _pass_on_stops(self) -> None:
        rows = await self._database.run(lambda c: c.fetch(statements.STOPPING), repeatable=True)
        for row in rows:
            run = self._held.get(run_key(row))
            if run is not None and run.is_live:
                run.tell_to_stop()

    def _fail(self, feeds: Sequence[RunFeed], error: AguiError) -> None:
        for feed in feeds:
            feed.fail(error)
            self._feeds.release(feed)


def too_late() -> UnavailableError:
    """A reader was so slow that the events it has not seen are folded into others which it has seen in part."""
    return UnavailableError("This reader was so slow that the rest of the run was compacted. Read the run again.")
