"""What an AG-UI client may say of a run: its id, any state, the run before it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.identity import RunId
from agui_runtime.domain.runs import RunInput
from tests.unit.application.world import WRITER, World, agent_that_says, only, scenario, to_agent, user


def recording_world() -> tuple[World, list[RunInput]]:
    seen: list[RunInput] = []

    async def look(run_input: RunInput) -> AsyncIterator[e.Event]:
        seen.append(run_input)
        yield e.Custom("seen")

    return World(agents=(FunctionAgent(look, WRITER),)), seen


def test_the_clients_run_id_is_the_runs_and_may_come_again() -> None:
    world, seen = recording_world()

    async def test() -> None:
        for name in ("u1", "u2"):
            request = to_agent(client_run_id=RunId("mine"), parent_run_id="before", messages=(user(message_id=name),))
            await world.complete(request)
        assert [(given.run_id, given.parent_run_id) for given in seen] == [("mine", "before")] * 2
        starts = only(await world.stored_events(), e.RunStarted)
        assert [(start.run_id, start.parent_run_id) for start in starts] == [("mine", "before")] * 2
        assert [[m.id for m in start.input.messages] for start in starts] == [["u1"], ["u2"]]

    scenario(world, test)


@pytest.mark.parametrize("state", [{"a": 1}, [1], "text", 0, False])
def test_any_json_is_a_state_to_begin_with(state: Any) -> None:
    world, seen = recording_world()

    async def test() -> None:
        await world.complete(to_agent(state=state))
        assert seen[0].state == state
        assert seen[0].state is not True

    scenario(world, test)


@pytest.mark.parametrize("state", [None, {}])
def test_no_state_means_the_stored_one(state: Any) -> None:
    world, seen = recording_world()

    async def test() -> None:
        await world.put_state({"stored": 1})
        await world.complete(to_agent(state=state))
        assert seen[0].state == {"stored": 1}

    scenario(world, test)


def test_a_state_that_is_no_object_leaves_the_stored_one_alone() -> None:
    world = World(agents=(agent_that_says(e.StateSnapshot([1])),))

    async def test() -> None:
        await world.put_state({"stored": 1})
        await world.complete(to_agent(state=[0]))
        assert await world.state() == {"stored": 1}

    scenario(world, test)


def test_a_run_from_no_object_to_an_object_meets_a_save_of_somebody_else() -> None:
    world = World()

    async def test() -> None:
        async def saves(_: RunInput) -> AsyncIterator[e.Event]:
            await world.put_state({"theirs": 1})
            yield e.StateSnapshot({"own": 2})

        world.agents = (FunctionAgent(saves, WRITER),)
        await world.put_state({"stored": 1})
        await world.complete(to_agent(state=[0]))
        assert await world.state() == {"theirs": 1, "own": 2}

    scenario(world, test)


def test_a_patch_that_does_not_apply_fails_the_run_by_its_pointer_and_leaves_the_state() -> None:
    bad = e.StateDelta(({"op": "replace", "path": "/missing/deep", "value": 1},))
    world = World(agents=(agent_that_says(e.StateSnapshot({"a": 2}), bad),))

    async def test() -> None:
        await world.put_state({"a": 1})
        events = await world.complete(to_agent())
        (error,) = only(events, e.RunError)
        assert error.code == ErrorCode.INVALID_EVENT
        assert "'/missing/deep'" in error.message
        assert only(events, e.StateDelta) == []
        assert await world.state() == {"a": 1}

    scenario(world, test)


def test_a_run_that_grows_too_large_is_cut_with_an_end_that_names_the_limit() -> None:
    chatty = [e.Custom("x", "y" * 1000)] * 200
    world = World(agents=(agent_that_says(e.TextMessageStart("m"), *chatty),))

    async def test() -> None:
        events = await world.complete(to_agent())
        assert [event.type for event in events][-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
        assert events[-1].code == ErrorCode.LIMIT_EXCEEDED  # type: ignore[union-attr]
        assert "100000 bytes" in events[-1].message  # type: ignore[union-attr]

    scenario(world, test)


def test_credentials_among_the_properties_reach_the_agent_and_not_the_log() -> None:
    world, seen = recording_world()

    async def test() -> None:
        props = {"authorization": "Bearer secret", "kept": 1}
        await world.complete(to_agent(forwarded_props_for=lambda _: props))
        assert seen[0].forwarded_props == props
        (start,) = only(await world.stored_events(), e.RunStarted)
        assert start.input.forwarded_props == {"kept": 1}

    scenario(world, test)


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_a_state_nested_too_deeply_is_refused_before_anything_is_stored() -> None:
    world, seen = recording_world()

    async def test() -> None:
        with pytest.raises(InvalidError, match="nested deeper than 64 levels"):
            await world.start(to_agent(state=nested(500)))
        assert await world.stored_events() == []
        await world.complete(to_agent(state=nested(64)))
        assert len(seen) == 1

    scenario(world, test)


@pytest.mark.parametrize("levels", [100, 900])
def test_properties_are_stored_or_refused_however_deeply_they_are_nested(levels: int) -> None:
    world, seen = recording_world()

    async def test() -> None:
        request = to_agent(forwarded_props_for=lambda _: {"deep": nested(levels)})
        if levels == 100:
            await world.complete(request)
        else:
            with pytest.raises(InvalidError, match="nested too deeply to be stored"):
                await world.start(request)
        assert len(seen) == (levels == 100)

    scenario(world, test)
