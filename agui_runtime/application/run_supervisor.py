"""The one place that owns tasks: runs live here, apart from the requests that began them (design §4)."""

import asyncio
import logging
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context, copy_context

from attrs import define, field

from agui_runtime.application import log_context
from agui_runtime.application.failures import failure_of
from agui_runtime.application.live_run import Conduct, LiveRun, RunResult, StopSignal
from agui_runtime.application.measured_recording import MeasuredRecording
from agui_runtime.application.ports import RunLog, Telemetry
from agui_runtime.application.recording import Recording
from agui_runtime.application.run_driver import RunDriver, RunPlan
from agui_runtime.application.run_watch import RunWatch
from agui_runtime.domain.errors import AguiError, ErrorCode, LeaseLostError, UnavailableError
from agui_runtime.domain.policy import RunLimits
from agui_runtime.domain.runs import Failed, Outcome

logger = logging.getLogger(__name__)


@define(eq=False)
class _Run:
    """A run from its launch on.

    Attributes:
        driving: the task in which its producer is read.
        ending: the task in which it comes to its end.
        over: done when all is done.
    """

    plan: RunPlan
    recording: MeasuredRecording
    driver: RunDriver
    conduct: Conduct
    over: "asyncio.Future[None]"
    driving: "asyncio.Task[Outcome]" = field(init=False)
    ending: "asyncio.Task[None]" = field(init=False)


class RunSupervisor:
    """Launches runs, keeps their leases, stops them, and drains them at shutdown."""

    def __init__(self, log: RunLog, telemetry: Telemetry, limits: RunLimits) -> None:
        self._log = log
        self._telemetry = telemetry
        self._limits = limits
        self._live: dict[asyncio.Future[None], tuple[_Run, StopSignal]] = {}
        self._starting: dict[Recording, StopSignal] = {}
        self._arriving: dict[asyncio.Future[None], StopSignal] = {}
        self._heartbeat: asyncio.Task[None] | None = None
        self._draining = False

    @property
    def live_runs(self) -> int:
        """How many runs are live in this process."""
        return len(self._live)

    @property
    def leases(self) -> int:
        """How many leases this process keeps: of runs that are live or about to be, and stored."""
        held = [*(run.recording for run, _ in self._live.values()), *self._starting]
        return sum(recording.lease is not None for recording in held)

    def open(self) -> None:
        """Take runs, also again after a drain: a host may start, stop and start in one process."""
        self._draining = False

    def check_open(self) -> None:
        """Refuse new runs while draining.

        Raises:
            UnavailableError: the server is shutting down.
        """
        if self._draining:
            raise UnavailableError("The server is shutting down. Please try again in a moment.")

    @contextmanager
    def arriving(self) -> Generator[StopSignal]:
        """A request for a run, from its first step to the launch: a drain waits for it, too, and signals it.

        Raises:
            UnavailableError: the server is shutting down.
        """
        self.check_open()
        signal, over = StopSignal(), asyncio.get_running_loop().create_future()
        self._arriving[over] = signal
        try:
            yield signal
        finally:
            del self._arriving[over]
            over.set_result(None)

    @contextmanager
    def starting(self, recording: Recording, signal: StopSignal) -> Generator[None]:
        """Keep the lease of a run whose producer may take long to answer at all."""
        self._starting[recording] = signal
        self._ensure_heartbeat()
        try:
            yield
        finally:
            del self._starting[recording]

    def launch(self, plan: RunPlan, signal: StopSignal, conduct: Conduct) -> LiveRun:
        """Let a run go. It no longer belongs to the request that launched it, whose arrival this ends."""
        measured = MeasuredRecording(plan.recording, self._telemetry)
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        run = _Run(plan, measured, RunDriver(plan, measured), conduct, over)
        # A context of its own, in which all of it happens: its beginning here, and its end in a task.
        context = copy_context()
        context.run(self._begin, run, signal, context)
        self._live[over] = (run, signal)
        over.add_done_callback(self._live.pop)
        self._ensure_heartbeat()
        return LiveRun(plan.run_input.run_id, measured, signal, over)

    async def drain(self, seconds: float) -> None:
        """Refuse new runs, let live ones finish for so long, then stop them."""
        self._draining = True
        await self._wait_for_all(seconds)
        for signal in [*(signal for _, signal in self._live.values()), *self._arriving.values()]:
            signal.set()
        await self._wait_for_all(self._limits.stop_seconds + 1)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.wait({self._heartbeat})

    async def _wait_for_all(self, seconds: float) -> None:
        """Until there is no run and no request for one, but no longer than told. What arrives becomes live."""
        now = asyncio.get_running_loop().time
        deadline = now() + seconds
        while (busy := {*self._live, *self._arriving}) and (left := deadline - now()) > 0:
            await asyncio.wait(busy, timeout=left)

    def _begin(self, run: _Run, signal: StopSignal, context: Context) -> None:
        given, agent = run.plan.run_input, run.plan.run_input.agent_name or ""
        scope = run.recording.run.scope
        log_context.begin_part(scope=scope, thread_id=given.thread_id, run_id=given.run_id, agent=agent)
        span = self._telemetry.span("run", thread=given.thread_id, run=given.run_id, agent=agent)
        span.__enter__()
        # An agent has a task of its own: whatever it does to that one, the run comes to its end in another.
        run.driving = asyncio.create_task(run.driver.drive(), name=f"drive {given.run_id}")

        def end(cut: Outcome | None) -> None:
            if cut is not None:
                run.driving.cancel()
            ending = self._end(run, span, cut)
            run.ending = asyncio.create_task(ending, name=f"run {given.run_id}", context=context)

        verdict = run.conduct.verdict
        watch = RunWatch(run.plan, run.driver, run.driving, signal=signal, verdict=verdict, limits=self._limits)
        watch.begin(end)

    async def _end(self, run: _Run, span: AbstractContextManager[None], cut: Outcome | None) -> None:
        try:
            if cut is not None:
                await self._unwind(run)
            await self._carry_out(run, self._result_of(run) if cut is None else cut)
        except BaseException as error:
            span.__exit__(type(error), error, error.__traceback__)
            if not isinstance(error, Exception):
                raise
            logger.exception("A run ended outside its own error handling.")
        else:
            span.__exit__(None, None, None)
        finally:
            run.over.set_result(None)

    async def _unwind(self, run: _Run) -> None:
        """Give a producer that is cut short its time to end, and no more."""
        driving, verdict = run.driving, run.conduct.verdict
        unwinding = asyncio.wait({driving}, timeout=self._limits.stop_seconds)
        await asyncio.gather(unwinding, _announce_stop(run.recording))
        run.driver.seal()
        if not driving.done():
            logger.warning("The producer of run %s ignores being stopped.", run.plan.run_input.run_id)
            driving.add_done_callback(_swallow)
        elif not driving.cancelled():
            driving.exception()
        await _release(run.driver, run.plan)
        if verdict is not None and not verdict.done():
            verdict.cancel()

    async def _carry_out(self, run: _Run, outcome: Outcome) -> None:
        plan, measured, driver, conduct = run.plan, run.recording, run.driver, run.conduct
        result = RunResult(outcome, driver.state, driver.agent_states)
        try:
            await conduct.conclude(result)
        except Exception as error:
            # Whatever a store does, the run ends with a terminal event.
            logger.exception("The state of run %s was not saved.", plan.run_input.run_id)
            failure = failure_of(error)
            result = RunResult(Failed(failure.message, failure.code), driver.state, {})
        lost = await self._finish(run, result.outcome)
        if lost is not None:
            result = RunResult(lost, driver.state, {})
        self._telemetry.count("runs", outcome=type(result.outcome).__name__.lower())
        measured.report(result.outcome)
        try:
            await conduct.after(result)
        except Exception:
            logger.exception("after_run failed for run %s.", plan.run_input.run_id)

    async def _finish(self, run: _Run, outcome: Outcome) -> Outcome | None:
        """Store the end; what became of the run instead where that was not possible."""
        plan = run.plan
        try:
            await run.recording.finish(run.driver.finalize(outcome), outcome)
        except LeaseLostError:
            logger.warning("Run %s lost its lease; whoever took it over finishes it.", plan.run_input.run_id)
        except Exception as error:
            # Its cursors fail with the log; when the lease runs out the run is sealed as failed.
            logger.exception("The end of run %s was not stored.", plan.run_input.run_id)
            failure = failure_of(error)
            return Failed(failure.message, failure.code)
        return None

    def _result_of(self, run: _Run) -> Outcome:
        plan, driving = run.plan, run.driving
        if driving.cancelled():
            logger.warning("The producer of run %s cancelled itself.", plan.run_input.run_id)
            return Failed(AguiError().message, ErrorCode.INTERNAL)
        error = driving.exception()
        if error is None:
            return driving.result()
        failure = plan.failure_of(error)
        logger.warning("Run %s failed: %s", plan.run_input.run_id, failure.message, exc_info=error)
        return Failed(failure.message, failure.code)

    def _ensure_heartbeat(self) -> None:
        if self._heartbeat is None or self._heartbeat.done():
            context = log_context.apart()
            self._heartbeat = asyncio.create_task(self._keep_leases(), name="run heartbeat", context=context)

    async def _keep_leases(self) -> None:
        while self._live or self._starting:
            await asyncio.sleep(self._limits.lease_seconds / 3)
            live = [(run.recording, signal) for run, signal in self._live.values()]
            for recording, signal in [*live, *self._starting.items()]:
                if recording.lease is not None:
                    await self._renew(recording, signal)

    async def _renew(self, recording: Recording, signal: StopSignal) -> None:
        assert recording.lease is not None  # noqa: S101 - the caller looked
        try:
            await self._log.renew(recording.lease)
        except LeaseLostError:
            signal.set()
        except UnavailableError as error:
            logger.warning("The lease of %s could not be renewed: %s", recording.run, error.message)
        except Exception:
            # A log that is away for a moment is asked again before the lease runs out. Whatever one run's log raises,
            # the others' leases are renewed.
            logger.warning("The lease of %s could not be renewed.", recording.run, exc_info=True)


async def _announce_stop(recording: Recording) -> None:
    """Whoever wants the thread now waits for it; without the news they are refused, no more."""
    try:
        await recording.announce_stop()
    except Exception as error:  # noqa: BLE001 - whatever a log raises, the run is stopped
        logger.info("Others are not told that %s is being stopped: %s", recording.run, error)


async def _release(driver: RunDriver, plan: RunPlan) -> None:
    try:
        await driver.release()
    except Exception as error:
        logger.warning("The producer of run %s could not be closed.", plan.run_input.run_id, exc_info=error)


def _swallow(task: "asyncio.Task[Outcome]") -> None:
    if not task.cancelled():
        task.exception()
