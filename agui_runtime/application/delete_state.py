"""Deleting an agent's state."""

from agui_runtime.application.ports import StateStore
from agui_runtime.domain.identity import AgentName, Caller, StateKey, ThreadId


class DeleteState:
    """Deletes what is stored, and only that."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def __call__(self, caller: Caller, thread_id: ThreadId, agent_name: AgentName) -> bool:
        """Delete the state; whether there was one.

        Raises:
            UnavailableError: the store cannot be reached.
        """
        return await self._store.delete(StateKey(caller.scope, thread_id, agent_name))
