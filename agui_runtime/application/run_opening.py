"""The first step of a run's commit protocol: the lease, and what the client's request says of the thread's past."""

import asyncio
from collections.abc import Awaitable, Callable

from attrs import evolve, frozen

from agui_runtime.application.known_threads import KnownThreads, ThreadPast
from agui_runtime.application.live_run import StopSignal
from agui_runtime.application.ports import Clock, RunLog
from agui_runtime.application.questions import questions_of
from agui_runtime.application.recording import LoggedRecording, Recording, TransientRecording
from agui_runtime.application.run_state import BaseState
from agui_runtime.application.thread_turn import ThreadTurn
from agui_runtime.application.values import Lease, LogEntry
from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.events import MessagesSnapshot
from agui_runtime.domain.history import Edit, compare, fold_messages
from agui_runtime.domain.identity import RunKey, Scope
from agui_runtime.domain.interrupts import settle
from agui_runtime.domain.policy import BusyPolicy, RunLimits
from agui_runtime.domain.runs import RunInput

BaseOf = Callable[[], Awaitable[BaseState]]


@frozen
class Opened:
    """A run that may start: where its events go, its input, and the state that it starts from."""

    recording: Recording
    run_input: RunInput
    base: BaseState


@frozen
class _Prepared:
    """A run as it would begin, given what the log told.

    Attributes:
        run_input: the agent's.
        logged: the log's: only new messages, no credentials.
    """

    run_input: RunInput
    logged: RunInput
    edit: Edit
    base: BaseState


class RunOpening:
    """Opens recordings.

    Args:
        log: the run log.
        threads: what is known of their past.
        clock: questions expire.
        limits: how long a request waits for the run before it.
        policy: what becomes of the run before it, unless the request says so itself.
    """

    def __init__(
        self,
        log: RunLog,
        threads: KnownThreads,
        clock: Clock,
        limits: RunLimits,
        policy: BusyPolicy = BusyPolicy.REJECT,
    ) -> None:
        self._log = log
        self._threads = threads
        self._clock = clock
        self._limits = limits
        self._policy = policy

    async def logged(
        self,
        scope: Scope,
        run_input: RunInput,
        base_of: BaseOf,
        signal: StopSignal,
        *,
        policy: BusyPolicy | None = None,
        stops_by_hanging_up: bool = False,
    ) -> Opened:
        """A recording in the log: the input is stored with the base state and with the messages that are new.

        Raises:
            BusyError: another run is live on the thread, and is not being stopped, or was live for the time a new one
                waits.
            InvalidError: the answers to the thread's open questions are incomplete or mistaken.
            UnavailableError: the log or the store cannot be reached.
        """
        turn = ThreadTurn(
            self._log,
            self._threads,
            scope,
            run_input.thread_id,
            self._limits,
            policy or self._policy,
            stops_by_hanging_up=stops_by_hanging_up,
        )
        lease, prepared = await self._begin(turn, scope, run_input, base_of, signal)
        recording = LoggedRecording(self._log, lease)
        edit = prepared.edit
        try:
            if edit.kept is not None:
                await recording.append((MessagesSnapshot((*edit.kept, *edit.new), is_edit=True),))
        except BaseException:
            await asyncio.shield(recording.abandon())
            raise
        return Opened(recording, prepared.run_input, prepared.base)

    async def transient(self, scope: Scope, run_input: RunInput, base_of: BaseOf) -> Opened:
        """A recording that lives as long as its response."""
        base = await base_of()
        run_input = evolve(run_input, state=base.values)
        recording = TransientRecording(RunKey(scope, run_input.thread_id, 0), run_input, self._clock)
        return Opened(recording, run_input, base)

    async def _begin(
        self, turn: ThreadTurn, scope: Scope, run_input: RunInput, base_of: BaseOf, signal: StopSignal
    ) -> tuple[Lease, _Prepared]:
        while True:
            # Read on with each try: the run that was waited for has written more.
            past = await turn.free_thread()
            edit = compare(past.outline, run_input.messages)
            if edit.kept is not None:
                # An outline tells where the client departs, and has no words to keep.
                past, edit = await self._whole(past, scope, run_input)
            prepared = self._prepare(run_input, past, edit, await base_of())
            try:
                lease = await self._log.begin(scope, prepared.logged, on_stop=signal.set)
            except BusyError as error:
                await turn.lost_to(error)
                continue
            if await self._is_next(lease, past.last):
                return lease, prepared

    async def _whole(self, past: ThreadPast, scope: Scope, run_input: RunInput) -> tuple[ThreadPast, Edit]:
        entries = await self._log.read(scope, run_input.thread_id)
        edit = compare(fold_messages(entry.event for entry in entries), run_input.messages)
        # Where another run has begun meanwhile, this one is not the next, and all is asked again.
        return evolve(past, questions=questions_of(entries), last=entries[-1] if entries else None), edit

    def _prepare(self, run_input: RunInput, past: ThreadPast, edit: Edit, base: BaseState) -> _Prepared:
        questions = past.questions
        settled = settle([question.interrupt for question in questions], run_input.resume, self._clock.now())
        is_asker = not questions or run_input.agent_name == questions[0].agent_name
        return _Prepared(
            run_input.from_state(base.values, settled.for_asker if is_asker else run_input.resume),
            run_input.for_log(edit.new, base.values, settled.on_record),
            edit,
            base,
        )

    async def _is_next(self, lease: Lease, last: LogEntry | None) -> bool:
        """Whether no other run came and went since the thread was read; the lease is given back where one did."""
        if lease.run.number == (last.run.number if last else 0) + 1:
            return True
        try:
            behind = await self._log.read(lease.run.scope, lease.run.thread_id, after=last.sequence if last else 0)
        except BaseException:
            await asyncio.shield(self._log.abandon(lease))
            raise
        if behind and behind[0].run == lease.run:
            return True
        # Nothing behind, not even the own beginning: the thread was erased and begun anew.
        await asyncio.shield(self._log.abandon(lease))
        return False
