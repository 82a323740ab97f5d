"""A request's turn on a thread: it waits for the run before it, or stops that one, without looking all the time."""

import asyncio
from collections.abc import Sequence

from agui_runtime.application.iterators import close
from agui_runtime.application.known_threads import KnownThreads, ThreadPast
from agui_runtime.application.ports import RunLog
from agui_runtime.application.refusals import busy
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.errors import BusyError, NotFoundError
from agui_runtime.domain.events import RunStarted
from agui_runtime.domain.identity import RunId, RunKey, Scope, ThreadId
from agui_runtime.domain.policy import BusyPolicy, RunLimits

POLL_SECONDS = 0.02
SAME_MOMENT_SECONDS = 0.1
"""Pages post a stop and the next run on two connections, one right after the other: either may arrive first."""


class ThreadTurn:
    """One request's patience, which begins when it is made.

    It is ``busy_seconds``; where the policy is to interrupt, the time that a stopped run may take comes on top. Where
    it is to reject, only a run that is being stopped is waited for, or one that may have been.

    Args:
        log: the run log.
        threads: what is known of their past.
        scope: whose thread it is.
        thread_id: the thread.
        limits: how long to wait.
        policy: what becomes of a run that is live.
        stops_by_hanging_up: whether a live run may have been stopped without anyone knowing yet.
    """

    def __init__(
        self,
        log: RunLog,
        threads: KnownThreads,
        scope: Scope,
        thread_id: ThreadId,
        limits: RunLimits,
        policy: BusyPolicy,
        *,
        stops_by_hanging_up: bool,
    ) -> None:
        self._log = log
        self._threads = threads
        self._scope = scope
        self._thread_id = thread_id
        self._interrupts = policy is BusyPolicy.INTERRUPT
        self._may_be_hung_up = stops_by_hanging_up
        patience = limits.busy_seconds + (limits.stop_seconds if self._interrupts else 0.0)
        self._deadline = asyncio.get_running_loop().time() + patience
        self._waited_for: RunKey | None = None

    async def free_thread(self) -> ThreadPast:
        """What is behind the thread, once no run is live on it.

        Raises:
            BusyError: one is that is not worth waiting for, or still is when the patience is at its end; ``details``
                has its ``run_id``.
            UnavailableError: the log cannot be reached.
        """
        while True:
            past, live = await self._threads.read(self._scope, self._thread_id)
            if not live:
                return past
            if self._interrupts:
                await self._log.request_stop(self._scope, self._thread_id)
            elif not (self._may_be_hung_up or await self._is_ending(live[0].run)):
                raise busy(self._thread_id, _run_id_of(live))
            await self._wait_for(live)

    async def _is_ending(self, run: RunKey) -> bool:
        """Whether it was asked to stop or is over, now or a moment later."""
        if await self._log.is_ending(run):
            return True
        left = self._deadline - asyncio.get_running_loop().time()
        await asyncio.sleep(min(SAME_MOMENT_SECONDS, max(0.0, left)))
        return await self._log.is_ending(run)

    async def lost_to(self, error: BusyError) -> None:
        """Somebody else has begun a run since the thread was free; there may be another chance.

        Raises:
            BusyError: the patience is at its end.
        """
        if asyncio.get_running_loop().time() >= self._deadline:
            raise error
        await asyncio.sleep(POLL_SECONDS)

    async def _wait_for(self, live: Sequence[LogEntry]) -> None:
        run = live[0].run
        try:
            async with asyncio.timeout_at(self._deadline):
                if run == self._waited_for:
                    # Its cursor ended, and yet it is live: the log is behind.
                    await asyncio.sleep(POLL_SECONDS)
                self._waited_for = run
                await self._follow_to_end(run, live[-1].sequence)
        except TimeoutError as error:
            raise busy(self._thread_id, _run_id_of(live)) from error

    async def _follow_to_end(self, run: RunKey, after: int) -> None:
        try:
            batches = self._log.follow(run, after=after)
            try:
                async for _ in batches:
                    pass
            finally:
                await close(batches)
        except NotFoundError:
            # It was withdrawn.
            return


def _run_id_of(live: Sequence[LogEntry]) -> RunId:
    event = live[0].event
    return RunId(event.run_id if isinstance(event, RunStarted) else "unknown")
