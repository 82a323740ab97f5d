"""A recording whose chunks are counted, one call of the telemetry for each batch."""

import logging
from collections.abc import AsyncIterator, Sequence
from time import perf_counter

from agui_runtime.application.ports import Telemetry
from agui_runtime.application.recording import Recording
from agui_runtime.application.values import Lease, LogEntry
from agui_runtime.domain.events import PIECES, Event
from agui_runtime.domain.identity import RunKey
from agui_runtime.domain.runs import Failed, Outcome

logger = logging.getLogger(__name__)


class MeasuredRecording:
    """Counts ``chunks`` as they are stored; ``run`` and ``run.first_chunk``, in seconds, when the run is over."""

    def __init__(self, inner: Recording, telemetry: Telemetry) -> None:
        self._inner = inner
        self._telemetry = telemetry
        self._started = perf_counter()
        self._first: float | None = None
        self._chunks = 0

    @property
    def run(self) -> RunKey:
        """Whose events they are."""
        return self._inner.run

    @property
    def lease(self) -> Lease | None:
        """The lease it is written under."""
        return self._inner.lease

    async def append(self, events: Sequence[Event]) -> None:
        """Add events."""
        await self._inner.append(events)
        chunks = 0
        for event in events:
            chunks += isinstance(event, PIECES)
        if chunks:
            if self._first is None:
                self._first = perf_counter() - self._started
            self._chunks += chunks
            self._telemetry.count("chunks", chunks)

    async def finish(self, events: Sequence[Event], outcome: Outcome) -> None:
        """Add the closing and terminal events; nothing follows."""
        await self._inner.finish(events, outcome)
        # Not with the first chunk: its batch has had its call.
        self._telemetry.observe("run", perf_counter() - self._started, outcome=type(outcome).__name__.lower())
        if self._first is not None:
            self._telemetry.observe("run.first_chunk", self._first)

    def report(self, outcome: Outcome) -> None:
        """The run's line in the log, once it is over: how it came out, how long it was, and how much was said."""
        seconds, name = perf_counter() - self._started, type(outcome).__name__.lower()
        level = logging.WARNING if isinstance(outcome, Failed) else logging.INFO
        facts = {"outcome": name, "seconds": round(seconds, 6), "chunks": self._chunks}
        logger.log(level, "The run is over: %s after %.3f s, %d chunks.", name, seconds, self._chunks, extra=facts)

    async def announce_stop(self) -> None:
        """Let others know that the run is being stopped."""
        await self._inner.announce_stop()

    async def abandon(self) -> None:
        """Forget the run."""
        await self._inner.abandon()

    def follow(self) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor from the run's first event to its last."""
        return self._inner.follow()
