"""Stopping a thread's live run, wherever it is going on (contract agui §3, §7 "stop")."""

from enum import StrEnum

from agui_runtime.application.ports import RunLog, ThreadDirectory
from agui_runtime.domain.identity import Caller, RunId, ThreadId


class StopResult(StrEnum):
    """What became of a request to stop."""

    STOPPED = "stopped"
    """The live run was asked to stop; it ends with a terminal event within the stop deadline."""
    NOTHING_LIVE = "nothing_live"
    """No run is live on the thread, or there is no such thread."""
    OTHER_LIVE = "other_live"
    """A run is live on the thread, but not the one named."""


class StopRun:
    """Asks; it does not wait for the end."""

    def __init__(self, log: RunLog, threads: ThreadDirectory) -> None:
        self._log = log
        self._threads = threads

    async def __call__(self, caller: Caller, thread_id: ThreadId, run_id: RunId | None = None) -> StopResult:
        """Ask the thread's live run to stop: the one named, or whichever it is.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        if await self._log.request_stop(caller.scope, thread_id, run_id):
            return StopResult.STOPPED
        if run_id is None:
            return StopResult.NOTHING_LIVE
        thread = await self._threads.get(caller.scope, thread_id)
        return StopResult.OTHER_LIVE if thread is not None and thread.live else StopResult.NOTHING_LIVE
