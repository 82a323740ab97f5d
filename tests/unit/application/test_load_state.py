"""What a thread looks like now: the agent's own memory first, then the store and the log."""

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from agui_runtime.adapters.scripted import ScriptedAgent, say
from agui_runtime.adapters.system.catalogs import FixedAgentCatalog
from agui_runtime.application.load_state import LoadedState, LoadState
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import Conversation
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, NotFoundError, UnavailableError
from agui_runtime.domain.identity import AgentName, Caller, Scope, ThreadId
from agui_runtime.domain.messages import UserMessage
from tests.unit.application.world import CALLER, THREAD, WRITER, World, agent_that_says, scenario, to_agent

STATE = e.StateSnapshot({"n": 1})


class Remembering(ScriptedAgent):
    """Keeps its own state."""

    def __init__(self, answer: Conversation | Exception | None) -> None:
        super().__init__(WRITER, agent_that_says()._script)
        self._answer = answer

    async def load_state(self, thread_id: ThreadId, caller: Caller) -> Conversation | None:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


async def load(world: World, agents: Sequence[Agent] | None = None, name: str = WRITER, **given: Any) -> LoadedState:
    offered = world.agents if agents is None else agents
    caller = given.get("caller", CALLER)
    return await LoadState(FixedAgentCatalog(offered), world.store, world.log)(caller, THREAD, AgentName(name))


def test_an_unknown_thread_is_an_answer_not_an_error() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        assert await load(world) == LoadedState(False, {}, (), None)

    scenario(world, test)


def test_a_thread_that_was_run_has_state_and_messages() -> None:
    world = World(agents=(agent_that_says(STATE, *say("m", ["Hi"])),))

    async def test() -> None:
        await world.complete(to_agent())
        loaded = await load(world)
        assert (loaded.exists, loaded.values) == (True, {"n": 1})
        assert [message.content for message in loaded.messages] == ["Hello", "Hi"]
        assert loaded.state is not None
        assert loaded.state.version == 1

    scenario(world, test)


def test_a_saved_state_without_a_run_exists_too() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        await world.put_state({"n": 1})
        loaded = await load(world)
        assert (loaded.exists, loaded.values, loaded.messages) == (True, {"n": 1}, ())

    scenario(world, test)


def test_an_agent_that_remembers_is_asked_before_the_store() -> None:
    conversation = Conversation({"own": 1}, (UserMessage(id="u", content="before"),))
    world = World(agents=(Remembering(conversation),))

    async def test() -> None:
        await world.put_state({"n": 1})
        loaded = await load(world)
        assert (loaded.exists, loaded.values, loaded.messages) == (True, {"own": 1}, conversation.messages)

    scenario(world, test)


def test_where_an_agent_remembers_nothing_the_store_counts() -> None:
    world = World(agents=(Remembering(None),))

    async def test() -> None:
        await world.put_state({"n": 1})
        assert (await load(world)).values == {"n": 1}

    scenario(world, test)


def test_an_agents_store_that_fails_is_a_configuration_error_with_its_words() -> None:
    world = World(agents=(Remembering(RuntimeError("store unavailable")),))

    async def test() -> None:
        with pytest.raises(ConfigurationError) as caught:
            await load(world)
        assert caught.value.message == "Agent 'writer' failed to execute: store unavailable"

    scenario(world, test)


def test_an_agents_own_error_of_ours_stays_what_it_is() -> None:
    world = World(agents=(Remembering(UnavailableError("away")),))

    async def test() -> None:
        with pytest.raises(UnavailableError, match="away"):
            await load(world)

    scenario(world, test)


def test_an_unknown_agent_is_not_found() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        with pytest.raises(NotFoundError) as caught:
            await load(world, name="nobody")
        assert caught.value.code == ErrorCode.AGENT_NOT_FOUND

    scenario(world, test)


def test_the_state_of_an_agent_that_is_gone_can_still_be_loaded() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        await world.put_state({"n": 1}, agent="retired")
        assert (await load(world, name="retired")).values == {"n": 1}

    scenario(world, test)


def test_another_scope_sees_nothing() -> None:
    world = World(agents=(agent_that_says(STATE),))

    async def test() -> None:
        await world.complete(to_agent())
        loaded = await load(world, caller=evolve(CALLER, scope=Scope("tenant-2")))
        assert loaded == LoadedState(False, {}, (), None)

    scenario(world, test)
