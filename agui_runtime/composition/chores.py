"""What a runtime does now and then, beside its requests, for as long as it lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from attrs import frozen

from agui_runtime.application.ports import Sweepable
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.domain.errors import UnavailableError

logger = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 60.0
"""The longest time between two looks for runs to compact or threads to erase."""
UPSTREAM_SECONDS = 30.0
"""From one look at agents elsewhere that are not known to be well to the next."""


@frozen
class Chore:
    """Something to be done again and again.

    Attributes:
        name: what it is, for people: ``"recovery of lost runs"``.
        seconds: from the end of one round to the beginning of the next.
        work: one round; how many things it has dealt with.
        level: of the log line that tells of a round with something in it.
    """

    name: str
    seconds: float
    work: Callable[[], Awaitable[int]]
    level: int = logging.INFO


def chores_of(container: RuntimeContainer) -> Sequence[Chore]:
    """All chores of a runtime."""
    settings = container.settings()
    compacting = min(settings.compact_seconds, HOUSEKEEPING_SECONDS)
    chores = [
        Chore("recovery of lost runs", settings.lease_seconds / 2, container.recover_runs(), logging.WARNING),
        Chore("compaction of ended runs", compacting, container.compact_runs(), logging.DEBUG),
    ]
    if settings.retention_days:
        chores.append(Chore("erasure of idle threads", HOUSEKEEPING_SECONDS, container.prune_threads()))
    if container.upstreams().health():
        looking = Chore("look at agents elsewhere", UPSTREAM_SECONDS, container.upstreams(), logging.DEBUG)
        chores.append(looking)
    # The store inside has it even where a decorator of the host's own does not pass it on.
    for store in (container.decorated_states(), container.state_store()):
        if isinstance(store, Sweepable):
            chores.append(Chore("removal of expired states", settings.state_sweep_seconds, store.sweep))
            break
    return chores


class Outage:
    """What the chores need is away: one line when that begins and one when it is over, however many find out."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    def found(self, chore: Chore, error: UnavailableError) -> None:
        """A chore could not be done."""
        if not self._waiting:
            logger.warning(
                "The %s must wait: %s It is tried again every %g s.", chore.name, error.message, chore.seconds
            )
        self._waiting.add(chore.name)

    def passed(self, chore: Chore) -> None:
        """A chore could be done."""
        if chore.name in self._waiting:
            self._waiting.remove(chore.name)
            if not self._waiting:
                logger.info("The chores that had to wait are done again.")


async def repeat(chore: Chore, outage: Outage) -> None:
    """Do it until cancelled. What it raises is logged: whatever is wrong now may be well again by the next time."""
    while True:
        try:
            count = await chore.work()
            outage.passed(chore)
            if count:
                logger.log(chore.level, "%s: %d", chore.name.capitalize(), count)
        except UnavailableError as error:
            outage.found(chore, error)
        except Exception:
            logger.warning("The %s failed; it is tried again in %g s.", chore.name, chore.seconds, exc_info=True)
        await asyncio.sleep(chore.seconds)
