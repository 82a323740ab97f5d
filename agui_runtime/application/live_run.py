"""A run under way, as its use case and its requests know it: what it comes to, how it is followed and stopped."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from attrs import frozen

from agui_runtime.application.recording import Recording
from agui_runtime.application.values import LogEntry, Verdict
from agui_runtime.domain.identity import RunId, RunKey
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.runs import Outcome


class StopSignal:
    """Set once when anyone wants the run to stop; made before the run, since a lease needs it."""

    def __init__(self) -> None:
        self.requested: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Ask the run to stop. Asking again changes nothing."""
        if not self.requested.done():
            self.requested.set_result(None)


@frozen
class RunResult:
    """A run that is over, but for what its use case still does with it."""

    outcome: Outcome
    state: JsonValue
    agent_states: dict[str, JsonValue]


@frozen
class Conduct:
    """What a use case wants done around a run.

    Attributes:
        conclude: before the run is finished: saves what is to be saved; what it raises fails the run.
        after: when the run is finished; what it raises is logged.
        verdict: a guardrail's answer, which the terminal event waits for.
    """

    conclude: Callable[[RunResult], Awaitable[None]]
    after: Callable[[RunResult], Awaitable[None]]
    verdict: "asyncio.Task[Verdict] | None" = None


class LiveRun:
    """A run as its requests see it: a cursor to follow and a way to stop it."""

    def __init__(self, run_id: RunId, recording: Recording, signal: StopSignal, over: "asyncio.Future[None]") -> None:
        self.run_id = run_id
        self._recording = recording
        self._signal = signal
        self._over = over

    @property
    def run(self) -> RunKey:
        """Which run it is."""
        return self._recording.run

    def follow(self) -> AsyncIterator[Sequence[LogEntry]]:
        """Batches of committed events, to the terminal one."""
        return self._recording.follow()

    def stop(self) -> None:
        """Ask it to stop; it ends with a terminal event within the stop deadline."""
        self._signal.set()

    def when_over(self, call: Callable[[], None]) -> None:
        """Call it when the run is over, its after-hook included."""
        self._over.add_done_callback(lambda _: call())

    async def wait(self) -> None:
        """Until it is over, its after-hook included. Cancelling the wait does not touch the run."""
        await asyncio.shield(self._over)
