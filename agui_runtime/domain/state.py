"""An agent's state in a thread, and its transitions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.identity import RunKey, StateKey
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.patch import apply_patch, difference, merge_patch


@frozen
class AgentState:
    """What an agent remembers of a thread.

    Attributes:
        key: scope, thread and agent.
        values: a JSON object.
        version: 1 on the first save, then one more with each; 0 means "not stored yet".
        saved_by: the run that saved it last, so that a recovered run can tell that its save is done.
    """

    key: StateKey
    values: JsonObject
    version: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    saved_by: RunKey | None = None

    def replace(self, values: JsonObject, now: datetime) -> "AgentState":
        """The next version, with these values."""
        return evolve(self, values=dict(values), version=self.version + 1, updated_at=now)

    def merge(self, patch: JsonObject, now: datetime) -> "AgentState":
        """The next version, after an RFC 7396 merge."""
        return self.replace(merge_patch(self.values, patch), now)

    def apply(self, operations: Sequence[JsonObject], now: datetime) -> "AgentState":
        """The next version, after an RFC 6902 patch.

        Raises:
            InvalidEventError: an operation does not apply.
        """
        return self.replace(apply_patch(self.values, operations), now)

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over. Without ``expires_at`` it never is."""
        return self.expires_at is not None and self.expires_at <= now


def rebase(base: JsonObject, final: JsonObject, current: JsonObject) -> JsonObject:
    """A run's own change put on top of what others saved meanwhile (design §4).

    Where the change no longer applies, or does not give an object, the run's value wins.
    """
    try:
        rebased: Any = apply_patch(current, difference(base, final))
    except InvalidEventError:
        return final
    return rebased if isinstance(rebased, Mapping) else final
