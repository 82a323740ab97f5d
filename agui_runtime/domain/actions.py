"""What callers do, as an access policy is asked about it."""

from enum import StrEnum


class Action(StrEnum):
    """Everything that is done with threads, on either wire."""

    RUN = "run"
    """Ask an agent or a model: runs, suggestions, tasks. It may make the thread."""
    READ = "read"
    """See what is kept of a thread: connect to it, its messages, events, states and open questions."""
    STOP = "stop"
    """Stop its live run."""
    SAVE_STATE = "save_state"
    """Save an agent's state. It may make the thread."""
    DELETE_STATE = "delete_state"
    """Delete an agent's state."""
    LIST = "list"
    """List threads. Those that the caller may not read are left out."""
    RENAME = "rename"
    """Give a thread another name."""
    ARCHIVE = "archive"
    """Put a thread away, or take it back."""
    DELETE = "delete"
    """Erase a thread with all that is kept of it; without a thread, all of them."""


MAKES_THREADS = frozenset({Action.RUN, Action.SAVE_STATE})
"""What is done with threads that need not exist yet: forbidding it tells nobody whether they do."""
