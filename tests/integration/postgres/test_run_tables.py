"""Which rows the statements of runs and threads find, and which they leave."""

import asyncio

import pytest

from agui_runtime.adapters.postgres import run_statements
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import ThreadId
from agui_runtime.domain.runs import Finished
from tests.contracts.world import SCOPE, THREAD, finished, key_of
from tests.integration.postgres.logs import begun, logs
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import START

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("statement", "arguments", "index"),
    [
        (run_statements.COMPACTABLE, (START, 10), "agui_runs_to_compact"),
        (run_statements.STOPPING, (), "agui_runs_stopping"),
        (run_statements.LIVE, ("s", "t"), "agui_runs_live"),
        (run_statements.READ, ("s", "t", 0), "agui_events_pkey"),
        (run_statements.READ_RUN, ("s", "t", 1, 0), "agui_events_pkey"),
    ],
)
def test_a_statement_finds_its_rows_by_an_index(statement: str, arguments: tuple[object, ...], index: str) -> None:
    async def test() -> None:
        async with postgres.database() as url:
            await fill(url)
            plan = await postgres.execute(url, f"EXPLAIN {statement}", *arguments)
            assert index in "\n".join(row[0] for row in plan)

    run(test())


async def fill(url: str) -> None:
    """Ten thousand ended runs of a hundred threads, with one event each."""
    await postgres.execute(
        url,
        "INSERT INTO agui_runs (scope, thread_id, number, run_id, token, lease_expires_at, began_at, ended_at, outcome,"
        " first_sequence, last_sequence, compacted)"
        " SELECT 's', 't' || n % 100, n, 'r', 1, now(), now(), now(), 'finished', n, n, true"
        " FROM generate_series(1, 10000) n",
    )
    await postgres.execute(
        url,
        "INSERT INTO agui_events (scope, thread_id, last_sequence, run_number, recorded_at, events)"
        " SELECT 's', 't' || n % 100, n, n, now(), '[]' FROM generate_series(1, 10000) n",
    )
    await postgres.execute(url, "ANALYZE")


def test_deleting_a_thread_leaves_no_row_of_it_in_any_table() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            lease = await begun(here)
            await here.store.save(key_of(), {"a": 1}, expected_version=0, run=lease.run)
            await here.log.finish(lease, [finished(lease)], Finished())
            assert await here.threads.delete(SCOPE, ThreadId(THREAD)) is True
            tables = ("threads", "runs", "events", "states")
            left = [await here.sql(f"TABLE agui_{table}") for table in tables]
            assert left == [[], [], [], []]

    run(test())


def test_a_thread_that_is_saved_to_while_it_is_deleted_is_whole_or_gone() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url, max_connections=8) as here:
            for _ in range(30):
                await here.store.save(key_of(), {"a": 1}, expected_version=0)
                await asyncio.gather(
                    here.threads.delete(SCOPE, THREAD),
                    here.store.save(key_of(agent="other"), {"a": 1}, expected_version=0),
                )
                states = await here.store.list_agents(SCOPE, THREAD)
                thread = await here.threads.get(SCOPE, THREAD)
                assert (thread is not None) == bool(states)
                await here.threads.delete(SCOPE, THREAD)

    run(test())


def test_a_name_that_no_database_text_can_hold_is_refused() -> None:
    async def test() -> None:
        async with postgres.database() as url, logs(url) as here:
            await here.store.save(key_of(), {}, expected_version=0)
            for name in ("a\x00b", "half \ud83d"):
                with pytest.raises(InvalidError):
                    await here.threads.rename(SCOPE, THREAD, name)

    run(test())
