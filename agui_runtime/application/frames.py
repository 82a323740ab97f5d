"""The beat at which displays show something new: readers are woken by it, all of a process by one timer.

A browser paints sixty times a second. Pieces of text that come faster are told of once a frame, in one batch and one
write, and whoever looks sees no difference (ADR 0024).
"""

import asyncio
from collections.abc import Callable
from time import monotonic

Call = Callable[[], None]


class Frames:
    """Time in frames of one length.

    Args:
        seconds: how long a frame is; 0: there are none.
        clock: seconds since some moment.
    """

    def __init__(self, seconds: float = 0.0, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._due: list[Call] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> int:
        """Which frame this is; 0 where there are none."""
        return int(self._clock() / self._seconds) if self._seconds else 0

    def call_at_end(self, call: Call) -> None:
        """Have it called once when this frame is over. It must not raise."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # A host may start, stop and start again in one process; what the old loop had to call is gone with it.
            self._loop, self._due = loop, []
        self._due.append(call)
        if len(self._due) == 1:
            left = (self.now() + 1) * self._seconds - self._clock()
            loop.call_later(left, self._end)

    def _end(self) -> None:
        due, self._due = self._due, []
        for call in due:
            call()


NO_FRAMES = Frames()
"""Everybody is told of everything at once."""
