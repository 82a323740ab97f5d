"""Random histories of saves, deletions and time against a store and a plain dict: both must always agree.

A subclass with an adapter's ``adapters`` is a machine; pytest runs its ``TestCase``.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, TypeVar

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agui_runtime.domain.errors import ConflictError, InvalidError
from agui_runtime.domain.identity import AgentName, RunKey, StateKey
from agui_runtime.domain.json_value import dumps
from agui_runtime.domain.policy import check_state
from tests.contracts.world import SCOPE, STATE_LIMITS, THREAD, StoreContract, key_of
from tests.support.clock import FakeClock

T = TypeVar("T")

KEYS = [key_of("thread-1", "a"), key_of("thread-1", "b"), key_of("thread-2", "a")]
RUNS = [None, RunKey(SCOPE, THREAD, 1), RunKey(SCOPE, THREAD, 2)]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(st.text(max_size=4), json_values, max_size=4)
keys = st.sampled_from(KEYS)
seconds = st.integers(min_value=0, max_value=20)


@frozen
class Expected:
    text: str
    version: int
    expires_at: datetime | None
    run: RunKey | None


class StateStoreMachine(StoreContract, RuleBasedStateMachine):
    @initialize()
    def open_store(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._clock = FakeClock()
        self._store = self._run(self._stack.enter_async_context(self.adapters(self._clock))).store
        self._stored: dict[StateKey, Expected] = {}

    def teardown(self) -> None:
        if hasattr(self, "_runner"):
            self._run(self._stack.aclose())
            self._runner.close()

    @rule(
        key=keys,
        values=json_objects,
        behind=st.sampled_from([0, 0, 0, 1, -1]),
        lives=st.none() | seconds,
        run=st.sampled_from(RUNS),
    )
    def save(self, key: StateKey, values: Any, behind: int, lives: int | None, run: RunKey | None) -> None:
        before = self._model(key)
        current = before.version if before else 0
        expires_at = None if lives is None else self._clock.after(lives)
        try:
            saved = self._run(
                self._store.save(key, values, expected_version=current - behind, expires_at=expires_at, run=run)
            )
        except ConflictError as conflict:
            found = conflict.details["version"]
            assert (found, behind != 0) == (current, True)
            return
        except InvalidError:
            assert _is_refused(values)
            return
        if before is not None and run is not None and before.run == run:
            assert (saved.version, dumps(saved.values)) == (before.version, before.text)
            return
        assert behind == 0
        assert saved.version == current + 1
        self._stored[key] = Expected(dumps(values), saved.version, expires_at, run)

    @rule(key=keys)
    def delete(self, key: StateKey) -> None:
        assert self._run(self._store.delete(key)) is (self._model(key) is not None)
        self._stored.pop(key, None)

    @rule(key=keys)
    def clear(self, key: StateKey) -> None:
        of_thread = [other for other in KEYS if other.thread_id == key.thread_id and self._model(other)]
        assert self._run(self._store.clear_thread(key.scope, key.thread_id)) == len(of_thread)
        for other in of_thread:
            del self._stored[other]

    @rule(by=seconds)
    def let_time_pass(self, by: int) -> None:
        self._clock.advance(by)

    @rule(key=keys)
    def load(self, key: StateKey) -> None:
        state, expected = self._run(self._store.load(key)), self._model(key)
        assert (state is None) == (expected is None)
        if state is not None and expected is not None:
            assert (dumps(state.values), state.version) == (expected.text, expected.version)
            assert (state.expires_at, state.saved_by) == (expected.expires_at, expected.run)

    @invariant()
    def lists_agree(self) -> None:
        if not hasattr(self, "_store"):
            return
        for agent in ("a", "b"):
            found = self._run(self._store.list_threads(SCOPE, AgentName(agent)))
            expected = [key for key in KEYS if key.agent_name == agent and self._model(key)]
            assert [summary.key for summary in found] == expected

    def _model(self, key: StateKey) -> Expected | None:
        expected = self._stored.get(key)
        if expected is not None and expected.expires_at is not None and expected.expires_at <= self._clock.now():
            return None
        return expected

    def _run(self, coro: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coro)


def _is_refused(values: Any) -> bool:
    try:
        check_state(values, STATE_LIMITS)
    except InvalidError:
        return True
    return False
