"""What the contract suites of the stores stand on.

An adapter passes a suite with a subclass of a few lines: ``adapters`` builds the three ports over the same data, empty
at first, on the given clock, with ``LEASE_SECONDS`` and ``STATE_LIMITS``. An adapter whose appends are committed a
moment later also overrides ``settle``. An adapter that has the state store only passes ``StateStoreContract`` and the
state store's machine.

``class TestPostgresRunLog(PostgresWorld, RunLogContract): ...``
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

from attrs import Factory, frozen

from agui_runtime.application.ports import RunLog, StateStore, ThreadDirectory
from agui_runtime.application.values import Bookmark, Lease, LogEntry
from agui_runtime.domain.events import Event, RunFinished, TextMessageContent
from agui_runtime.domain.identity import AgentName, RunId, Scope, StateKey, ThreadId
from agui_runtime.domain.messages import UserMessage
from agui_runtime.domain.policy import StateLimits
from agui_runtime.domain.runs import Finished, RunInput
from tests.support.aio import run
from tests.support.clock import FakeClock

LEASE_SECONDS = 30.0
STATE_LIMITS = StateLimits(max_bytes=2048, max_depth=8, max_per_thread=10)
SECONDS_PER_TEST = 30.0

SCOPE = Scope("tenant-1")
OTHER_SCOPE = Scope("tenant-2")
THREAD = ThreadId("thread-1")
OTHER_THREAD = ThreadId("thread-2")


@frozen
class Adapters:
    """The three ports over the same data. The last two are left out where an adapter has none."""

    store: StateStore
    log: RunLog = Factory(lambda: cast("RunLog", None))
    threads: ThreadDirectory = Factory(lambda: cast("ThreadDirectory", None))


@frozen
class World:
    """The adapters with the clock they go by."""

    store: StateStore
    log: RunLog
    threads: ThreadDirectory
    clock: FakeClock
    settle: Callable[[RunLog], Coroutine[Any, Any, None]]

    async def begin(
        self,
        thread_id: str = THREAD,
        run_id: str = "run-1",
        *,
        scope: Scope = SCOPE,
        agent: str | None = None,
        on_stop: Callable[[], None] = lambda: None,
    ) -> Lease:
        return await self.log.begin(scope, run_input(thread_id, run_id, agent=agent), on_stop=on_stop)

    async def complete(self, lease: Lease) -> None:
        await self.log.finish(lease, [finished(lease)], Finished())

    async def run_through(self, thread_id: str = THREAD, run_id: str = "run-1", *, scope: Scope = SCOPE) -> Lease:
        lease = await self.begin(thread_id, run_id, scope=scope)
        await self.complete(lease)
        return lease

    async def save(self, thread_id: str = THREAD, agent: str = "writer", *, scope: Scope = SCOPE) -> None:
        await self.store.save(key_of(thread_id, agent, scope=scope), {"a": 1}, expected_version=0)

    async def entries(self, thread_id: str = THREAD, *, scope: Scope = SCOPE, after: int = 0) -> Sequence[LogEntry]:
        await self.settle(self.log)
        return await self.log.read(scope, ThreadId(thread_id), after=after)

    async def read_on(self, read: Sequence[LogEntry], thread_id: str = THREAD) -> Sequence[LogEntry] | None:
        """What a reader who has read that much finds behind it."""
        await self.settle(self.log)
        bookmark = Bookmark(read[0].sequence, read[-1].sequence, read[-1].run, read[-1].recorded_at)
        found = await self.log.read_on(SCOPE, ThreadId(thread_id), bookmark)
        return None if found is None else list(found)

    async def events(self, thread_id: str = THREAD, *, scope: Scope = SCOPE) -> list[Event]:
        return [entry.event for entry in await self.entries(thread_id, scope=scope)]


class StoreContract:
    """The base of the suites: a subclass says how its adapters are built."""

    def adapters(self, clock: FakeClock) -> AbstractAsyncContextManager[Adapters]:
        raise NotImplementedError

    async def settle(self, log: RunLog) -> None:
        """Until all that was appended is committed."""


def scenario(test: Callable[[Any, World], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
    """An async test that is given a fresh world."""

    def run_in_world(self: StoreContract) -> None:
        async def within() -> None:
            clock = FakeClock()
            async with asyncio.timeout(SECONDS_PER_TEST), self.adapters(clock) as built:
                await test(self, World(built.store, built.log, built.threads, clock, self.settle))

        run(within())

    # Not functools.wraps: pytest would read the inner signature and look for a fixture.
    run_in_world.__name__ = test.__name__
    run_in_world.__doc__ = test.__doc__
    return run_in_world


def key_of(thread_id: str = THREAD, agent: str = "writer", *, scope: Scope = SCOPE) -> StateKey:
    return StateKey(scope, ThreadId(thread_id), AgentName(agent))


def run_input(thread_id: str = THREAD, run_id: str = "run-1", *, agent: str | None = None) -> RunInput:
    return RunInput(
        thread_id=ThreadId(thread_id),
        run_id=RunId(run_id),
        agent_name=None if agent is None else AgentName(agent),
        messages=(UserMessage(id=f"{run_id}-question", content="Hello"),),
    )


def text(delta: str) -> TextMessageContent:
    return TextMessageContent("message-1", delta)


def finished(lease: Lease) -> RunFinished:
    return RunFinished(lease.run.thread_id, lease.run_id)


async def all_of(cursor: AsyncIterator[Sequence[LogEntry]]) -> list[LogEntry]:
    """What a cursor gives until it ends; it never gives an empty batch."""
    entries: list[LogEntry] = []
    async for batch in cursor:
        assert batch
        entries.extend(batch)
    return entries


async def follow_all(log: RunLog, lease: Lease, *, after: int = 0) -> list[Event]:
    return [entry.event for entry in await all_of(log.follow(lease.run, after=after))]


async def started(coro: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """A task that has run up to its first wait."""
    task = asyncio.create_task(coro)
    await asyncio.sleep(0)
    return task


async def eventually(condition: Callable[[], bool]) -> None:
    """Until the condition holds; the scenario's time limit is the limit."""
    while not condition():  # noqa: ASYNC110 - the condition is another process's doing in some adapters
        await asyncio.sleep(0.005)
