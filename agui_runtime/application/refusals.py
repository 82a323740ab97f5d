"""What every adapter of a port refuses with, in the same words."""

from collections.abc import Sequence
from itertools import pairwise

from agui_runtime.application.values import LogEntry
from agui_runtime.domain.errors import BusyError, ConflictError, ErrorCode, InvalidError, LeaseLostError, NotFoundError
from agui_runtime.domain.identity import RunId, RunKey, StateKey, ThreadId
from agui_runtime.domain.policy import StateLimits


def busy(thread_id: ThreadId, run_id: RunId) -> BusyError:
    """Another run is live on the thread."""
    return BusyError(
        "This conversation is still being answered. Wait for the answer to end, or stop it, and try again.",
        details={"thread_id": thread_id, "run_id": run_id},
    )


def lease_lost(thread_id: ThreadId, run_id: RunId) -> LeaseLostError:
    """The lease gives no right to write any more."""
    return LeaseLostError(
        "The run was ended or taken over; nothing more can be written to it.",
        details={"thread_id": thread_id, "run_id": run_id},
    )


def no_such_run(run: RunKey) -> NotFoundError:
    """There is no run of that number."""
    return NotFoundError("There is no such run.", details={"thread_id": run.thread_id, "number": run.number})


def no_such_thread(thread_id: ThreadId) -> NotFoundError:
    """There is no thread of that id in the scope."""
    return NotFoundError("There is no such thread.", details={"thread_id": thread_id})


def stale_version(key: StateKey, expected: int, version: int) -> ConflictError:
    """Another version of the state is stored than the expected one."""
    return ConflictError(
        f"The state of {key.agent_name} was saved by somebody else: version {version} is stored, not {expected}.",
        details={"version": version},
    )


def too_many_states(limits: StateLimits) -> InvalidError:
    """The thread has as many states as it may have, and one more was to be made."""
    return InvalidError(
        f"The thread has the states of {limits.max_per_thread} agents already, which is the limit.",
        code=ErrorCode.LIMIT_EXCEEDED,
        details={"limit": "states_per_thread", "maximum": limits.max_per_thread},
    )


def check_limit(limit: int) -> None:
    """Refuse a list of nothing.

    Raises:
        InvalidError: ``limit`` is less than 1.
    """
    if limit < 1:
        raise InvalidError(f"The limit of a list must be 1 or more, not {limit}.")


def check_compaction(run: RunKey, entries: Sequence[LogEntry], raw: Sequence[int]) -> None:
    """Refuse entries that cannot stand for a run's: a reader's cursor must keep its meaning.

    Args:
        run: whose entries they are.
        entries: what is to be stored.
        raw: the numbers that the run's entries have now.

    Raises:
        InvalidError: their numbers are not a rising choice of those that ends with the last one.
    """
    numbers = [entry.sequence for entry in entries]
    rising = all(left < right for left, right in pairwise(numbers))
    if not rising or numbers[-1:] != list(raw[-1:]) or not set(numbers) <= set(raw):
        raise InvalidError(
            "The folded entries must have a rising choice of the run's sequence numbers, the last one its last.",
            details={"thread_id": run.thread_id, "number": run.number},
        )
