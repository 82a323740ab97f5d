"""A log that goes away in the middle of a chore's round."""

from agui_runtime.adapters.memory import MemoryRunLog
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.identity import RunKey


class LeavingLog(MemoryRunLog):
    """Subclasses call ``check`` before what counts, and take one from ``left`` behind it."""

    left = 2

    async def is_ending(self, run: RunKey) -> bool:
        self.check()
        return await super().is_ending(run)

    def check(self) -> None:
        if self.left <= 0:
            raise UnavailableError("The log is away.")
