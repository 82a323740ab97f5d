"""What more than one of the memory adapters refuses with."""

from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.identity import RunId, ThreadId


def busy(thread_id: ThreadId, run_id: RunId) -> BusyError:
    """Another run is live on the thread."""
    return BusyError(
        "This conversation is still being answered. Wait for the answer to end, or stop it, and try again.",
        details={"thread_id": thread_id, "run_id": run_id},
    )
