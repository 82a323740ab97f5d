"""Retention: erases threads that nobody has used for long."""

from datetime import timedelta

from agui_runtime.application.ports import Clock, ThreadDirectory

BATCH = 100
"""Threads that are erased at once."""


class PruneThreads:
    """Run now and then.

    Args:
        threads: the directory, which erases a thread with its runs and states.
        clock: the time.
        days: after how many days without activity a thread is erased; 0: never.
    """

    def __init__(self, threads: ThreadDirectory, clock: Clock, days: int) -> None:
        self._threads = threads
        self._clock = clock
        self._days = days

    async def __call__(self) -> int:
        """Erase what is old enough, of all scopes; how many threads that were.

        Raises:
            UnavailableError: the directory cannot be reached.
        """
        if self._days == 0:
            return 0
        idle_since = self._clock.now() - timedelta(days=self._days)
        erased = 0
        while True:
            pruned = await self._threads.prune(idle_since, limit=BATCH)
            erased += pruned
            if pruned < BATCH:
                return erased
