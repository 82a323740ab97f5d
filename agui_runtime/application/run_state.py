"""An agent's state around a run: what it starts from, and what is saved at its end (design §4)."""

from collections.abc import Sequence
from typing import Any

from attrs import Factory, frozen

from agui_runtime.application.expiry import Expiry
from agui_runtime.application.ports import StateStore
from agui_runtime.application.values import AgentInput
from agui_runtime.domain.errors import ConflictError
from agui_runtime.domain.history import object_state
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonValue, check_json, is_same
from agui_runtime.domain.policy import StateLimits
from agui_runtime.domain.state import AgentState, rebase


@frozen
class BaseState:
    """What a run starts from: the client's values, or the stored ones where it sends none."""

    values: JsonValue = Factory(dict[str, Any])
    stored: AgentState | None = None


class RunStates:
    """Loads base states and saves final ones.

    Args:
        store: of states.
        expiry: how long states are kept.
        limits: a client's state that is nested deeper could never be saved, and cannot even be compared.
    """

    def __init__(self, store: StateStore, expiry: Expiry, limits: StateLimits | None = None) -> None:
        self._store = store
        self._expiry = expiry
        self._limits = limits or StateLimits()

    async def base(
        self,
        scope: Scope,
        thread_id: ThreadId,
        agent_name: AgentName,
        sent: Sequence[AgentInput],
        *,
        state: JsonValue = None,
    ) -> BaseState:
        """The base state of a run of that agent.

        Args:
            scope: whose thread it is.
            thread_id: the thread.
            agent_name: the agent.
            sent: the client's states by agent name.
            state: the client's state of this agent, any JSON; ``None`` where it came by name or not at all.

        Raises:
            InvalidError: the client's state is nested too deeply.
            UnavailableError: the store cannot be reached.
        """
        stored = await self._store.load(StateKey(scope, thread_id, agent_name))
        if state is None:
            state = next((entry.state for entry in sent if entry.agent_name == agent_name), None)
        if state is None or state == {}:
            return BaseState(stored.values if stored else {}, stored)
        check_json(state, name="state", max_depth=self._limits.max_depth)
        return BaseState(state, stored)

    async def save(self, run: RunKey, agent_name: AgentName, base: BaseState, final: JsonValue) -> None:
        """Store a run's final state. What others saved meanwhile is kept: only the run's own change goes on top.

        Raises:
            InvalidError: the state breaks a limit.
            UnavailableError: the store cannot be reached.
        """
        own = object_state(final)
        stored = base.stored
        if own is None or is_same(own, stored.values if stored else {}):
            return
        values = own
        key = StateKey(run.scope, run.thread_id, agent_name)
        while True:
            try:
                await self._store.save(
                    key,
                    values,
                    expected_version=stored.version if stored else 0,
                    expires_at=self._expiry.of_save(stored),
                    run=run,
                )
            except ConflictError:
                stored = await self._store.load(key)
                values = rebase(object_state(base.values) or {}, own, stored.values) if stored else own
            else:
                return
