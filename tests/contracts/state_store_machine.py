"""Random histories of saves, deletions, sweeps and time against stores and a plain dict: all must always agree.

A subclass with an adapter's ``adapters`` is a machine; pytest runs its ``TestCase``. One that overrides ``stores`` runs
every history on several stores side by side, which then must also agree with each other in all they give back.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agui_runtime.application.ports import StateStore, Sweepable
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
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
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
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    run: RunKey | None


@frozen
class Refused:
    """What an operation raised, in what callers may rely on."""

    error: type[Exception]
    details: Mapping[str, Any]


class StateStoreMachine(StoreContract, RuleBasedStateMachine):
    @asynccontextmanager
    async def stores(self, clock: FakeClock) -> AsyncIterator[Mapping[str, StateStore]]:
        """By name, each of its own data, empty at first."""
        async with self.adapters(clock) as adapters:
            yield {"the store": adapters.store}

    @initialize()
    def open_stores(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._clock = FakeClock()
        self._stores = self._run(self._stack.enter_async_context(self.stores(self._clock)))
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
        before, now = self._model(key), self._clock.now()
        current = before.version if before else 0
        expires_at = None if lives is None else self._clock.after(lives)
        saved = self._all(
            lambda store: store.save(key, values, expected_version=current - behind, expires_at=expires_at, run=run)
        )
        if _is_refused(values):
            assert (type(saved), saved.error) == (Refused, InvalidError)
        elif before is not None and run is not None and before.run == run:
            assert (saved.version, dumps(saved.values)) == (before.version, before.text)
        elif behind != 0:
            assert saved == Refused(ConflictError, {"version": current})
        else:
            assert saved.version == current + 1
            created_at = before.created_at if before else now
            self._stored[key] = Expected(dumps(values), saved.version, created_at, now, expires_at, run)

    @rule(key=keys)
    def delete(self, key: StateKey) -> None:
        assert self._all(lambda store: store.delete(key)) is (self._model(key) is not None)
        self._stored.pop(key, None)

    @rule(key=keys)
    def clear(self, key: StateKey) -> None:
        of_thread = [other for other in KEYS if other.thread_id == key.thread_id and self._model(other)]
        assert self._all(lambda store: store.clear_thread(key.scope, key.thread_id)) == len(of_thread)
        for other in of_thread:
            del self._stored[other]

    @rule(by=seconds)
    def let_time_pass(self, by: int) -> None:
        self._clock.advance(by)

    @rule()
    def sweep(self) -> None:
        """Nobody can tell, but by the room there is."""
        for store in self._stores.values():
            if isinstance(store, Sweepable):
                self._run(store.sweep())

    @rule(key=keys)
    def load(self, key: StateKey) -> None:
        state, expected = self._all(lambda store: store.load(key)), self._model(key)
        assert (state is None) == (expected is None)
        if state is not None and expected is not None:
            assert (dumps(state.values), state.version) == (expected.text, expected.version)
            assert (state.created_at, state.updated_at) == (expected.created_at, expected.updated_at)
            assert (state.expires_at, state.saved_by) == (expected.expires_at, expected.run)

    @invariant()
    def lists_agree(self) -> None:
        if not hasattr(self, "_stores"):
            return
        for agent in ("a", "b"):
            found = self._all(lambda store, name=agent: store.list_threads(SCOPE, AgentName(name)))
            expected = [key for key in KEYS if key.agent_name == agent and self._model(key)]
            assert [summary.key for summary in found] == expected
        found = self._all(lambda store: store.list_agents(SCOPE, THREAD))
        assert [summary.key for summary in found] == [key for key in KEYS[:2] if self._model(key)]

    def _model(self, key: StateKey) -> Expected | None:
        expected = self._stored.get(key)
        if expected is not None and expected.expires_at is not None and expected.expires_at <= self._clock.now():
            return None
        return expected

    def _all(self, operation: Callable[[StateStore], Coroutine[Any, Any, Any]]) -> Any:
        """What an operation came to, the same on every store."""
        results = {name: self._run(_outcome(operation(store))) for name, store in self._stores.items()}
        first = next(iter(results.values()))
        assert all(result == first for result in results.values()), results
        return first

    def _run(self, coro: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coro)


async def _outcome(coro: Coroutine[Any, Any, Any]) -> Any:
    try:
        result = await coro
    except (ConflictError, InvalidError) as error:
        return Refused(type(error), error.details)
    # One gives a list, another a tuple.
    return list(result) if isinstance(result, tuple) else result


def _is_refused(values: Any) -> bool:
    try:
        check_state(values, STATE_LIMITS)
    except InvalidError:
        return True
    return False
