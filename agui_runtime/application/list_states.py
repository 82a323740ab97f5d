"""The states of a thread."""

from collections.abc import Sequence

from agui_runtime.application.ports import StateStore
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.identity import Caller, ThreadId


class ListStates:
    """Lists the agents that have a state in a thread."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def __call__(self, caller: Caller, thread_id: ThreadId) -> Sequence[StateSummary]:
        """The states without their values, by agent name.

        Raises:
            UnavailableError: the store cannot be reached.
        """
        return await self._store.list_agents(caller.scope, thread_id)
