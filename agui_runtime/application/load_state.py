"""What a thread and an agent's state in it look like now."""

from typing import Any

from attrs import Factory, frozen

from agui_runtime.application.failures import failure_in_own_words
from agui_runtime.application.ports import AgentCatalog, RunLog, StatefulAgent, StateStore
from agui_runtime.domain.errors import AguiError, ConfigurationError, NotFoundError
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import AgentName, Caller, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.messages import Message
from agui_runtime.domain.state import AgentState


@frozen
class LoadedState:
    """A thread as one agent's frontend sees it.

    Attributes:
        exists: whether anything is known of the thread.
        found: whether there is a state, in the store or with the agent.
        state: the stored state with its version and times, ``None`` where the store has none.
    """

    exists: bool
    values: JsonObject = Factory(dict[str, Any])
    messages: tuple[Message, ...] = ()
    state: AgentState | None = None
    found: bool = False


class LoadState:
    """Asks an agent that keeps its own state, else the store for the state and the log for the messages."""

    def __init__(self, agents: AgentCatalog, store: StateStore, log: RunLog) -> None:
        self._agents = agents
        self._store = store
        self._log = log

    async def __call__(self, caller: Caller, thread_id: ThreadId, agent_name: AgentName) -> LoadedState:
        """The thread's state; an unknown thread is an answer, not an error (frontends.md).

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``: neither the catalogue nor the store knows the agent.
            ConfigurationError: the agent's own store failed.
            UnavailableError: the store cannot be reached.
        """
        state = await self._store.load(StateKey(caller.scope, thread_id, agent_name))
        try:
            agent = await self._agents.get(agent_name, caller)
        except NotFoundError:
            if state is None:
                raise
            agent = None
        # Agents know threads by their ids, not by who may see them.
        if isinstance(agent, StatefulAgent) and not caller.finds_nothing:
            remembered = await self._ask(agent, thread_id, caller)
            if remembered is not None:
                return remembered
        messages = fold_messages(entry.event for entry in await self._log.read(caller.scope, thread_id))
        exists = state is not None or bool(messages)
        return LoadedState(exists, state.values if state else {}, messages, state, state is not None)

    async def _ask(self, agent: StatefulAgent, thread_id: ThreadId, caller: Caller) -> LoadedState | None:
        try:
            conversation = await agent.load_state(thread_id, caller)
        except AguiError:
            raise
        except Exception as error:
            name = agent.describe().name
            reason = failure_in_own_words(error).message
            raise ConfigurationError(f"Agent '{name}' failed to execute: {reason}") from error
        if conversation is None:
            return None
        return LoadedState(True, conversation.values, conversation.messages, found=True)
