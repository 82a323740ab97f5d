"""Watches how a run's producer gets on, by callbacks alone: a task that waited would be one more for each run."""

import asyncio
import logging
import math
from collections.abc import Callable
from time import monotonic

from agui_runtime.application.failures import failure_of
from agui_runtime.application.live_run import StopSignal
from agui_runtime.application.run_driver import RunDriver, RunPlan
from agui_runtime.application.values import Verdict
from agui_runtime.domain.policy import RunLimits, out_of_time
from agui_runtime.domain.runs import Denied, Failed, Outcome, Stopped

logger = logging.getLogger(__name__)

Then = Callable[[Outcome | None], None]


class RunWatch:
    """Tells once that a run's producer has ended, or is to be cut short.

    Args:
        plan: the run's.
        driver: reads the producer.
        driving: the task in which it does so.
        signal: asks the run to stop.
        verdict: a guardrail's answer, which the end waits for.
        limits: how long the run, and its silence, may last.
    """

    def __init__(
        self,
        plan: RunPlan,
        driver: RunDriver,
        driving: "asyncio.Task[Outcome]",
        *,
        signal: StopSignal,
        verdict: "asyncio.Task[Verdict] | None",
        limits: RunLimits,
    ) -> None:
        self._plan = plan
        self._driver = driver
        self._driving = driving
        self._signal = signal
        self._verdict = verdict
        self._limits = limits
        self._then: Then | None = None
        self._now = asyncio.get_running_loop().time
        self._deadline = self._now() + limits.max_seconds
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, then: Then) -> None:
        """Look now, and whenever something has happened that may end the run.

        Args:
            then: told of it, with the outcome that cuts the run short, ``None`` where its producer has ended by itself.
        """
        self._then = then
        self._look()
        for happening in (self._driving, self._signal.requested, self._verdict):
            if self._then is not None and happening is not None:
                happening.add_done_callback(self._look)

    def _look(self, _: object = None) -> None:
        if self._then is None:
            return
        cut = self._refusal()
        if cut is None:
            if self._driving.done() and (self._verdict is None or self._verdict.done()):
                self._tell(None)
                return
            cut = Stopped() if self._signal.requested.done() else self._out_of_time()
        if cut is not None:
            self._tell(cut)

    def _tell(self, cut: Outcome | None) -> None:
        then, self._then = self._then, None
        # Whoever can ask the run to stop may keep the signal for long.
        self._signal.requested.remove_done_callback(self._look)
        if self._timer is not None:
            self._timer.cancel()
        assert then is not None  # noqa: S101 - whoever calls has looked
        then(cut)

    def _refusal(self) -> Outcome | None:
        verdict = self._verdict
        if verdict is None or not verdict.done() or verdict.cancelled():
            return None
        error = verdict.exception()
        if error is not None:
            logger.warning("The guardrail failed.", exc_info=error)
            return Failed(failure_of(error).message, failure_of(error).code)
        answer = verdict.result()
        return None if answer.allowed else Denied(answer.reason)

    def _out_of_time(self) -> Outcome | None:
        """The failure where the time is up; else another look is taken when it may be."""
        remaining = self._deadline - self._now()
        left = min(remaining, self._silence_left())
        if left <= 0:
            failure = self._plan.failure_of(out_of_time(self._limits, is_silent=remaining > 0))
            return Failed(failure.message, failure.code)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(left, self._look_again)
        return None

    def _look_again(self) -> None:
        self._timer = None
        self._look()

    def _silence_left(self) -> float:
        seconds = self._limits.idle_seconds
        return self._driver.heard_at + seconds - monotonic() if seconds else math.inf
