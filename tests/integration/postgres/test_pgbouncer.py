"""Behind a real PgBouncer in transaction mode, where every statement may meet another server connection."""

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agui_runtime.adapters.postgres import Migrator, PostgresStateStore
from agui_runtime.domain.policy import StateLimits
from agui_runtime.domain.runs import Stopped
from tests.contracts.world import SCOPE, THREAD, all_of, finished, key_of, run_input, text
from tests.integration.postgres.logs import logs
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.support.processes import free_port

PROGRAM = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(PROGRAM is None, reason="not run: there is no pgbouncer on this machine"),
]

CONFIGURATION = """
[databases]
{name} = host={host} port={upstream} dbname={name} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 3
server_round_robin = 1
"""


@asynccontextmanager
async def pgbouncer(url: str, folder: Path) -> AsyncIterator[str]:
    """The URL of the same database through a pooler."""
    parts, port = urlsplit(url), free_port()
    facts = {"name": parts.path[1:], "host": parts.hostname, "upstream": parts.port, "user": parts.username}
    text = CONFIGURATION.format(**facts, password=parts.password, port=port, folder=folder)
    (folder / "users").write_text(f'"{parts.username}" ""\n')
    (folder / "pgbouncer.ini").write_text(text)
    # pytest keeps its folders to its own user, and PgBouncer refuses to run as root.
    identity = {}
    if os.geteuid() == 0:
        identity = {"user": pwd.getpwnam("nobody").pw_uid}
        for parent in [folder, *folder.parents][:3]:
            parent.chmod(0o755)
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), str(folder / "pgbouncer.ini"), stderr=subprocess.DEVNULL, **identity
    )
    pooled = f"postgresql://{parts.username}@127.0.0.1:{port}/{parts.path[1:]}"
    try:
        async with asyncio.timeout(10):
            while not await _answers(pooled):  # noqa: ASYNC110 - the condition is another process's doing
                await asyncio.sleep(0.05)
        yield pooled
    finally:
        process.terminate()
        await process.wait()


async def _answers(url: str) -> bool:
    try:
        await postgres.execute(url, "SELECT 1")
    except OSError:
        return False
    return True


def test_many_operations_at_a_time_share_few_server_connections(tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            postgres.database() as url,
            pgbouncer(url, tmp_path) as pooled,
            postgres.opened(postgres.settings_for(pooled, pgbouncer=True, max_connections=10)) as database,
        ):
            store = PostgresStateStore(database, FakeClock(), StateLimits())

            async def work(agent: str) -> None:
                for version in range(20):
                    saved = await store.save(key_of(agent=agent), {"v": version}, expected_version=version)
                    assert await store.load(key_of(agent=agent)) == saved

            await asyncio.gather(*(work(f"agent-{number}") for number in range(10)))
            summaries = await store.list_agents(SCOPE, THREAD)
            assert [summary.version for summary in summaries] == [20] * 10
            assert (await database.health()).is_usable

    run(test())


def test_a_run_is_written_followed_and_stopped_by_two_processes_behind_a_pooler(tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            postgres.database() as url,
            pgbouncer(url, tmp_path) as pooled,
            logs(pooled, pgbouncer=True) as here,
            logs(pooled, pgbouncer=True) as other,
        ):
            stopped = asyncio.Event()
            lease = await here.log.begin(SCOPE, run_input(), on_stop=stopped.set)
            following = asyncio.create_task(all_of(other.log.follow(lease.run)))
            for number in range(100):
                await here.log.append(lease, [text(str(number))])
                await asyncio.sleep(0.001)
            assert await other.log.request_stop(SCOPE, THREAD) is True
            await stopped.wait()
            await here.log.finish(lease, [finished(lease)], Stopped())
            assert len(await following) == 102

    run(test())


def test_migrations_go_past_the_pooler(tmp_path: Path) -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url, pgbouncer(url, tmp_path) as pooled:
            settings = postgres.settings_for(pooled, direct_url=url, pgbouncer=True)
            applied = await Migrator(settings).migrate()
            async with postgres.opened(settings) as database:
                await Migrator(settings).check(database)
            assert len(applied) > 0

    run(test())
