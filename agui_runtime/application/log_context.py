"""What is being worked on, for every line that is logged meanwhile: request, run, thread, agent and scope.

It goes along with the asyncio task and the tasks that this one makes. What is noted within a request, however deep,
is known to all of it: its access line is written by who knows least.
"""

from collections.abc import Mapping
from contextvars import Context, ContextVar

FIELDS = ("request_id", "thread_id", "run_id", "agent", "scope")
"""All names that are noted."""

_work: ContextVar[dict[str, str] | None] = ContextVar("agui_runtime log context", default=None)


def begin(**fields: str) -> None:
    """Begin with something: the task's context is this from now on, and nothing else."""
    _work.set(fields)


def begin_part(**fields: str) -> None:
    """Begin with a part of what is going on: what is noted from now on is noted of the part."""
    _work.set({**noted(), **fields})


def note(**fields: str) -> None:
    """Note what has become known; nothing where nobody has begun with anything."""
    work = _work.get()
    if work is not None:
        work.update(fields)


def noted() -> Mapping[str, str]:
    """What is known."""
    return _work.get() or {}


def apart() -> Context:
    """A context for a task that outlives whatever made it, and works for everybody."""
    return Context()
