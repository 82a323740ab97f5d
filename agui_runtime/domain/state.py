"""An agent's state in a thread, and its transitions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.identity import RunKey, StateKey
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_array, is_object, is_same
from agui_runtime.domain.patch import apply_patch, merge_patch


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
            InvalidEventError: an operation does not apply, or what they give is no object.
        """
        values = apply_patch(self.values, operations)
        if not is_object(values):
            raise InvalidEventError(f"The patch cannot be applied: it makes the state a {type(values).__name__}.")
        return self.replace(values, now)

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over. Without ``expires_at`` it never is."""
        return self.expires_at is not None and self.expires_at <= now


_ABSENT: Any = object()


def rebase(base: JsonObject, final: JsonObject, current: JsonObject) -> JsonObject:
    """A run's own change (from ``base`` to ``final``) put on top of what others saved meanwhile (design §4).

    It goes key by key: what the run left alone keeps the others' value, what it changed gets the run's. An array that
    one side only appended to keeps what both sides did. The inputs are not changed.
    """
    result: dict[str, Any] = {}
    for key in dict.fromkeys((*current, *final)):
        value = _rebased(base.get(key, _ABSENT), final.get(key, _ABSENT), current.get(key, _ABSENT))
        if value is not _ABSENT:
            result[key] = value
    return result


def _rebased(base: JsonValue, final: JsonValue, current: JsonValue) -> JsonValue:
    if is_same(base, final):
        return current
    if is_object(final) and is_object(current):
        return rebase(base if is_object(base) else {}, final, current)
    if is_array(base) and is_array(final) and is_array(current):
        if is_same(final[: len(base)], base):
            return [*current, *final[len(base) :]]
        if is_same(current[: len(base)], base):
            return [*final, *current[len(base) :]]
    return final
