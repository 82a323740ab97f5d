"""The one place that owns tasks: runs live here, apart from the requests that began them (design §4)."""

import asyncio
import logging
import math
from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic

from attrs import evolve

from agui_runtime.application import log_context
from agui_runtime.application.failures import failure_of
from agui_runtime.application.live_run import Conduct, LiveRun, RunResult, StopSignal
from agui_runtime.application.measured_recording import MeasuredRecording
from agui_runtime.application.ports import RunLog, Telemetry
from agui_runtime.application.recording import Recording
from agui_runtime.application.run_driver import RunDriver, RunPlan
from agui_runtime.application.values import Verdict
from agui_runtime.domain.errors import AguiError, ErrorCode, LeaseLostError, UnavailableError
from agui_runtime.domain.policy import RunLimits, out_of_time
from agui_runtime.domain.runs import Denied, Failed, Outcome, Stopped

logger = logging.getLogger(__name__)


class RunSupervisor:
    """Launches runs, keeps their leases, stops them, and drains them at shutdown."""

    def __init__(self, log: RunLog, telemetry: Telemetry, limits: RunLimits) -> None:
        self._log = log
        self._telemetry = telemetry
        self._limits = limits
        self._live: dict[asyncio.Task[None], tuple[Recording, StopSignal]] = {}
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
        held = [*(recording for recording, _ in self._live.values()), *self._starting]
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
        plan = evolve(plan, recording=measured)
        conducting = self._conduct(plan, measured, signal, conduct)
        task = asyncio.create_task(conducting, name=f"run {plan.run_input.run_id}")
        self._live[task] = (plan.recording, signal)
        task.add_done_callback(self._forget)
        self._ensure_heartbeat()
        return LiveRun(plan.run_input.run_id, plan.recording, signal, task)

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

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._live.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A run ended outside its own error handling.", exc_info=error)

    async def _conduct(self, plan: RunPlan, measured: MeasuredRecording, signal: StopSignal, conduct: Conduct) -> None:
        given, agent = plan.run_input, plan.run_input.agent_name or ""
        log_context.begin_part(scope=measured.run.scope, thread_id=given.thread_id, run_id=given.run_id, agent=agent)
        with self._telemetry.span("run", thread=given.thread_id, run=given.run_id, agent=agent):
            await self._carry_out(plan, measured, signal, conduct)

    async def _carry_out(
        self, plan: RunPlan, measured: MeasuredRecording, signal: StopSignal, conduct: Conduct
    ) -> None:
        driver = RunDriver(plan)
        outcome = await self._outcome(driver, plan, signal, conduct.verdict)
        result = RunResult(outcome, driver.state, driver.agent_states)
        try:
            await conduct.conclude(result)
        except Exception as error:
            # Whatever a store does, the run ends with a terminal event.
            logger.exception("The state of run %s was not saved.", plan.run_input.run_id)
            failure = failure_of(error)
            result = RunResult(Failed(failure.message, failure.code), driver.state, {})
        lost = await self._finish(plan, driver, result.outcome)
        if lost is not None:
            result = RunResult(lost, driver.state, {})
        self._telemetry.count("runs", outcome=type(result.outcome).__name__.lower())
        measured.report(result.outcome)
        try:
            await conduct.after(result)
        except Exception:
            logger.exception("after_run failed for run %s.", plan.run_input.run_id)

    async def _finish(self, plan: RunPlan, driver: RunDriver, outcome: Outcome) -> Outcome | None:
        """Store the end; what became of the run instead where that was not possible."""
        try:
            await plan.recording.finish(driver.finalize(outcome), outcome)
        except LeaseLostError:
            logger.warning("Run %s lost its lease; whoever took it over finishes it.", plan.run_input.run_id)
        except Exception as error:
            # Its cursors fail with the log; when the lease runs out the run is sealed as failed.
            logger.exception("The end of run %s was not stored.", plan.run_input.run_id)
            failure = failure_of(error)
            return Failed(failure.message, failure.code)
        return None

    async def _outcome(
        self, driver: RunDriver, plan: RunPlan, signal: StopSignal, verdict: "asyncio.Task[Verdict] | None"
    ) -> Outcome:
        driving = asyncio.create_task(driver.drive(), name=f"drive {plan.run_input.run_id}")
        cut = await self._watch(driver, driving, plan, signal, verdict)
        if cut is not None:
            driving.cancel()
            unwinding = asyncio.wait({driving}, timeout=self._limits.stop_seconds)
            await asyncio.gather(unwinding, _announce_stop(plan.recording))
            driver.seal()
            if not driving.done():
                logger.warning("The producer of run %s ignores being stopped.", plan.run_input.run_id)
                driving.add_done_callback(_swallow)
            elif not driving.cancelled():
                driving.exception()
            await _release(driver, plan)
        if verdict is not None and not verdict.done():
            verdict.cancel()
        return cut if cut is not None else self._result_of(driving, plan)

    async def _watch(
        self,
        driver: RunDriver,
        driving: "asyncio.Task[Outcome]",
        plan: RunPlan,
        signal: StopSignal,
        verdict: "asyncio.Task[Verdict] | None",
    ) -> Outcome | None:
        """Wait for the producer's end; the outcome that cuts it short, or ``None`` where nothing did."""
        deadline = asyncio.get_running_loop().time() + self._limits.max_seconds
        waiting: set[asyncio.Future[object]] = {driving, signal.requested}  # type: ignore[arg-type]
        if verdict is not None:
            waiting.add(verdict)  # type: ignore[arg-type]
        while True:
            if verdict is not None and verdict.done() and (refused := _refusal(verdict)) is not None:
                return refused
            if driving.done() and (verdict is None or verdict.done()):
                return None
            if signal.requested.done():
                return Stopped()
            remaining = deadline - asyncio.get_running_loop().time()
            left = min(remaining, self._silence_left(driver))
            if left <= 0:
                return _failed(plan.failure_of(out_of_time(self._limits, is_silent=remaining > 0)))
            pending = {future for future in waiting if not future.done()}
            await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)

    def _silence_left(self, driver: RunDriver) -> float:
        return driver.heard_at + self._limits.idle_seconds - monotonic() if self._limits.idle_seconds else math.inf

    def _result_of(self, driving: "asyncio.Task[Outcome]", plan: RunPlan) -> Outcome:
        if driving.cancelled():
            logger.warning("The producer of run %s cancelled itself.", plan.run_input.run_id)
            return Failed(AguiError().message, ErrorCode.INTERNAL)
        error = driving.exception()
        if error is None:
            return driving.result()
        failure = plan.failure_of(error)
        logger.warning("Run %s failed: %s", plan.run_input.run_id, failure.message, exc_info=error)
        return _failed(failure)

    def _ensure_heartbeat(self) -> None:
        if self._heartbeat is None or self._heartbeat.done():
            context = log_context.apart()
            self._heartbeat = asyncio.create_task(self._keep_leases(), name="run heartbeat", context=context)

    async def _keep_leases(self) -> None:
        while self._live or self._starting:
            await asyncio.sleep(self._limits.lease_seconds / 3)
            for recording, signal in [*self._live.values(), *self._starting.items()]:
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


def _failed(failure: AguiError) -> Failed:
    return Failed(failure.message, failure.code)


def _refusal(verdict: "asyncio.Task[Verdict]") -> Outcome | None:
    if verdict.cancelled():
        return None
    error = verdict.exception()
    if error is not None:
        logger.warning("The guardrail failed.", exc_info=error)
        return Failed(failure_of(error).message, failure_of(error).code)
    answer = verdict.result()
    return None if answer.allowed else Denied(answer.reason)


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
