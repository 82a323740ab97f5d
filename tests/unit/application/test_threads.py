"""The list of threads, and what erasing one erases."""

import asyncio

import pytest

from agui_runtime.adapters.memory import MemoryThreadDirectory
from agui_runtime.adapters.scripted import say
from agui_runtime.application.thread_contents import ThreadEvents, ThreadMessages, ThreadStates
from agui_runtime.application.threads import ArchiveThread, DeleteThread, GetThread, ListThreads, RenameThread
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError, InvalidError, NotFoundError
from agui_runtime.domain.identity import AgentName, Caller, Scope, ThreadId
from tests.unit.application.connections import agent_in_two_parts, kinds
from tests.unit.application.world import CALLER, THREAD, WRITER, World, agent_that_says, scenario, to_agent

STRANGER = Caller(CALLER.principal, Scope("tenant-2"))


def world_with_a_state() -> World:
    return World(agents=(agent_that_says(e.StateSnapshot({"a": 1}), *say("m", ["a", "b"])),))


def directory(world: World) -> MemoryThreadDirectory:
    return MemoryThreadDirectory(world.database, world.clock)


def test_threads_are_listed_and_looked_up() -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        (thread,) = (await ListThreads(directory(world))(CALLER)).threads
        assert thread == await GetThread(directory(world))(CALLER, THREAD)
        assert thread.agent_name == WRITER
        assert (await ListThreads(directory(world))(STRANGER)).threads == ()

    scenario(world, test)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_of_an_impossible_size_is_refused(limit: int) -> None:
    world = World()

    async def test() -> None:
        with pytest.raises(InvalidError, match="from 1 to 200"):
            await ListThreads(directory(world))(CALLER, limit=limit)

    scenario(world, test)


def test_an_unknown_thread_cannot_be_looked_up_renamed_or_archived() -> None:
    world = World()

    async def test() -> None:
        threads = directory(world)
        with pytest.raises(NotFoundError):
            await GetThread(threads)(CALLER, THREAD)
        with pytest.raises(NotFoundError):
            await RenameThread(threads)(CALLER, THREAD, "name")
        with pytest.raises(NotFoundError):
            await ArchiveThread(threads)(CALLER, THREAD)

    scenario(world, test)


def test_a_thread_gets_a_name_and_is_put_away_and_taken_back() -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        threads = directory(world)
        assert (await RenameThread(threads)(CALLER, THREAD, "  Plans ")).name == "Plans"
        assert (await ArchiveThread(threads)(CALLER, THREAD)).archived
        assert (await ListThreads(threads)(CALLER)).threads == ()
        assert not (await ArchiveThread(threads)(CALLER, THREAD, archived=False)).archived

    scenario(world, test)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "\ud800"])
def test_a_name_that_no_list_can_show_is_refused_and_changes_nothing(name: str) -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        with pytest.raises(InvalidError, match="A thread's name"):
            await RenameThread(directory(world))(CALLER, THREAD, name)
        assert (await GetThread(directory(world))(CALLER, THREAD)).name is None

    scenario(world, test)


def test_erasing_a_thread_erases_its_runs_and_states() -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        assert await DeleteThread(directory(world), world.store)(CALLER, THREAD) is True
        assert await world.stored_events() == []
        assert await world.state() is None
        assert await DeleteThread(directory(world), world.store)(CALLER, THREAD) is False

    scenario(world, test)


def test_states_in_a_store_of_their_own_are_erased_too() -> None:
    world, elsewhere = World(), World()

    async def test() -> None:
        await elsewhere.put_state({"a": 1})
        assert await DeleteThread(directory(world), elsewhere.store)(CALLER, THREAD) is True
        assert await elsewhere.state() is None

    scenario(world, test)


def test_a_strangers_thread_cannot_be_erased() -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        assert await DeleteThread(directory(world), world.store)(STRANGER, THREAD) is False
        assert await world.state() == {"a": 1}

    scenario(world, test)


def test_a_thread_with_a_live_run_is_not_erased() -> None:
    world = World(agents=(agent_in_two_parts(lambda: asyncio.get_running_loop().create_future()),))

    async def test() -> None:
        await world.put_state({"a": 1})
        await world.start(to_agent())
        with pytest.raises(BusyError):
            await DeleteThread(directory(world), world.store)(CALLER, THREAD)
        assert await world.state() == {"a": 1}
        assert await world.stored_events() != []

    scenario(world, test)


# What is in it


def test_a_threads_messages_events_and_states_can_be_taken_out() -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        messages = await ThreadMessages(world.log)(CALLER, THREAD)
        assert [message.content for message in messages] == ["Hello", "ab"]  # type: ignore[union-attr]
        events = [entry.event for entry in await ThreadEvents(world.log)(CALLER, THREAD)]
        assert kinds(events)[2] == "TEXT_MESSAGE_CONTENT"
        assert kinds(events).count("TEXT_MESSAGE_CONTENT") == 1
        (state,) = await ThreadStates(world.store, directory(world))(CALLER, THREAD)
        assert (state.key.agent_name, state.values) == (WRITER, {"a": 1})

    scenario(world, test)


def test_of_an_unknown_thread_nothing_comes_out() -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        states = ThreadStates(world.store, directory(world))
        assert await ThreadMessages(world.log)(STRANGER, THREAD) == ()
        assert await ThreadEvents(world.log)(STRANGER, THREAD) == ()
        assert await states(STRANGER, THREAD) == []
        assert await states.of_agent(STRANGER, THREAD) is None

    scenario(world, test)


def test_the_state_of_the_agent_last_at_work_or_of_a_named_one() -> None:
    world = world_with_a_state()

    async def test() -> None:
        await world.complete(to_agent())
        await world.put_state({"b": 2}, "other")
        states = ThreadStates(world.store, directory(world))
        own = await states.of_agent(CALLER, THREAD)
        other = await states.of_agent(CALLER, THREAD, AgentName("other"))
        assert (own.values, other.values) == ({"a": 1}, {"b": 2})  # type: ignore[union-attr]
        assert await states.of_agent(CALLER, ThreadId("empty")) is None

    scenario(world, test)
