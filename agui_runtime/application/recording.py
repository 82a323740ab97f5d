"""Where a run's events go: into the log under a lease, or nowhere beyond the response (requests that store nothing)."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Protocol

from agui_runtime.application.event_list import EventList
from agui_runtime.application.ports import Clock, RunLog
from agui_runtime.application.values import Lease, LogEntry
from agui_runtime.domain.events import Event, RunStarted
from agui_runtime.domain.identity import RunKey
from agui_runtime.domain.runs import Outcome, RunInput


class Recording(Protocol):
    """One run's events, written by the run and read by cursors."""

    @property
    def run(self) -> RunKey:
        """Whose events they are."""
        ...

    @property
    def lease(self) -> Lease | None:
        """The lease it is written under, ``None`` where nothing is stored."""
        ...

    def append(self, events: Sequence[Event]) -> Awaitable[None]:
        """Add events."""
        ...

    async def finish(self, events: Sequence[Event], outcome: Outcome) -> None:
        """Add the closing and terminal events; nothing follows."""
        ...

    async def announce_stop(self) -> None:
        """Let others know that the run is being stopped."""
        ...

    async def abandon(self) -> None:
        """Forget the run."""
        ...

    def follow(self) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor from the run's first event to its last."""
        ...


class LoggedRecording:
    """Events in the run log."""

    def __init__(self, log: RunLog, lease: Lease) -> None:
        self._log = log
        self._lease = lease

    @property
    def run(self) -> RunKey:
        """Whose events they are."""
        return self._lease.run

    @property
    def lease(self) -> Lease | None:
        """The lease it is written under."""
        return self._lease

    def append(self, events: Sequence[Event]) -> Awaitable[None]:
        """Add events."""
        return self._log.append(self._lease, events)

    async def finish(self, events: Sequence[Event], outcome: Outcome) -> None:
        """Add the closing and terminal events, and release the lease."""
        await self._log.finish(self._lease, events, outcome)

    async def announce_stop(self) -> None:
        """Let those know that wait for the thread."""
        await self._log.announce_stop(self._lease)

    async def abandon(self) -> None:
        """Forget the run."""
        await self._log.abandon(self._lease)

    def follow(self) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor from the run's first event to its last."""
        return self._log.follow(self._lease.run)


class TransientRecording:
    """Events that live as long as their response: tasks and suggestions store nothing (one-model §1)."""

    def __init__(self, run: RunKey, run_input: RunInput, clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._entries = EventList()
        self._add((RunStarted(run_input.thread_id, run_input.run_id, input=run_input),))

    @property
    def run(self) -> RunKey:
        """Whose events they are."""
        return self._run

    @property
    def lease(self) -> Lease | None:
        """None: nothing is stored."""
        return None

    async def append(self, events: Sequence[Event]) -> None:
        """Add events."""
        self._add(events)

    async def finish(self, events: Sequence[Event], outcome: Outcome) -> None:  # noqa: ARG002 - nobody asks later
        """Add the closing and terminal events."""
        self._add(events)
        self._entries.close()

    async def announce_stop(self) -> None:
        """Nobody waits for a run that is on no thread."""

    async def abandon(self) -> None:
        """End the cursors."""
        self._entries.close()

    def follow(self) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor from the run's first event to its last."""
        return self._entries.follow()

    def _add(self, events: Sequence[Event]) -> None:
        now = self._clock.now()
        first = len(self._entries.entries) + 1
        self._entries.append([LogEntry(first + i, self._run, event, now) for i, event in enumerate(events)])
