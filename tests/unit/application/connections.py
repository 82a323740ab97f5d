"""Readers of a thread, for the tests of connecting."""

import asyncio
from collections.abc import AsyncIterator, Callable

from agui_runtime.adapters.scripted import ScriptedAgent, say
from agui_runtime.application.connect_thread import Connection, ConnectThread
from agui_runtime.application.values import LogEntry, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import AgentName, ThreadId
from agui_runtime.domain.runs import RunInput
from tests.unit.application.world import CALLER, THREAD, WRITER, World


async def connect(
    world: World, *, after: str | int | None = None, agent: str = WRITER, thread_id: str = THREAD
) -> Connection:
    use_case = ConnectThread(world.log, world.store, world.clock)
    return await use_case(CALLER, ThreadId(thread_id), AgentName(agent), after=after)


async def entries_of(connection: Connection) -> list[LogEntry]:
    entries: list[LogEntry] = []
    async for batch in connection.entries:
        assert batch, "an empty batch is no news"
        entries.extend(batch)
    return entries


async def replay(world: World, *, after: str | int | None = None, agent: str = WRITER) -> list[e.Event]:
    return [entry.event for entry in await entries_of(await connect(world, after=after, agent=agent))]


def kinds(events: list[e.Event]) -> list[str]:
    return [event.type for event in events]


def agent_in_two_parts(
    until: Callable[[], "asyncio.Future[None]"], *before: e.Event, name: str = WRITER
) -> ScriptedAgent:
    """An agent that says some, waits, and then answers."""

    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        for event in before:
            yield event
        await until()
        for event in say("late", ["la", "te"]):
            yield event
        yield e.RunFinished(run_input.thread_id, run_input.run_id)

    return ScriptedAgent(name, play)
