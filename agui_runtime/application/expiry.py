"""When what is saved now expires."""

from datetime import datetime, timedelta

from attrs import frozen

from agui_runtime.application.ports import Clock
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.state import AgentState


@frozen
class Expiry:
    """The host's rule: states live for ever, unless it gives them a lifetime or a save asks for a moment.

    Attributes:
        lifetime: from each save on; ``None`` for ever.
    """

    clock: Clock
    lifetime: timedelta | None = None

    def of_save(self, stored: AgentState | None, asked: datetime | None = None) -> datetime | None:
        """The moment that was asked for, else the lifetime from now, else what the stored state has.

        Raises:
            InvalidError: that moment has no time zone, or has passed: what is saved would be gone at once.
        """
        if asked is not None:
            return self._checked(asked)
        if self.lifetime is not None:
            return self.clock.now() + self.lifetime
        return stored.expires_at if stored else None

    def _checked(self, asked: datetime) -> datetime:
        if asked.tzinfo is None:
            raise InvalidError("expires_at needs a time zone.")
        if asked <= self.clock.now():
            raise InvalidError("expires_at has passed already. Give a moment to come; to remove a state, delete it.")
        return asked
