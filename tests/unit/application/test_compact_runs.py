"""Ended runs are compacted some time after their end, and mean the same."""

import logging
from collections.abc import Sequence

import pytest

from agui_runtime.adapters.memory import MemoryDatabase, MemoryRunLog
from agui_runtime.adapters.scripted import say
from agui_runtime.application import compact_runs
from agui_runtime.application.compact_runs import CompactRuns
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.identity import RunId, RunKey
from agui_runtime.domain.runs import RunInput
from tests.support.clock import FakeClock
from tests.unit.application.connections import replay
from tests.unit.application.leaving_log import LeavingLog
from tests.unit.application.world import SCOPE, THREAD, World, agent_that_says, scenario, to_agent, user

AFTER = 300.0


def talkative(log: MemoryRunLog | None = None, database: MemoryDatabase | None = None) -> World:
    given = {"log": log, "database": database} if log and database else {}
    return World(agents=(agent_that_says(*say("m", ["a", "b", "c"]), e.StateSnapshot({"n": 1})),), **given)


def test_a_run_is_compacted_when_it_is_old_enough_and_once() -> None:
    world = talkative()

    async def test() -> None:
        compact = CompactRuns(world.log, world.clock, AFTER)
        await world.complete(to_agent())
        raw = await world.stored_events()
        assert await compact() == 0
        assert await world.stored_events() == raw
        world.clock.advance(AFTER + 1)
        assert await compact() == 1
        assert len(await world.stored_events()) == 6
        assert await compact() == 0

    scenario(world, test)


def test_a_reader_is_shown_the_same_before_and_after() -> None:
    world = talkative()

    async def test() -> None:
        await world.complete(to_agent())
        before, history = await replay(world), await world.history()
        world.clock.advance(AFTER + 1)
        await CompactRuns(world.log, world.clock, AFTER)()
        assert await replay(world) == before
        assert await world.history() == history

    scenario(world, test)


def test_a_live_run_is_left_alone() -> None:
    world = talkative()

    async def test() -> None:
        lease = await world.log.begin(SCOPE, RunInput(THREAD, RunId("r")), on_stop=lambda: None)
        await world.log.append(lease, say("m", ["a", "b"]))
        world.clock.advance(AFTER * 2)
        assert await CompactRuns(world.log, world.clock, AFTER)() == 0
        assert len(await world.stored_events()) == 5

    scenario(world, test)


def test_more_runs_than_are_looked_for_at_once_are_compacted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact_runs, "BATCH", 2)
    world = talkative()

    async def test() -> None:
        for number in range(5):
            await world.complete(to_agent(messages=(user(message_id=f"u{number}"),)))
        world.clock.advance(AFTER + 1)
        assert await CompactRuns(world.log, world.clock, AFTER)() == 5

    scenario(world, test)


class Broken(MemoryRunLog):
    """A log that cannot store its first run's compaction."""

    async def compact(self, run: RunKey, entries: Sequence[LogEntry]) -> None:
        if run.number == 1:
            raise UnavailableError
        await super().compact(run, entries)


def test_a_run_that_cannot_be_compacted_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compact_runs, "BATCH", 2)
    database, clock = MemoryDatabase(), FakeClock()
    world = talkative(Broken(database, clock, 30.0), database)

    async def test() -> None:
        for number in range(3):
            await world.complete(to_agent(messages=(user(message_id=f"u{number}"),)))
        clock.advance(AFTER + 1)
        with caplog.at_level(logging.WARNING):
            assert await CompactRuns(world.log, clock, AFTER)() == 2
        assert "could not be compacted" in caplog.text
        assert not any(record.exc_info for record in caplog.records), "its message says it all"

    scenario(world, test)


class Leaving(LeavingLog):
    """A log that goes away when so many runs are compacted."""

    async def compact(self, run: RunKey, entries: Sequence[LogEntry]) -> None:
        self.check()
        await super().compact(run, entries)
        self.left -= 1


def test_a_log_that_goes_away_in_the_middle_ends_the_round_and_no_run_tells_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    database, clock = MemoryDatabase(), FakeClock()
    log = Leaving(database, clock, 30.0)
    world = talkative(log, database)

    async def test() -> None:
        for number in range(5):
            await world.complete(to_agent(messages=(user(message_id=f"u{number}"),)))
        clock.advance(AFTER + 1)
        compact = CompactRuns(world.log, clock, AFTER)
        with pytest.raises(UnavailableError, match="The log is away"):
            await compact()
        assert caplog.records == []
        log.left = 5
        assert await compact() == 3

    # Some SDK that other tests import has the root logger tell everything.
    with caplog.at_level(logging.WARNING):
        scenario(world, test)
