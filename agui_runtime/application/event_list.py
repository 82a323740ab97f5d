"""A run's events as an append-only list, with cursors instead of queues: a slow reader loses nothing (design §4)."""

from collections.abc import AsyncIterator, Sequence

from agui_runtime.application.frames import NO_FRAMES, Frames
from agui_runtime.application.values import LogEntry
from agui_runtime.application.waiters import Waiters
from agui_runtime.domain.events import PIECES


class EventList:
    """What is appended is seen by every cursor, in order, as one batch of all that is ready.

    Args:
        frames: pieces of streams wake a cursor once a frame; what is no piece, and the end, does it at once.
    """

    def __init__(self, frames: Frames = NO_FRAMES) -> None:
        self.entries: list[LogEntry] = []
        self.closed = False
        self._waiters = Waiters(frames)

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Add entries and wake the cursors."""
        self.entries.extend(entries)
        if entries and isinstance(entries[-1].event, PIECES):
            self._waiters.wake_once_a_frame()
        else:
            self._waiters.wake()

    def close(self) -> None:
        """No more entries will come; cursors end when they have seen all."""
        self.closed = True
        self._waiters.wake()

    async def follow(self, after: int = 0) -> AsyncIterator[Sequence[LogEntry]]:
        """Batches of the entries whose sequence number is greater than ``after``."""
        position = 0
        while position < len(self.entries) and self.entries[position].sequence <= after:
            position += 1
        while True:
            if position < len(self.entries):
                batch = self.entries[position:]
                position += len(batch)
                yield batch
            elif self.closed:
                return
            else:
                await self._waiters.wait()
