"""Faults of the server and of the line, with nothing lost.

For each: every acknowledged save is there afterwards, every other one is whole or absent, callers got a typed error
within their time, and the store works again by itself. ``AGUI_TEST_FAULT_TABLE`` names a file for the table of figures.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import key_of
from tests.integration.postgres.fault_load import HEADER, Count, Load, content_of
from tests.support import postgres
from tests.support.aio import run
from tests.support.postgres_servers import Server
from tests.support.proxy import Proxy, proxy_to

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
SECONDS = 1.5
Step = Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
def table() -> Iterator[list[Count]]:
    """The figures of all faults, written down at the end."""
    counts: list[Count] = []
    yield counts
    if path := os.environ.get("AGUI_TEST_FAULT_TABLE"):
        rows = [HEADER, *(count.row() for count in counts)]
        Path(path).write_text("\n".join(rows) + "\n", encoding="utf-8")


@asynccontextmanager
async def store_at(url: str) -> AsyncIterator[PostgresStateStore]:
    settings = postgres.settings_for(url, operation_seconds=SECONDS, connect_seconds=1.0)
    async with postgres.opened(settings) as database:
        yield PostgresStateStore(database, SystemClock(), StateLimits())


@asynccontextmanager
async def through_proxy(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    parts = urlsplit(url)
    assert parts.port is not None
    async with proxy_to(parts.port) as proxy:
        yield proxy, url.replace(f":{parts.port}/", f":{proxy.port}/")


def test_the_server_is_killed_and_started_again(killable: Server, table: list[Count]) -> None:
    async def test() -> None:
        async with postgres.database(of=killable) as url, store_at(url) as store:
            load = Load(store, Count("server killed with -9, started again"), SECONDS)
            await load.under(in_thread(killable.kill), in_thread(killable.start))
            await load.verify()
            assert load.count.unknown > 0
            table.append(load.count)

    run(test())


def test_the_line_is_reset(table: list[Count]) -> None:
    faulty(table, "connections reset", lambda proxy: (proxy.reset_under_way, nothing))


def test_the_line_is_cut_in_the_middle_of_an_answer(table: list[Count]) -> None:
    async def cut(proxy: Proxy) -> None:
        # Every answer to a save is longer than this.
        for left in (1, 7, 20, 40, 64):
            proxy.cut_after(left)
            await asyncio.sleep(0.05)

    faulty(table, "connections cut in the middle of answers", lambda proxy: (lambda: cut(proxy), nothing))


def test_the_line_stalls(table: list[Count]) -> None:
    async def stall(proxy: Proxy) -> None:
        proxy.stall()
        await asyncio.sleep(SECONDS + 0.5)

    async def flow(proxy: Proxy) -> None:
        proxy.flow()

    faulty(table, "line stalled for 2 s", lambda proxy: (lambda: stall(proxy), lambda: flow(proxy)))


def test_connections_are_refused(table: list[Count]) -> None:
    async def refuse(proxy: Proxy) -> None:
        await proxy.refuse()
        await asyncio.sleep(0.5)

    faulty(table, "connections refused for 0.5 s", lambda proxy: (lambda: refuse(proxy), proxy.accept))


def test_the_database_is_read_only(table: list[Count]) -> None:
    async def test() -> None:
        async with postgres.database() as url, store_at(url) as store:
            name = urlsplit(url).path[1:]
            admin = postgres.server().url("postgres")

            async def switch(value: str) -> None:
                await postgres.execute(admin, f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
                await postgres.execute(
                    admin,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = $1 AND application_name = 'agui-runtime'",
                    name,
                )

            async def read_only() -> None:
                await switch("on")
                await asyncio.sleep(0.5)

            # No terminating here: connections to a server that refused to write must go by themselves.
            async def writable() -> None:
                await postgres.execute(admin, f'ALTER DATABASE "{name}" SET default_transaction_read_only = off')

            load = Load(store, Count("database read-only for 0.5 s"), SECONDS)
            await load.under(read_only, writable)
            await load.verify()
            assert "The database is read-only now; nothing was saved." in load.count.reasons
            table.append(load.count)

    run(test())


def test_the_pool_is_exhausted(table: list[Count]) -> None:
    async def test() -> None:
        async with postgres.database() as url, store_at(url) as store, postgres.connected(url) as blocker:
            blocked = [key_of(f"blocked-{number}") for number in range(8)]
            for key in blocked:
                await store.save(key, {}, expected_version=0)

            async def exhaust() -> None:
                async with blocker.transaction():
                    await blocker.execute("SELECT * FROM agui_states WHERE thread_id LIKE 'blocked-%' FOR UPDATE")
                    await asyncio.gather(*(refused(store.save(key, {}, expected_version=1)) for key in blocked))

            load = Load(store, Count("pool exhausted for 1.5 s"), SECONDS)
            await load.under(exhaust, nothing)
            await load.verify()
            table.append(load.count)

    run(test())


def test_who_waits_for_a_connection_in_vain_is_told_so() -> None:
    async def test() -> None:
        async with postgres.database() as url, postgres.connected(url) as blocker:
            settings = postgres.settings_for(url, operation_seconds=0.5, max_connections=1)
            async with postgres.opened(settings) as database, blocker.transaction():
                store = PostgresStateStore(database, SystemClock(), StateLimits())
                await blocker.execute("LOCK agui_states")
                first = asyncio.create_task(store.load(key_of()))
                await asyncio.sleep(0.2)
                with pytest.raises(UnavailableError):
                    await store.load(key_of("other"))
                with pytest.raises(UnavailableError):
                    await first

    run(test())


@pytest.mark.parametrize("seconds", [0.3, 0.6])
def test_the_process_is_killed_during_a_save(table: list[Count], seconds: float) -> None:
    async def test() -> None:
        async with postgres.database() as url, store_at(url) as store:
            count = Count(f"saving process killed with -9 after {seconds} s")
            load = Load(store, count, SECONDS)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.integration.postgres.saving", url, cwd=ROOT, stdout=subprocess.PIPE
            )
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
            said = asyncio.create_task(process.stdout.read())
            await asyncio.sleep(seconds)
            process.kill()
            lines = (await said).decode().split("\n")[:-1]
            await process.wait()
            for line in lines:
                word, thread = line.split(" ")
                {"try": load.tried, "done": load.acknowledged}[word].add(key_of(thread))
            # What was on its way to the server when the process died may still be under way.
            await asyncio.sleep(0.2)
            await load.verify()
            count.unknown = count.tried - count.acknowledged
            table.append(count)
            key = key_of("afterwards")
            assert (await store.save(key, content_of(key), expected_version=0)).version == 1

    run(test())


def faulty(table: list[Count], name: str, steps: Callable[[Proxy], tuple[Step, Step]]) -> None:
    async def test() -> None:
        async with (
            postgres.database() as url,
            through_proxy(url) as (proxy, proxied),
            store_at(proxied) as store,
        ):
            load = Load(store, Count(name), SECONDS)
            await load.under(*steps(proxy))
            await load.verify()
            assert load.count.unknown > 0
            table.append(load.count)

    run(test())


async def nothing() -> None:
    """The fault ends by itself."""


async def refused(saving: Awaitable[object]) -> None:
    with pytest.raises(UnavailableError):
        await saving


def in_thread(work: Callable[[], None]) -> Step:
    async def step() -> None:
        await asyncio.to_thread(work)

    return step
