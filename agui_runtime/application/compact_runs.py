"""Puts fewer events in the place of ended runs' (contract agui §7 "Compaction")."""

import asyncio
import logging
from datetime import timedelta

from agui_runtime.application.compacted_run import compacted
from agui_runtime.application.ports import Clock, RunLog
from agui_runtime.application.reachable import check_reachable
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.errors import NotFoundError, UnavailableError
from agui_runtime.domain.identity import RunKey

logger = logging.getLogger(__name__)

BATCH = 100
"""Runs that are looked for at once."""


class CompactRuns:
    """Run now and then.

    Args:
        log: the run log.
        clock: the time.
        after_seconds: how long an ended run is kept event by event, for readers that go on in the middle of it.
    """

    def __init__(self, log: RunLog, clock: Clock, after_seconds: float) -> None:
        self._log = log
        self._clock = clock
        self._age = timedelta(seconds=after_seconds)

    async def __call__(self) -> int:
        """Compact what is old enough; how many runs that were.

        Raises:
            UnavailableError: the log cannot be reached, or went away in the middle; what is left is tried again.
        """
        done = 0
        ended_before = self._clock.now() - self._age
        while True:
            found = await self._log.compactable(ended_before, limit=BATCH)
            compacted_now = sum([await self._compact(run) for run in found])
            done += compacted_now
            # Those that cannot be compacted are found again and again: without progress it is enough for now.
            if len(found) < BATCH or not compacted_now:
                return done

    async def _compact(self, run: RunKey) -> bool:
        try:
            entries = await self._entries(run)
            # A long run takes a while, and live runs must not wait for it.
            await self._log.compact(run, await asyncio.to_thread(compacted, entries))
        except NotFoundError:
            # It was erased in the meantime.
            return False
        except UnavailableError as error:
            await check_reachable(self._log, run)
            logger.warning("The run %s could not be compacted; it is tried again: %s", run, error.message)
            return False
        except Exception:
            # One run that cannot be read must not keep the others from it.
            logger.warning("The run %s could not be compacted; it is tried again.", run, exc_info=True)
            return False
        return True

    async def _entries(self, run: RunKey) -> list[LogEntry]:
        return [entry async for batch in self._log.follow(run) for entry in batch]
