"""The first step of a run's commit protocol: the lease, and what the client's message list says of the history."""

import asyncio

from attrs import evolve

from agui_runtime.application.ports import Clock, RunLog
from agui_runtime.application.recording import LoggedRecording, Recording, TransientRecording
from agui_runtime.application.run_supervisor import StopSignal
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.events import MessagesSnapshot
from agui_runtime.domain.history import Edit, compare, fold_messages
from agui_runtime.domain.identity import RunKey, Scope
from agui_runtime.domain.policy import RunLimits
from agui_runtime.domain.runs import RunInput

POLL_SECONDS = 0.02


class RunOpening:
    """Opens recordings."""

    def __init__(self, log: RunLog, clock: Clock, limits: RunLimits) -> None:
        self._log = log
        self._clock = clock
        self._limits = limits

    async def logged(self, scope: Scope, run_input: RunInput, signal: StopSignal) -> Recording:
        """A recording in the log: the input is stored with the messages that the thread does not have yet.

        Raises:
            BusyError: another run is live on the thread, and was so for the time a new one waits.
            UnavailableError: the log cannot be reached.
        """
        lease, edit = await self._begin(scope, run_input, signal)
        recording = LoggedRecording(self._log, lease)
        try:
            if edit.kept is not None:
                await recording.append((MessagesSnapshot((*edit.kept, *edit.new), is_edit=True),))
        except BaseException:
            await asyncio.shield(recording.abandon())
            raise
        return recording

    def transient(self, scope: Scope, run_input: RunInput) -> Recording:
        """A recording that lives as long as its response."""
        return TransientRecording(RunKey(scope, run_input.thread_id, 0), run_input, self._clock)

    async def _begin(self, scope: Scope, run_input: RunInput, signal: StopSignal) -> tuple[Lease, Edit]:
        # A frontend stops a run by hanging up and may post the next message before the old run has unwound.
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.busy_seconds
        while True:
            # Read anew with each try: the run that is waited for still writes.
            stored = fold_messages(entry.event for entry in await self._log.read(scope, run_input.thread_id))
            edit = compare(stored, run_input.messages)
            try:
                return await self._log.begin(scope, evolve(run_input, messages=edit.new), on_stop=signal.set), edit
            except BusyError:
                if loop.time() >= deadline:
                    raise
                await asyncio.sleep(POLL_SECONDS)
