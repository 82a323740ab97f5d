"""What is kept of a thread, to look at or to hand over: its messages, events and states."""

from collections.abc import Sequence

from agui_runtime.application.ports import RunLog, StateStore, ThreadDirectory
from agui_runtime.application.replay import by_run, replayed
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import AgentName, Caller, StateKey, ThreadId
from agui_runtime.domain.messages import Message
from agui_runtime.domain.state import AgentState


class ThreadMessages:
    """A thread's conversation."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    async def __call__(self, caller: Caller, thread_id: ThreadId) -> tuple[Message, ...]:
        """The messages so far; none for an unknown thread.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        return fold_messages(entry.event for entry in await self._log.read(caller.scope, thread_id))


class ThreadEvents:
    """A thread's runs, event by event."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    async def __call__(self, caller: Caller, thread_id: ThreadId) -> Sequence[LogEntry]:
        """The ended runs, compacted, then what the live one has said so far; none for an unknown thread.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        thread = by_run(await self._log.read(caller.scope, thread_id))
        return (*(await replayed(thread.ended)).entries, *thread.live)


class ThreadStates:
    """The states of a thread's agents."""

    def __init__(self, store: StateStore, threads: ThreadDirectory) -> None:
        self._store = store
        self._threads = threads

    async def __call__(self, caller: Caller, thread_id: ThreadId) -> Sequence[AgentState]:
        """All of them, by agent name.

        Raises:
            UnavailableError: the store cannot be reached.
        """
        listed = await self._store.list_agents(caller.scope, thread_id)
        loaded = [await self._store.load(summary.key) for summary in listed]
        return [state for state in loaded if state is not None]

    async def of_agent(
        self, caller: Caller, thread_id: ThreadId, agent_name: AgentName | None = None
    ) -> AgentState | None:
        """One agent's state, or ``None``: the named one's, else that of the agent that was last at work.

        Raises:
            UnavailableError: the store or the directory cannot be reached.
        """
        if agent_name is None:
            thread = await self._threads.get(caller.scope, thread_id)
            agent_name = thread.agent_name if thread is not None else None
        if agent_name is None:
            return None
        return await self._store.load(StateKey(caller.scope, thread_id, agent_name))
