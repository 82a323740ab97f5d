"""How many runs may be live at a time, in this process and for each caller."""

from collections import Counter
from collections.abc import Callable

from agui_runtime.domain.errors import BusyError, ErrorCode
from agui_runtime.domain.identity import ANONYMOUS, Caller, Scope
from agui_runtime.domain.policy import AdmissionLimits


class RunAdmission:
    """Gives each run a place, from its request to its end."""

    def __init__(self, limits: AdmissionLimits) -> None:
        self._limits = limits
        self._live = 0
        self._live_of: Counter[tuple[Scope, str]] = Counter()

    @property
    def live(self) -> int:
        """How many places are taken."""
        return self._live

    def admit(self, caller: Caller) -> Callable[[], None]:
        """Take a place; calling what is given back leaves it, once.

        Callers that nobody knows apart share the process's limit alone: one limit for all strangers would be the same
        limit again.

        Raises:
            BusyError: with ``TOO_MANY_RUNS``: all places are taken.
        """
        key = (caller.scope, caller.principal.subject)
        if self._live >= self._limits.max_runs:
            raise _too_many("This server answers as many requests as it can. Please try again in a moment.", "runs")
        if caller.principal != ANONYMOUS and self._live_of[key] >= self._limits.max_runs_per_caller:
            text = "You have as many answers under way as you may have. Wait for one of them to end, or stop it."
            raise _too_many(text, "runs_per_caller")
        self._live += 1
        self._live_of[key] += 1
        return _once(lambda: self._leave(key))

    def _leave(self, key: tuple[Scope, str]) -> None:
        self._live -= 1
        self._live_of[key] -= 1
        if not self._live_of[key]:
            # Nobody's name stays behind.
            del self._live_of[key]


def _too_many(text: str, limit: str) -> BusyError:
    return BusyError(text, code=ErrorCode.TOO_MANY_RUNS, details={"limit": limit})


def _once(leave: Callable[[], None]) -> Callable[[], None]:
    left = False

    def leave_once() -> None:
        nonlocal left
        if not left:
            left = True
            leave()

    return leave_once
