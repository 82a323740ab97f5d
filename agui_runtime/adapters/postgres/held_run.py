"""A run that is written in this process, and a part of it on its way to the table."""

import asyncio
from collections.abc import Callable, Sequence

from attrs import Factory, define, frozen

from agui_runtime.adapters.postgres.event_blocks import WrittenEvent
from agui_runtime.adapters.postgres.run_feed import RunFeed
from agui_runtime.application.refusals import lease_lost
from agui_runtime.application.values import Lease
from agui_runtime.domain.errors import AguiError


@define(eq=False)
class HeldRun:
    """A run whose lease this process has, or had.

    Attributes:
        on_stop: called when somebody asks the run to stop.
        next_sequence: the number of the next event that goes into a batch.
        taken: events that wait for a batch, in order.
        outcome: how it ends, once its end waits for a batch.
        done: of the end: a future that the batch resolves.
        is_closing: nothing more is taken.
        lost: why nothing more can be written.
    """

    lease: Lease
    on_stop: Callable[[], None]
    feed: RunFeed
    next_sequence: int
    taken: list[WrittenEvent] = Factory(list[WrittenEvent])
    outcome: str | None = None
    done: "asyncio.Future[None] | None" = None
    is_closing: bool = False
    is_told_to_stop: bool = False
    lost: AguiError | None = None

    @property
    def is_live(self) -> bool:
        """Whether it can be written still."""
        return self.lost is None and not self.is_closing

    def check(self) -> None:
        """Refuse what comes too late.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: what it had written before could not be stored.
        """
        if self.lost is not None:
            raise self.lost
        if self.is_closing:
            raise lease_lost(self.lease.run.thread_id, self.lease.run_id)

    def tell_to_stop(self) -> None:
        """Pass a request to stop on, once."""
        if not self.is_told_to_stop:
            self.is_told_to_stop = True
            self.on_stop()


@frozen(eq=False)
class Part:
    """What one batch writes of one run. It stays the same however often it is tried.

    Attributes:
        last: the sequence number of the last event of the run so far.
        size: of the events' texts.
        outcome: how the run ends with it, ``None`` where it goes on.
    """

    run: HeldRun
    events: Sequence[WrittenEvent]
    last: int
    size: int
    outcome: str | None

    @property
    def key(self) -> tuple[str, str, int]:
        """The run's key as the table has it."""
        run = self.run.lease.run
        return (str(run.scope), str(run.thread_id), run.number)
