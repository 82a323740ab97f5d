"""Requests to stop runs: passed on where the run is of this process, and stored for all others."""

import logging
from collections.abc import Mapping

from agui_runtime.adapters.postgres import run_statements as statements
from agui_runtime.adapters.postgres.database import PostgresDatabase
from agui_runtime.adapters.postgres.held_run import HeldRun
from agui_runtime.adapters.postgres.run_transactions import columns
from agui_runtime.application.refusals import lease_lost
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import LeaseLostError, UnavailableError
from agui_runtime.domain.identity import RunId, RunKey, Scope, ThreadId

logger = logging.getLogger(__name__)


class RunStops:
    """What was asked of live runs. ``RunWatcher`` passes on to our runs what others have stored.

    Args:
        database: the one that readers use.
        held: the runs that are written here.
    """

    def __init__(self, database: PostgresDatabase, held: Mapping[RunKey, HeldRun]) -> None:
        self._database = database
        self._held = held

    async def request(self, scope: Scope, thread_id: ThreadId, run_id: RunId | None) -> bool:
        """Ask the thread's live run to stop; whether there was one (with that id, where one is given)."""
        for run in self._held.values():
            is_meant = (run.lease.run.scope, run.lease.run.thread_id) == (scope, thread_id)
            if is_meant and run.is_live and run_id in {None, run.lease.run_id}:
                run.tell_to_stop()
                await self._tell_others(run.lease)
                return True
        arguments = (str(scope), str(thread_id), None if run_id is None else str(run_id))
        number = await self._database.run(lambda c: c.fetchval(statements.REQUEST_STOP, *arguments), repeatable=True)
        return number is not None

    async def announce(self, run: HeldRun) -> None:
        """Store that the run is being stopped; where it was asked to stop, that is stored already."""
        if not run.is_told_to_stop:
            run.is_told_to_stop = True
            await self._store(run.lease)

    async def is_ending(self, run: RunKey) -> bool:
        """Whether it was asked to stop, or is no longer live."""
        held = self._held.get(run)
        if held is not None and held.is_told_to_stop:
            return True
        arguments = columns(run)
        return not await self._database.run(lambda c: c.fetchval(statements.GOING_ON, *arguments), repeatable=True)

    async def _tell_others(self, lease: Lease) -> None:
        try:
            await self._store(lease)
        except (LeaseLostError, UnavailableError) as error:
            # It has been told, and stops whether or not others can know.
            logger.info("Other processes are not told that run %s is being stopped: %s", lease.run_id, error)

    async def _store(self, lease: Lease) -> None:
        arguments = (*columns(lease.run), lease.token)
        if not await self._database.run(lambda c: c.fetchval(statements.ANNOUNCE_STOP, *arguments), repeatable=True):
            raise lease_lost(lease.run.thread_id, lease.run_id)
