"""The system's clock and random ids."""

from datetime import UTC, datetime
from uuid import uuid4

from agui_runtime.domain.identity import RunId


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


class RandomIds:
    """Ids as CopilotKit makes them (contract graphql §4)."""

    def new_id(self) -> str:
        """``ck-`` and a random UUID."""
        return f"ck-{uuid4()}"

    def new_run_id(self) -> RunId:
        """A random UUID."""
        return RunId(str(uuid4()))
