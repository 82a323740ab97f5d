"""Whether a failure is of one run, or of the log that has them all."""

from agui_runtime.application.ports import RunLog
from agui_runtime.domain.identity import RunKey


async def check_reachable(log: RunLog, run: RunKey) -> None:
    """Ask the log for next to nothing: where it is away, every other run would fail as the one before.

    Raises:
        UnavailableError: the log cannot be reached.
    """
    await log.is_ending(run)
