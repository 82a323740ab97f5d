"""A database that goes away in the middle of a chore's round: one line when that begins, and one when it is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.application.compact_runs import CompactRuns
from agui_runtime.application.recover_runs import RecoverRuns
from agui_runtime.composition.chores import Chore, Outage, repeat
from agui_runtime.domain.runs import Finished
from tests.contracts.world import eventually, finished, text
from tests.integration.postgres.logs import Logs, begun, logs, run_of
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.support.postgres_servers import Server

pytestmark = pytest.mark.postgres

RUNS = 10
Round = Callable[[], Awaitable[int]]


class KillingAfterOne:
    """A run log whose server is killed when one run has been dealt with."""

    def __init__(self, here: Logs, server: Server) -> None:
        self._log = here.log
        self._server: Server | None = server

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def finish(self, *arguments: Any) -> None:
        await self._log.finish(*arguments)
        await self._kill()

    async def compact(self, *arguments: Any) -> None:
        await self._log.compact(*arguments)
        await self._kill()

    async def _kill(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await asyncio.to_thread(server.kill)


async def _ended_runs(here: Logs, log: Any, clock: FakeClock) -> Round:
    for number in range(RUNS):
        lease = await begun(here, f"thread-{number}")
        await here.log.append(lease, [text("a")])
        await here.log.finish(lease, [finished(lease)], Finished())
    clock.advance(1)
    return CompactRuns(log, clock, 0.0)


async def _lost_runs(here: Logs, log: Any, clock: FakeClock) -> Round:
    for number in range(RUNS):
        await begun(here, f"thread-{number}")
    recover = RecoverRuns(log, here.store)

    async def once_expired() -> int:
        # Those that were taken over when the database went away are lost once more.
        clock.advance(61)
        return await recover()

    return once_expired


@pytest.mark.parametrize("prepare", [_ended_runs, _lost_runs], ids=["compaction", "recovery"])
def test_one_line_tells_of_a_database_that_goes_away_in_the_middle_of_a_round(
    prepare: Callable[[Logs, Any, FakeClock], Awaitable[Round]], killable: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def told(words: str) -> bool:
        return any(words in message for message in caplog.messages)

    async def test() -> None:
        clock = FakeClock(SystemClock().now())
        async with (
            postgres.database(of=killable) as url,
            logs(url, clock=clock, lease_seconds=1.0, operation_seconds=1.0, connect_seconds=1.0) as here,
        ):
            work = await prepare(here, KillingAfterOne(here, killable), clock)
            caplog.clear()
            repeating = asyncio.create_task(repeat(Chore("tidying", 0.1, work), Outage()))
            await eventually(lambda: told("must wait"))
            await asyncio.to_thread(killable.start)
            await eventually(lambda: told("are done again"))
            repeating.cancel()
            await asyncio.wait({repeating})
            left = await here.sql(
                "SELECT 1 FROM agui_runs WHERE ended_at IS NULL OR (outcome = 'finished' AND NOT compacted)"
            )
            assert left == []
            assert (await here.read("thread-0"))[-1].run == run_of("thread-0")

    with caplog.at_level(logging.INFO):
        run(test())
    lines = [record for record in caplog.records if record.name.startswith("agui_runtime.")]
    assert sum("must wait" in record.message for record in lines) == 1
    assert not any(record.exc_info for record in lines), caplog.text
    assert not told("could not be"), caplog.text
