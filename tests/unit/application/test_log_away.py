"""A log that goes away in the middle of a run: whoever follows is told, and the run ends all the same."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from agui_runtime.adapters.memory import MemoryRunLog
from agui_runtime.adapters.scripted import say
from agui_runtime.application.iterators import close
from agui_runtime.application.values import Lease, LogEntry
from agui_runtime.domain.errors import ErrorCode, UnavailableError
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import RunId, RunKey
from agui_runtime.domain.runs import Failed, Outcome, RunInput
from tests.unit.application.connections import connect, entries_of
from tests.unit.application.plans import DONE, Source, launch
from tests.unit.application.world import SCOPE, THREAD, Hooks, World, agent_that_says, scenario, to_agent

AWAY = UnavailableError("The log is away.")


class Leaving(MemoryRunLog):
    """A log that goes away after so many batches, or at once for whoever finishes."""

    gone_to_writers = False
    gone_to_finishers = False
    gone_to_readers = False

    async def append(self, lease: Lease, events: Sequence[Event]) -> None:
        if self.gone_to_writers:
            raise AWAY
        await super().append(lease, events)

    async def finish(self, lease: Lease, events: Sequence[Event], outcome: Outcome) -> None:
        if self.gone_to_finishers:
            raise AWAY
        await super().finish(lease, events, outcome)

    async def follow(self, run: RunKey, *, after: int = 0) -> AsyncIterator[Sequence[LogEntry]]:  # type: ignore[override]
        batches = super().follow(run, after=after)
        try:
            async for batch in batches:
                yield batch
                if self.gone_to_readers:
                    raise AWAY
        finally:
            await close(batches)


def leaving(**given: Any) -> tuple[World, Leaving]:
    world = World(**given)
    log = Leaving(world.database, world.clock, 30.0)
    return World(**given, log=log, database=world.database, clock=world.clock), log


def test_a_run_that_cannot_be_written_fails_and_its_producer_is_closed() -> None:
    world, log = leaving()
    source = Source(*say("m", ["a"]), DONE)

    async def test() -> None:
        log.gone_to_writers = True
        launched = await launch(world, source, logged=True)
        events = await launched.end()
        assert (events[-1].type, source.closed) == ("RUN_ERROR", 1)
        assert [result.outcome for result in launched.after] == [Failed("The log is away.", ErrorCode.UNAVAILABLE)]

    scenario(world, test)


def test_a_run_whose_end_cannot_be_stored_still_ends_for_its_host(caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks()
    world, log = leaving(agents=(agent_that_says(*say("m", ["a"])),), hooks=hooks)

    async def test() -> None:
        log.gone_to_finishers = True
        launched = await launch(world, Source(DONE), logged=True)
        await launched.live.wait()
        assert [result.outcome for result in launched.after] == [Failed("The log is away.", ErrorCode.UNAVAILABLE)]
        assert "was not stored" in caplog.text
        assert world.supervisor.live_runs == 0

    scenario(world, test)


def test_a_connected_reader_is_told_that_the_log_went_away() -> None:
    world, log = leaving()

    async def test() -> None:
        await log.begin(SCOPE, RunInput(THREAD, RunId("r")), on_stop=lambda: None)
        log.gone_to_readers = True
        with pytest.raises(UnavailableError, match="The log is away"):
            await entries_of(await connect(world))

    scenario(world, test)


def test_a_request_that_waits_for_its_turn_is_told_that_the_log_went_away() -> None:
    world, log = leaving(agents=(agent_that_says(),))

    async def test() -> None:
        lease = await log.begin(SCOPE, RunInput(THREAD, RunId("r")), on_stop=lambda: None)
        log.gone_to_readers = True
        waiting = asyncio.create_task(world.start(to_agent(stops_by_hanging_up=True)))
        await asyncio.sleep(0.01)
        await log.append(lease, say("m", ["a"]))
        with pytest.raises(UnavailableError, match="The log is away"):
            await waiting

    scenario(world, test)
