"""What all decorators have in common: whatever they do not change goes to the store inside."""

from collections.abc import Sequence
from datetime import datetime

from agui_runtime.application.ports import StateStore, Sweepable
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.state import AgentState


class PassingStateStore:
    """A ``StateStore`` that passes everything on, opening and closing included."""

    def __init__(self, inner: StateStore) -> None:
        self._inner = inner

    async def open(self) -> None:
        """Open the store inside, if it is one that wants to be opened."""
        if (inner_open := getattr(self._inner, "open", None)) is not None:
            await inner_open()

    async def close(self) -> None:
        """Close the store inside, if it is one that wants to be closed."""
        if (inner_close := getattr(self._inner, "close", None)) is not None:
            await inner_close()

    async def load(self, key: StateKey) -> AgentState | None:
        """The state, or ``None``; raises what the store inside raises."""
        return await self._inner.load(key)

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version if the stored one is ``expected_version``; raises what the store inside raises."""
        return await self._inner.save(key, values, expected_version=expected_version, expires_at=expires_at, run=run)

    async def delete(self, key: StateKey) -> bool:
        """Remove the state; whether there was one."""
        return await self._inner.delete(key)

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        """The states of a thread, by agent name in the order of code points."""
        return await self._inner.list_agents(scope, thread_id)

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        """An agent's states by thread id in the order of code points, at most ``limit`` of them, from behind ``after``.

        Raises:
            InvalidError: ``limit`` is less than 1.
        """
        return await self._inner.list_threads(scope, agent_name, after=after, limit=limit)

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        """Remove all states of a thread; how many there were."""
        return await self._inner.clear_thread(scope, thread_id)

    async def sweep(self) -> int:
        """Remove what has expired, if the store inside is one that keeps it; how much there was."""
        return await self._inner.sweep() if isinstance(self._inner, Sweepable) else 0
