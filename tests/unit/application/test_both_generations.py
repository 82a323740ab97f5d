"""One thread, both protocol generations: what one begins the other reads and goes on with."""

import asyncio

from agui_runtime.adapters.scripted import say
from agui_runtime.adapters.system.catalogs import FixedAgentCatalog
from agui_runtime.application.load_state import LoadState
from agui_runtime.application.read_history import ReadHistory
from agui_runtime.application.values import AgentInput
from agui_runtime.domain import events as e
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import RunId
from agui_runtime.domain.messages import AssistantMessage, text_of
from tests.unit.application.connections import agent_in_two_parts, replay
from tests.unit.application.world import (
    CALLER,
    THREAD,
    WRITER,
    World,
    agent_that_says,
    only,
    scenario,
    to_agent,
    user,
)


def texts(messages: object) -> list[str]:
    return [text_of(message.content) for message in messages]  # type: ignore[attr-defined]


def test_a_thread_goes_from_graphql_to_agui_and_back() -> None:
    world = World(agents=(agent_that_says(e.StateSnapshot({"n": 1}), *say("a1", ["one"])),))

    async def test() -> None:
        await world.complete(to_agent(agent_states=(AgentInput(WRITER, {"n": 0}),)))
        shown = await replay(world)
        assert texts(fold_messages(shown)) == ["Hello", "one"]
        assert only(shown, e.StateSnapshot)[-1] == e.StateSnapshot({"n": 1})

        world.agents = (agent_that_says(e.StateSnapshot({"n": 2}), *say("a2", ["two"])),)
        so_far = (user(), AssistantMessage(id="a1", content="one"), user("And?", "u2"))
        await world.complete(to_agent(messages=so_far, state={"n": 1}, client_run_id=RunId("client-run")))

        loaded = await LoadState(FixedAgentCatalog(world.agents), world.store, world.log)(CALLER, THREAD, WRITER)
        assert texts(loaded.messages) == ["Hello", "one", "And?", "two"]
        assert (loaded.exists, loaded.values) == (True, {"n": 2})
        assert loaded.messages == fold_messages(await replay(world))

    scenario(world, test)


def test_a_stopped_agui_run_is_read_by_graphql_as_far_as_it_came() -> None:
    world = World(
        agents=(
            agent_in_two_parts(lambda: asyncio.get_running_loop().create_future(), *say("half", ["so ", "far"])[:3]),
        )
    )

    async def test() -> None:
        started = await world.start(to_agent(state={"n": 1}, client_run_id=RunId("client-run")))
        await asyncio.sleep(0.01)
        started.live.stop()
        await started.live.wait()
        history = await ReadHistory(world.log)(CALLER, THREAD)
        assert texts(history.messages) == ["Hello", "so far"]
        assert history.incomplete == {"half"}
        assert texts(fold_messages(await replay(world))) == ["Hello", "so far"]

    scenario(world, test)
