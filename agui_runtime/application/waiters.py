"""Readers that wait for a change: all who wait are woken at once, and whoever comes later waits for the next one."""

import asyncio

from agui_runtime.application.frames import NO_FRAMES, Frames


class Waiters:
    """Those who wait now.

    Args:
        frames: what ``wake_once_a_frame`` goes by.
    """

    def __init__(self, frames: Frames = NO_FRAMES) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._frames = frames
        self._woken_in = 0
        self._is_due = False

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self) -> None:
        """Until the next ``wake``."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    def wake(self) -> None:
        """Let all go on who wait."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def wake_once_a_frame(self) -> None:
        """The same, but at the end of this frame where somebody was let go in it by this before."""
        if not self._waiting or self._is_due:
            return
        frame = self._frames.now()
        if frame and frame <= self._woken_in:
            self._is_due = True
            self._frames.call_at_end(self._wake_in_time)
        else:
            self._woken_in = frame
            self.wake()

    def _wake_in_time(self) -> None:
        self._is_due = False
        # A timer may be a hair early.
        self._woken_in = max(self._frames.now(), self._woken_in + 1)
        self.wake()
