"""Agents' states in memory."""

import sys
from collections.abc import Sequence
from datetime import datetime

from agui_runtime.adapters.codec.state_text import StateText, checked_text
from agui_runtime.adapters.memory.database import MemoryDatabase
from agui_runtime.adapters.memory.records import StateRecord, ThreadRecord
from agui_runtime.application.ports import Clock
from agui_runtime.application.refusals import check_limit, stale_version, too_many_states
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.policy import StateLimits
from agui_runtime.domain.state import AgentState

RECORD_BYTES = 500


class MemoryStateStore:
    """A ``StateStore``. What has expired goes when somebody looks for it, and with ``sweep``."""

    def __init__(self, database: MemoryDatabase, clock: Clock, limits: StateLimits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits

    async def load(self, key: StateKey) -> AgentState | None:
        """The state, or ``None``."""
        record = self._find(key, self._clock.now())
        return None if record is None else record.state(key)

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version if the stored one is still ``expected_version`` (0: none is stored).

        Raises:
            ConflictError: another version is stored; ``details["version"]`` says which.
            InvalidError: a limit is broken or a value is impossible; nothing has changed.
        """
        checked = self._checked(values, expires_at)
        now = self._clock.now()
        stored = self._find(key, now)
        if stored is not None and run is not None and stored.saved_by == run:
            return stored.state(key)
        version = 0 if stored is None else stored.version
        if expected_version != version:
            raise stale_version(key, expected_version, version)
        record = StateRecord(
            text=checked.text,
            bytes_json=checked.size,
            memory=RECORD_BYTES + sys.getsizeof(checked.text),
            version=version + 1,
            created_at=now if stored is None else stored.created_at,
            updated_at=now,
            expires_at=expires_at,
            saved_by=run,
        )
        self._put(key, record, stored, now)
        return record.state(key)

    async def delete(self, key: StateKey) -> bool:
        """Remove the state; whether there was one."""
        thread = self._thread(key.scope, key.thread_id, self._clock.now())
        if thread is None or key.agent_name not in thread.states:
            return False
        self._remove(thread, key.agent_name)
        return True

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        """The states of a thread, by agent name in the order of code points."""
        thread = self._thread(scope, thread_id, self._clock.now())
        if thread is None:
            return ()
        return [
            record.summary(StateKey(scope, thread_id, agent_name))
            for agent_name, record in sorted(thread.states.items())
        ]

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        """An agent's states by thread id in the order of code points, at most ``limit`` of them, from behind ``after``.

        Raises:
            InvalidError: ``limit`` is less than 1.
        """
        check_limit(limit)
        now = self._clock.now()
        found = [
            record.summary(StateKey(scope, thread.thread_id, agent_name))
            for thread in self._database.all_of(scope)
            if (record := thread.states.get(agent_name)) is not None
            and not record.is_expired(now)
            and (after is None or thread.thread_id > after)
        ]
        return sorted(found, key=lambda summary: summary.key.thread_id)[:limit]

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        """Remove all states of a thread; how many there were. The thread and its runs stay."""
        thread = self._thread(scope, thread_id, self._clock.now())
        if thread is None:
            return 0
        names = tuple(thread.states)
        for name in names:
            self._remove(thread, name)
        return len(names)

    async def sweep(self) -> int:
        """Remove every expired state, looked for or not; how many there were."""
        now = self._clock.now()
        return sum(self._expire(thread, now) for thread in self._database.all_threads())

    def _checked(self, values: JsonObject, expires_at: datetime | None) -> StateText:
        if expires_at is not None and expires_at.tzinfo is None:
            raise InvalidError("expires_at needs a time zone.")
        return checked_text(values, self._limits)

    def _find(self, key: StateKey, now: datetime) -> StateRecord | None:
        thread = self._thread(key.scope, key.thread_id, now)
        return None if thread is None else thread.states.get(key.agent_name)

    def _thread(self, scope: Scope, thread_id: ThreadId, now: datetime) -> ThreadRecord | None:
        thread = self._database.find(scope, thread_id)
        if thread is not None:
            self._expire(thread, now)
        return thread

    def _expire(self, thread: ThreadRecord, now: datetime) -> int:
        names = [name for name, record in thread.states.items() if record.is_expired(now)]
        for name in names:
            self._remove(thread, name)
        return len(names)

    def _remove(self, thread: ThreadRecord, agent_name: AgentName) -> None:
        self._database.charge(thread, -thread.states.pop(agent_name).memory)

    def _put(self, key: StateKey, record: StateRecord, replaced: StateRecord | None, now: datetime) -> None:
        if replaced is None:
            self._check_count(key)
        thread = self._database.open_thread(
            key.scope,
            key.thread_id,
            agent_name=key.agent_name,
            size=record.memory - (0 if replaced is None else replaced.memory),
            now=now,
        )
        thread.states[key.agent_name] = record
        thread.touched_at = now

    def _check_count(self, key: StateKey) -> None:
        thread = self._database.find(key.scope, key.thread_id)
        if thread is not None and len(thread.states) >= self._limits.max_per_thread:
            raise too_many_states(self._limits)
