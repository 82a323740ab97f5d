"""Whether the runtime can do its work now: several checks at once, asked once a second however many want to know."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

from attrs import frozen

from agui_runtime.application.values import UpstreamHealth
from agui_runtime.domain.errors import AguiError

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[None]]
"""Raises an ``AguiError`` that says what is wrong, in words that anybody may read."""


@frozen
class Finding:
    """What a check found.

    Attributes:
        problem: empty where all is well.
        seconds: how long the check took.
    """

    name: str
    problem: str
    seconds: float


@frozen
class HealthReport:
    """What all checks found, in their order.

    Attributes:
        upstreams: what is known of agents elsewhere. None of it makes the runtime unhealthy: it serves the others.
    """

    findings: tuple[Finding, ...]
    upstreams: tuple[UpstreamHealth, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, each with the name of its check."""
        return tuple(f"{finding.name}: {finding.problem}" for finding in self.findings if finding.problem)

    @property
    def is_healthy(self) -> bool:
        """Whether all is well."""
        return not self.problems


class CheckHealth:
    """Runs the checks, each within its time.

    Args:
        checks: by name.
        keep_seconds: how long a report is good.
        limit_seconds: how long a check may take.
        now: a monotonic clock, in seconds.
        upstreams: gives what is known of agents elsewhere.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        keep_seconds: float = 1.0,
        limit_seconds: float = 2.0,
        now: Callable[[], float] = monotonic,
        upstreams: Callable[[], tuple[UpstreamHealth, ...]] = tuple,
    ) -> None:
        self._checks = dict(checks)
        self._keep_seconds = keep_seconds
        self._limit_seconds = limit_seconds
        self._now = now
        self._upstreams = upstreams
        self._known: tuple[float, HealthReport] | None = None
        self._looking: asyncio.Task[HealthReport] | None = None

    def add(self, name: str, check: Check) -> None:
        """One more check, such as of something that a host's own agents need."""
        self._checks[name] = check

    async def __call__(self) -> HealthReport:
        """The report; never raises but for cancellation. All who wait, wait for the same one."""
        if self._known is not None and self._now() - self._known[0] < self._keep_seconds:
            return self._known[1]
        loop = asyncio.get_running_loop()
        if self._looking is None or self._looking.done() or self._looking.get_loop() is not loop:
            self._looking = asyncio.create_task(self._look(), name="health checks")
        return await asyncio.shield(self._looking)

    async def _look(self) -> HealthReport:
        findings = await asyncio.gather(*(self._find(name, check) for name, check in self._checks.items()))
        report = HealthReport(tuple(findings), self._upstreams())
        if self._known is None or self._known[1].problems != report.problems:
            self._tell(report)
        self._known = (self._now(), report)
        return report

    async def _find(self, name: str, check: Check) -> Finding:
        began = self._now()
        problem = ""
        try:
            async with asyncio.timeout(self._limit_seconds):
                await check()
        except TimeoutError:
            problem = f"No answer within {self._limit_seconds:g} seconds."
        except AguiError as error:
            problem = error.message
        except Exception:
            logger.exception("The health check %r broke.", name)
            problem = "The check itself failed; the log says why."
        return Finding(name, problem, self._now() - began)

    def _tell(self, report: HealthReport) -> None:
        if report.problems:
            logger.warning("Not ready: %s", " ".join(report.problems))
        elif self._known is not None:
            logger.info("Ready again.")
