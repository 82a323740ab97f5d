"""The first step of a run's commit protocol: the lease, and what the client's message list says of the history."""

import asyncio
from collections.abc import Awaitable, Callable

from attrs import evolve, frozen

from agui_runtime.application.ports import Clock, RunLog
from agui_runtime.application.recording import LoggedRecording, Recording, TransientRecording
from agui_runtime.application.run_state import BaseState
from agui_runtime.application.run_supervisor import StopSignal
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.events import MessagesSnapshot
from agui_runtime.domain.history import Edit, compare, fold_messages
from agui_runtime.domain.identity import RunKey, Scope
from agui_runtime.domain.policy import RunLimits
from agui_runtime.domain.runs import RunInput

POLL_SECONDS = 0.02


BaseOf = Callable[[], Awaitable[BaseState]]


@frozen
class Opened:
    """A run that may start: where its events go, its input, and the state that it starts from."""

    recording: Recording
    run_input: RunInput
    base: BaseState


class RunOpening:
    """Opens recordings."""

    def __init__(self, log: RunLog, clock: Clock, limits: RunLimits) -> None:
        self._log = log
        self._clock = clock
        self._limits = limits

    async def logged(self, scope: Scope, run_input: RunInput, base_of: BaseOf, signal: StopSignal) -> Opened:
        """A recording in the log: the input is stored with the base state and with the messages that are new.

        Raises:
            BusyError: another run is live on the thread, and was so for the time a new one waits.
            UnavailableError: the log or the store cannot be reached.
        """
        lease, edit, base = await self._begin(scope, run_input, base_of, signal)
        recording = LoggedRecording(self._log, lease)
        try:
            if edit.kept is not None:
                await recording.append((MessagesSnapshot((*edit.kept, *edit.new), is_edit=True),))
        except BaseException:
            await asyncio.shield(recording.abandon())
            raise
        return Opened(recording, evolve(run_input, state=base.values), base)

    async def transient(self, scope: Scope, run_input: RunInput, base_of: BaseOf) -> Opened:
        """A recording that lives as long as its response."""
        base = await base_of()
        run_input = evolve(run_input, state=base.values)
        recording = TransientRecording(RunKey(scope, run_input.thread_id, 0), run_input, self._clock)
        return Opened(recording, run_input, base)

    async def _begin(
        self, scope: Scope, run_input: RunInput, base_of: BaseOf, signal: StopSignal
    ) -> tuple[Lease, Edit, BaseState]:
        # A frontend stops a run by hanging up and may post the next message before the old run has unwound.
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.busy_seconds
        while True:
            # Read anew with each try: the run that is waited for still writes.
            base = await base_of()
            stored = fold_messages(entry.event for entry in await self._log.read(scope, run_input.thread_id))
            edit = compare(stored, run_input.messages)
            logged = evolve(run_input, state=base.values, messages=edit.new)
            try:
                return await self._log.begin(scope, logged, on_stop=signal.set), edit, base
            except BusyError:
                if loop.time() >= deadline:
                    raise
                await asyncio.sleep(POLL_SECONDS)
