"""The state around a run: what it starts from, and what is saved at its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from agui_runtime.adapters.memory import MemoryDatabase, MemoryStateStore
from agui_runtime.adapters.scripted import ScriptedAgent
from agui_runtime.application.expiry import Expiry
from agui_runtime.application.run_state import BaseState, RunStates
from agui_runtime.application.values import AgentInput, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidError, UnavailableError
from agui_runtime.domain.identity import AgentName, RunKey
from agui_runtime.domain.policy import StateLimits
from agui_runtime.domain.runs import Interrupt, RunInput
from agui_runtime.domain.state import AgentState
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.application.plans import forever
from tests.unit.application.world import (
    SCOPE,
    THREAD,
    WRITER,
    World,
    agent_that_says,
    events_of,
    key_of,
    model_that_says,
    only,
    scenario,
    to_agent,
    to_model,
)


def told_state(*states: Any) -> tuple[list[Any], ScriptedAgent]:
    """An agent that reports what it was given, then says these states."""
    given: list[Any] = []

    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        given.append(run_input.state)
        for state in states:
            yield e.StateSnapshot(state)
        yield e.RunFinished(run_input.thread_id, run_input.run_id)

    return given, ScriptedAgent(WRITER, play)


def sent(state: Any, name: str = WRITER) -> dict[str, Any]:
    return {"agent_states": (AgentInput(AgentName(name), state),)}


def test_the_clients_state_comes_first() -> None:
    given, agent = told_state()
    world = World(agents=(agent,))

    async def test() -> None:
        await world.put_state({"n": "stored"})
        response = await world.start(to_agent(**sent({"n": "sent"})))
        await events_of(response)
        assert given == [{"n": "sent"}]
        assert response.base_state == {"n": "sent"}

    scenario(world, test)


@pytest.mark.parametrize("request_has", [{}, sent({}), sent({"n": "other"}, name="somebody else")])
def test_where_the_client_sends_none_the_stored_state_counts(request_has: dict[str, Any]) -> None:
    given, agent = told_state()
    world = World(agents=(agent,))

    async def test() -> None:
        await world.put_state({"n": "stored"})
        await world.complete(to_agent(**request_has))
        assert given == [{"n": "stored"}]

    scenario(world, test)


def test_a_new_thread_starts_from_an_empty_state() -> None:
    given, agent = told_state()
    world = World(agents=(agent,))

    async def test() -> None:
        await world.complete(to_agent())
        assert given == [{}]
        assert await world.state() is None, "nothing was said of a state, so nothing is stored"

    scenario(world, test)


def test_the_final_state_of_a_finished_run_is_saved() -> None:
    world = World(agents=(told_state({"n": 1}, {"n": 2})[1],))

    async def test() -> None:
        await world.complete(to_agent())
        stored = await world.store.load(key_of())
        assert stored is not None
        assert (stored.values, stored.version) == ({"n": 2}, 1)
        assert stored.saved_by == RunKey(SCOPE, THREAD, 1)

    scenario(world, test)


def test_what_the_client_sent_is_saved_too_when_the_run_leaves_it_alone() -> None:
    world = World(agents=(told_state()[1],))

    async def test() -> None:
        await world.complete(to_agent(**sent({"n": "sent"})))
        assert await world.state() == {"n": "sent"}

    scenario(world, test)


def test_a_state_that_has_not_changed_is_not_saved_again() -> None:
    world = World(agents=(told_state({"n": 1})[1],))

    async def test() -> None:
        await world.put_state({"n": 1})
        await world.complete(to_agent())
        stored = await world.store.load(key_of())
        assert stored is not None
        assert stored.version == 1

    scenario(world, test)


def test_true_is_not_one_when_states_are_compared() -> None:
    world = World(agents=(told_state({"n": True})[1],))

    async def test() -> None:
        await world.put_state({"n": 1})
        await world.complete(to_agent())
        assert (await world.state() or {})["n"] is True

    scenario(world, test)


def test_the_state_of_an_interrupted_run_is_saved() -> None:
    world = World(agents=(agent_that_says(e.StateSnapshot({"n": 1}), e.Custom("on_interrupt", "sure?")),))

    async def test() -> None:
        (finished,) = only(await world.complete(to_agent()), e.RunFinished)
        assert finished.interrupts == (Interrupt("ck-1", "sure?", is_derived=True),)
        assert await world.state() == {"n": 1}

    scenario(world, test)


def test_the_state_of_a_stopped_run_is_saved() -> None:
    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        yield e.StateSnapshot({"n": 1})
        await forever()

    world = World(agents=(ScriptedAgent(WRITER, play),))

    async def test() -> None:
        response = await world.start(to_agent())
        await asyncio.sleep(0.01)
        response.live.stop()
        await events_of(response)
        assert await world.state() == {"n": 1}

    scenario(world, test)


@pytest.mark.parametrize("ending", ["raises", "says an error", "just ends"])
def test_the_state_of_a_failed_run_is_not_saved(ending: str) -> None:
    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        yield e.StateSnapshot({"n": 1})
        if ending == "raises":
            raise RuntimeError("broken")
        if ending == "says an error":
            yield e.RunError("broken")

    world = World(agents=(ScriptedAgent(WRITER, play),))

    async def test() -> None:
        assert (await world.complete(to_agent()))[-1].type == "RUN_ERROR"
        assert await world.state() is None

    scenario(world, test)


@pytest.mark.parametrize("state", [None, [1], "text", 3])
def test_a_state_that_is_no_object_is_not_saved(state: Any) -> None:
    world = World(agents=(told_state(state)[1],))

    async def test() -> None:
        await world.put_state({"n": 1})
        assert (await world.complete(to_agent()))[-1].type == "RUN_FINISHED"
        assert await world.state() == {"n": 1}

    scenario(world, test)


def test_states_reported_by_name_are_saved_under_their_names() -> None:
    reports = (e.AgentStateMessage("helper", {"h": 1}), e.AgentStateMessage("other", {"o": 1}))
    world = World(model=model_that_says(*reports))

    async def test() -> None:
        await world.complete(to_model())
        assert await world.state("helper") == {"h": 1}
        assert await world.state("other") == {"o": 1}

    scenario(world, test)


def test_what_somebody_else_saved_meanwhile_is_kept() -> None:
    world = World()

    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        yield e.StateSnapshot({**run_input.state, "mine": 1})
        await world.put_state({"base": 1, "theirs": 1})
        yield e.RunFinished(run_input.thread_id, run_input.run_id)

    world.agents = (ScriptedAgent(WRITER, play),)

    async def test() -> None:
        await world.put_state({"base": 1})
        assert (await world.complete(to_agent()))[-1].type == "RUN_FINISHED"
        assert await world.state() == {"base": 1, "theirs": 1, "mine": 1}

    scenario(world, test)


class Contended(MemoryStateStore):
    """Somebody else is always quicker, for as long as there are others."""

    def __init__(self, *others: Callable[["Contended"], Awaitable[None]]) -> None:
        super().__init__(MemoryDatabase(), FakeClock(), StateLimits())
        self.others = list(others)

    async def save(self, *args: Any, **given: Any) -> AgentState:
        if given.get("run") is not None and self.others:
            await self.others.pop(0)(self)
        return await super().save(*args, **given)


def saves(values: dict[str, Any], version: int) -> Callable[[Contended], Awaitable[None]]:
    async def save(store: Contended) -> None:
        await store.save(key_of(), values, expected_version=version)

    return save


def test_a_race_lost_twice_still_adds_only_the_runs_own_change() -> None:
    store = Contended(saves({"count": 1}, 0), saves({"count": 2}, 1))

    async def test() -> None:
        await RunStates(store, Expiry(FakeClock())).save(RunKey(SCOPE, THREAD, 1), WRITER, BaseState(), {"mine": True})
        stored = await store.load(key_of())
        assert stored is not None
        assert stored.values == {"count": 2, "mine": True}

    run(test())


def test_a_state_that_was_deleted_meanwhile_is_saved_whole() -> None:
    async def deletes(store: Contended) -> None:
        await store.delete(key_of())

    store = Contended(deletes)

    async def test() -> None:
        base = BaseState({"n": 1}, await store.save(key_of(), {"n": 1}, expected_version=0))
        await RunStates(store, Expiry(FakeClock())).save(RunKey(SCOPE, THREAD, 1), WRITER, base, {"n": 1, "mine": True})
        stored = await store.load(key_of())
        assert stored is not None
        assert (stored.values, stored.version) == ({"n": 1, "mine": True}, 1)

    run(test())


def test_a_saved_state_keeps_its_expiry() -> None:
    world = World(agents=(told_state({"n": 2})[1],))

    async def test() -> None:
        expiry = world.clock.after(60)
        await world.store.save(key_of(), {"n": 1}, expected_version=0, expires_at=expiry)
        await world.complete(to_agent())
        stored = await world.store.load(key_of())
        assert stored is not None
        assert stored.expires_at == expiry

    scenario(world, test)


def test_a_store_that_is_away_at_the_start_refuses_the_run() -> None:
    world = World(agents=(told_state({"n": 1})[1],))

    class Away(MemoryStateStore):
        async def load(self, key: Any) -> Any:
            raise UnavailableError("The store is away.")

    world.store = Away(world.database, world.clock, StateLimits())

    async def test() -> None:
        with pytest.raises(UnavailableError):
            await world.start(to_agent())
        assert world.database.statistics().threads == 0

    scenario(world, test)


def test_a_state_over_the_limit_fails_the_run_with_the_limit_named() -> None:
    world = World(agents=(told_state({"n": "x" * 500})[1],))
    world.store = MemoryStateStore(world.database, world.clock, StateLimits(max_bytes=100))

    async def test() -> None:
        (error,) = only(await world.complete(to_agent()), e.RunError)
        assert "the limit is 100" in error.message
        assert await world.state() is None

    scenario(world, test)


def test_the_limit_is_the_stores_too() -> None:
    store = MemoryStateStore(MemoryDatabase(), FakeClock(), StateLimits(max_bytes=10))
    with pytest.raises(InvalidError):
        run(RunStates(store, Expiry(FakeClock())).save(RunKey(SCOPE, THREAD, 1), WRITER, BaseState(), {"n": "x" * 50}))
