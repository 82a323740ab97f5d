"""``SaveState`` loses no update, whoever else saves."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import key_of
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import FakeClock

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
PROCESSES = 2


@pytest.mark.parametrize(("tasks", "merges", "kind"), [(32, 100, "direct"), (8, 20, "cached")])
def test_of_tasks_in_two_processes_that_merge_into_one_key_every_update_is_there(
    tasks: int, merges: int, kind: str
) -> None:
    async def test() -> None:
        async with postgres.database() as url:
            processes = [await merging(url, str(number), str(tasks), str(merges), kind) for number in range(PROCESSES)]
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(b"go\n")
                process.stdin.close()
            assert [await process.wait() for process in processes] == [0, 0]
            async with postgres.opened(postgres.settings_for(url)) as database:
                state = await PostgresStateStore(database, FakeClock(), StateLimits()).load(key_of())
        assert state is not None
        merged = dict.fromkeys(map(str, range(merges)), 1)
        names = [f"{number}-{task}" for number in range(PROCESSES) for task in range(tasks)]
        assert state.values == dict.fromkeys(names, merged)
        assert state.version == PROCESSES * tasks * merges

    run(test())


async def merging(*arguments: str) -> asyncio.subprocess.Process:
    """A process that is ready to merge when it is told to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.postgres.merging", *arguments,
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process
