"""A read cache for states: bounded in memory and in age, and never behind what this process has seen."""

import json
import sys
from collections import OrderedDict
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from attrs import define, evolve, frozen

from agui_runtime.adapters.state_decorators.passing import PassingStateStore
from agui_runtime.application.ports import Clock, StateStore
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.identity import RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject, dumps
from agui_runtime.domain.state import AgentState

ENTRY_BYTES = 1000
"""An entry's objects and key, roughly."""


@frozen
class _Entry:
    """A state as it was at some moment not before ``read_at``. The values are text, so that nobody can share them."""

    text: str
    state: AgentState
    read_at: datetime
    memory: int


@define(eq=False)
class _Flights:
    """How many operations on a thread have ended. It lives while one is under way, and tells it of the others."""

    ended: int = 0


class CachedStateStore(PassingStateStore):
    """Answers ``load`` from memory for a short time. Everything else, lists included, goes to the store inside.

    A load may miss what *other* processes have saved or removed in the last ``max_age_seconds``; it never goes back
    behind what an operation of this process had shown before the load began. Nothing is lost by that: a save on top of
    an old version is a ``ConflictError``, after which the next load asks the store. Expiry is exact. That there is no
    state is never kept.

    The bound on the age is all that several processes have in common, on purpose: asking for the version each time
    would cost the round trip that the cache is there to save.

    Args:
        inner: the store. Its operations must take effect at one moment between call and answer.
        clock: the time, the one that the store goes by.
        max_age_seconds: how far behind other processes a load may be.
        max_bytes: memory for all entries together; the least recently used go first.

    Raises:
        ConfigurationError: a bound is not above zero.
    """

    def __init__(
        self, inner: StateStore, clock: Clock, *, max_age_seconds: float = 1.0, max_bytes: int = 64 * 1024 * 1024
    ) -> None:
        super().__init__(inner)
        if not 0 < max_age_seconds <= timedelta.max.total_seconds():
            raise ConfigurationError(f"max_age_seconds must be a finite number above 0, not {max_age_seconds}.")
        if max_bytes <= 0:
            raise ConfigurationError(f"max_bytes must be above 0, not {max_bytes}.")
        self._clock = clock
        self._max_age = timedelta(seconds=max_age_seconds)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[StateKey, _Entry] = OrderedDict()
        self._threads: WeakValueDictionary[tuple[Scope, ThreadId], _Flights] = WeakValueDictionary()

    async def load(self, key: StateKey) -> AgentState | None:
        """The state, or ``None``; at most ``max_age_seconds`` behind the store.

        Raises:
            UnavailableError: there is no entry, and the store cannot be reached.
            CorruptError: there is no entry, and what is stored cannot be read.
        """
        read_at = self._clock.now()
        if (entry := self._fresh(key, read_at)) is not None:
            return evolve(entry.state, values=json.loads(entry.text))
        flights = self._flights(key.scope, key.thread_id)
        ended = flights.ended
        state = await super().load(key)
        self._learn(key, state, read_at, is_alone=flights.ended == ended)
        flights.ended += 1
        return state

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version if the stored one is ``expected_version``; the next load has it.

        Raises:
            ConflictError: another version is stored; the next load asks for it.
            InvalidError: a limit is broken or the values are no JSON object; nothing has changed.
            UnavailableError: the store cannot be reached; whether it has saved is not known.
        """
        read_at = self._clock.now()
        flights = self._flights(key.scope, key.thread_id)
        ended = flights.ended
        state: AgentState | None = None
        try:
            state = await super().save(key, values, expected_version=expected_version, expires_at=expires_at, run=run)
            return state
        finally:
            # What failed may have happened all the same, so nothing is known then.
            self._learn(key, state, read_at, is_alone=flights.ended == ended)
            flights.ended += 1

    async def delete(self, key: StateKey) -> bool:
        """Remove the state; whether there was one."""
        flights = self._flights(key.scope, key.thread_id)
        try:
            return await super().delete(key)
        finally:
            self._forget(key)
            flights.ended += 1

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        """Remove all states of a thread; how many there were."""
        flights = self._flights(scope, thread_id)
        try:
            return await super().clear_thread(scope, thread_id)
        finally:
            for key in [key for key in self._entries if (key.scope, key.thread_id) == (scope, thread_id)]:
                self._forget(key)
            flights.ended += 1

    def _flights(self, scope: Scope, thread_id: ThreadId) -> _Flights:
        return self._threads.setdefault((scope, thread_id), _Flights())

    def _fresh(self, key: StateKey, now: datetime) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        # A clock that was set back must not make an entry live on.
        if not timedelta(0) <= now - entry.read_at < self._max_age or entry.state.is_expired(now):
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def _learn(self, key: StateKey, state: AgentState | None, read_at: datetime, *, is_alone: bool) -> None:
        """Keep what an operation has shown, unless another one ended meanwhile: nobody knows which of them saw more."""
        if state is None:
            self._forget(key)
        elif is_alone:
            self._forget(key)
            self._keep(key, state, read_at)
        elif (entry := self._entries.get(key)) is not None and _mark(entry.state) != _mark(state):
            self._forget(key)

    def _keep(self, key: StateKey, state: AgentState, read_at: datetime) -> None:
        text = dumps(state.values)
        memory = sys.getsizeof(text) + ENTRY_BYTES
        if memory > self._max_bytes:
            return
        self._entries[key] = _Entry(text, evolve(state, values={}), read_at, memory)
        self._bytes += memory
        while self._bytes > self._max_bytes:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: StateKey) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._bytes -= entry.memory


def _mark(state: AgentState) -> tuple[int, datetime, datetime]:
    # Versions start again after a removal; together with the times they do not repeat.
    return state.version, state.created_at, state.updated_at
