"""Reading and following runs in PostgreSQL, what is damaged and what is slow included."""

import asyncio

import pytest

from agui_runtime.adapters.postgres.run_feed import RECENT_BYTES
from agui_runtime.domain.errors import CorruptError, UnavailableError
from agui_runtime.domain.identity import RunKey
from agui_runtime.domain.runs import Finished
from tests.contracts.world import SCOPE, THREAD, all_of, finished, text
from tests.integration.postgres.logs import begun, logs, written
from tests.support import postgres
from tests.support.aio import run

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ('{"type": "CUSTOM"}', "not an array"),
        ('[{"type": "NO_SUCH_EVENT"}]', "NO_SUCH_EVENT"),
        ('[{"type": "STEP_STARTED"}]', r"stepName"),
        ("[7]", "expected an object"),
        ("[1e999]", "not JSON"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error_that_names_it(stored: str, reason: str) -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            lease = await begun(here)
            await here.log.append(lease, [text("a")])
            await written(here)
            await here.sql("UPDATE agui_events SET events = $1::text::json WHERE last_sequence = 2", stored)
            for reading in (here.log.read(SCOPE, THREAD), read_elsewhere(url, lease.run)):
                with pytest.raises(CorruptError, match=reason) as caught:
                    await reading
                assert (caught.value.details["thread_id"], caught.value.details["sequence"]) == (THREAD, 2)

    run(test())


async def read_elsewhere(url: str, key: RunKey) -> None:
    async with logs(url) as other:
        await all_of(other.log.follow(key))


def test_a_follower_that_lags_far_behind_reads_on_from_the_table() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            lease = await begun(here)
            cursor = aiter(here.log.follow(lease.run))
            seen = list(await anext(cursor))
            for number in range(40):
                await here.log.append(lease, [text(f"{number} " + "x" * (RECENT_BYTES // 10))])
                await written(here)
            await here.log.append(lease, [text("last")])
            await here.log.finish(lease, [finished(lease)], Finished())
            seen += await all_of(cursor)
            assert seen == list(await here.read(THREAD))
            assert len(seen) == 43

    run(test())


def test_a_follower_so_slow_that_the_rest_was_compacted_is_told_to_read_again() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, logs(url) as other:
            lease = await begun(here)
            cursor = aiter(other.log.follow(lease.run))
            await anext(cursor)
            for number in range(30):
                await here.log.append(lease, [text(f"{number} " + "x" * (RECENT_BYTES // 10))])
                await written(here)
                await asyncio.sleep(0.02)
            await here.log.finish(lease, [finished(lease)], Finished())
            raw = await here.read(THREAD)
            await here.log.compact(lease.run, [raw[0], raw[-2], raw[-1]])
            with pytest.raises(UnavailableError, match="Read the run again"):
                await all_of(cursor)

    run(test())


def test_a_run_is_read_without_what_came_before_and_after_it() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here, logs(url) as other:
            for _ in range(3):
                lease = await begun(here)
                await here.log.finish(lease, [finished(lease)], Finished())
            middle = await all_of(other.log.follow(RunKey(SCOPE, THREAD, 2)))
            assert [entry.sequence for entry in middle] == [3, 4]

    run(test())
