"""Seals the runs whose process is gone: their partial output is kept, what is open is closed (design §4)."""

import logging

from agui_runtime.application.ports import RunLog, StateStore
from agui_runtime.application.reachable import check_reachable
from agui_runtime.application.run_driver import INTERRUPT_EVENTS
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import ErrorCode, InvalidEventError, UnavailableError
from agui_runtime.domain.events import Custom, Event, RunStarted
from agui_runtime.domain.identity import RunKey, StateKey
from agui_runtime.domain.lifecycle import Lifecycle, replay_open
from agui_runtime.domain.runs import Failed, Finished, Interrupt, Interrupted, Outcome

logger = logging.getLogger(__name__)

LOST = Failed("The server that ran this was lost before the run ended.", ErrorCode.UNAVAILABLE)


class RecoverRuns:
    """Run at start and now and then."""

    def __init__(self, log: RunLog, store: StateStore) -> None:
        self._log = log
        self._store = store

    async def __call__(self) -> int:
        """Seal what has expired; how many runs that were.

        Raises:
            UnavailableError: the log cannot be reached, or went away in the middle; what is left is tried again.
        """
        sealed = 0
        for lease in await self._log.expired():
            try:
                await self._seal(lease)
            except UnavailableError as error:
                await check_reachable(self._log, lease.run)
                logger.warning("The lost run %s could not be sealed; it is tried again: %s", lease.run, error.message)
            except Exception:
                # One run that cannot be sealed must not keep the others from it.
                logger.warning("The lost run %s could not be sealed; it is tried again.", lease.run, exc_info=True)
            else:
                sealed += 1
        return sealed

    async def _seal(self, lease: Lease) -> None:
        run = lease.run
        events = [e.event for e in await self._log.read(run.scope, run.thread_id) if e.run == run]
        outcome = await self._outcome(lease, events)
        closing = _replayed(run, events).finalize(outcome, thread_id=run.thread_id, run_id=lease.run_id)
        await self._log.finish(lease, closing, outcome)

    async def _outcome(self, lease: Lease, events: list[Event]) -> Outcome:
        """A run that had saved its final state had nothing left to do but to finish."""
        run = lease.run
        first = events[0] if events else None
        agent_name = first.input.agent_name if isinstance(first, RunStarted) and first.input else None
        if agent_name is None:
            return LOST
        state = await self._store.load(StateKey(run.scope, run.thread_id, agent_name))
        if state is None or state.saved_by != run:
            return LOST
        questions = _questions(run, events)
        return Interrupted(questions) if questions else Finished()


def _questions(run: RunKey, events: list[Event]) -> tuple[Interrupt, ...]:
    """What the run had asked in LangGraph's form. Questions of the standard form come with the end that was lost."""
    values = [event.value for event in events if isinstance(event, Custom) and event.name in INTERRUPT_EVENTS]
    return tuple(
        Interrupt(f"question-{run.number}-{at}", value, is_derived=True) for at, value in enumerate(values, start=1)
    )


def _replayed(run: RunKey, events: list[Event]) -> Lifecycle:
    try:
        return replay_open(events)
    except InvalidEventError:
        # Better sealed without closers than a thread that is busy for ever.
        logger.exception("The log of run %s cannot be replayed; what it left open stays open.", run)
        return Lifecycle()
