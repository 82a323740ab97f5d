"""The system's clock and random ids."""

from datetime import UTC, datetime
from os import urandom

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
        return f"ck-{_uuid4()}"

    def new_run_id(self) -> RunId:
        """A random UUID."""
        return RunId(_uuid4())


def _uuid4() -> str:
    """A random UUID (RFC 9562 §5.4). ``uuid.uuid4`` makes an object first, which costs four times as much."""
    digits = urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
