"""What the runs of this process have to say and is not on its way to the table yet, within bounds."""

import asyncio
from collections.abc import Iterable, Sequence

from attrs import frozen

from agui_runtime.adapters.postgres.event_blocks import WrittenEvent
from agui_runtime.adapters.postgres.held_run import HeldRun, Part


@frozen
class QueueLimits:
    """How much waits, and how much goes at once.

    Attributes:
        queued_bytes: most bytes of events that wait; who has more to say waits for room.
        batch_bytes: of one batch; its last event may go beyond.
        batch_events: of one batch.
    """

    queued_bytes: int = 8 * 1024 * 1024
    batch_bytes: int = 1024 * 1024
    batch_events: int = 4096


class WriteQueue:
    """Runs that have something to write, in the order in which they are served."""

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
        self._waiting: dict[HeldRun, None] = {}
        self._bytes = 0
        self._room: list[asyncio.Future[None]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def runs(self) -> Sequence[HeldRun]:
        """Those that wait."""
        return tuple(self._waiting)

    async def room_for(self, run: HeldRun, events: Iterable[WrittenEvent]) -> None:
        """Until so much more may wait. A lone giant may, too.

        Raises:
            LeaseLostError: the run was finished or taken over meanwhile.
            UnavailableError: the run was given up meanwhile.
        """
        size = _size(events)
        while self._bytes > 0 and self._bytes + size > self._limits.queued_bytes:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._room.append(waiter)
            await waiter
            run.check()

    def put(self, run: HeldRun, events: Sequence[WrittenEvent]) -> None:
        """Let events wait behind those that the run has waiting already, and its end where it is closing."""
        run.taken.extend(events)
        self._bytes += _size(events)
        self._waiting[run] = None

    def drop(self, run: HeldRun) -> None:
        """Forget what a run has waiting."""
        self._waiting.pop(run, None)
        self._bytes -= _size(run.taken)
        run.taken = []
        self.wake()

    def next_batch(self) -> Sequence[Part]:
        """Take a batch off. One run with much to say gets what is left over, and goes to the end of the line."""
        bytes_left, events_left = self._limits.batch_bytes, self._limits.batch_events
        parts: list[Part] = []
        for run in list(self._waiting):
            if bytes_left <= 0 or events_left <= 0:
                break
            part = self._part(run, bytes_left, events_left)
            parts.append(part)
            bytes_left -= part.size
            events_left -= len(part.events)
        return parts

    def wake(self) -> None:
        """Let those look who wait for room."""
        waiters, self._room = self._room, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _part(self, run: HeldRun, bytes_left: int, events_left: int) -> Part:
        count = size = 0
        for event in run.taken[:events_left]:
            if size >= bytes_left:
                break
            count += 1
            size += len(event.text)
        events, run.taken = run.taken[:count], run.taken[count:]
        run.next_sequence += count
        self._bytes -= size
        del self._waiting[run]
        if run.taken:
            self._waiting[run] = None
        return Part(run, events, run.next_sequence - 1, size, None if run.taken else run.outcome)


def _size(events: Iterable[WrittenEvent]) -> int:
    return sum(len(event.text) for event in events)
