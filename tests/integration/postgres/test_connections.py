"""Connections are lent from one operation to the next, and go back to the driver's pool now and then."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from agui_runtime.adapters.postgres.connections import Connection, Connections, Pool
from tests.contracts.world import eventually
from tests.support import postgres
from tests.support.aio import run

pytestmark = pytest.mark.postgres

LONG = 3600.0


@asynccontextmanager
async def lending(most: int = 2, seconds: float = LONG) -> AsyncGenerator[tuple[Connections, Pool, str]]:
    async with postgres.database() as url, asyncpg.create_pool(url, min_size=0, max_size=most) as pool:
        connections = Connections(pool, most, seconds)
        yield connections, pool, url
        connections.close()


async def backend(connection: Connection) -> int:
    pid: int = await connection.fetchval("SELECT pg_backend_pid()")
    return pid


async def used(connections: Connections) -> int:
    borrowed = await connections.take()
    try:
        return await backend(borrowed.connection)
    finally:
        connections.give_back(borrowed)


def test_the_next_operation_gets_the_same_connection_which_the_pool_does_not_see_in_between() -> None:
    async def test() -> None:
        async with lending() as (connections, pool, _):
            first = await used(connections)
            assert (connections.open, connections.free, pool.get_idle_size()) == (1, 1, 0)
            assert await used(connections) == first

    run(test())


def test_two_at_a_time_have_a_connection_each_and_the_third_waits_for_one_of_them() -> None:
    async def test() -> None:
        async with lending(most=2) as (connections, _, _):
            one, two = await connections.take(), await connections.take()
            assert await backend(one.connection) != await backend(two.connection)
            assert connections.is_exhausted
            third = asyncio.create_task(used(connections))
            await asyncio.sleep(0)
            assert not third.done()
            expected = await backend(two.connection)
            connections.give_back(two)
            assert await third == expected
            connections.give_back(one)
            assert not connections.is_exhausted

    run(test())


def test_who_gives_up_waiting_takes_no_room_away() -> None:
    async def test() -> None:
        async with lending(most=1) as (connections, _, _):
            borrowed = await connections.take()
            waiting = [asyncio.create_task(connections.take()) for _ in range(3)]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            connections.give_back(borrowed)
            assert await used(connections)

    run(test())


def test_who_gets_no_connection_takes_no_room_away() -> None:
    async def test() -> None:
        async with postgres.database() as url:
            pool = await asyncpg.create_pool(url, min_size=0, max_size=1)
            connections = Connections(pool, 1)
            await pool.close()
            for _ in range(2):
                with pytest.raises(asyncpg.InterfaceError):
                    await connections.take()

    run(test())


def test_an_idle_connection_goes_back_to_the_pool_when_it_is_due() -> None:
    async def test() -> None:
        async with lending(most=2, seconds=0.05) as (connections, pool, _):
            one, two = await connections.take(), await connections.take()
            connections.give_back(one)
            connections.give_back(two)
            await eventually(lambda: pool.get_idle_size() == 2)
            assert connections.free == 2
            assert await used(connections)

    run(test())


def test_a_connection_that_is_never_idle_goes_back_when_it_is_due() -> None:
    async def test() -> None:
        async with lending(most=1, seconds=0.0) as (connections, pool, _):
            await used(connections)
            await eventually(lambda: pool.get_idle_size() == 1)

    run(test())


def test_a_connection_that_was_terminated_is_not_lent_again() -> None:
    async def test() -> None:
        async with lending(most=1) as (connections, _, _):
            borrowed = await connections.take()
            first = await backend(borrowed.connection)
            borrowed.connection.terminate()
            connections.give_back(borrowed)
            assert connections.free == 0
            assert await used(connections) != first

    run(test())


def test_connections_that_the_server_closes_while_nobody_uses_them_are_replaced() -> None:
    async def test() -> None:
        async with lending(most=2) as (connections, _, url):
            one, two = await connections.take(), await connections.take()
            killed = {await backend(one.connection), await backend(two.connection)}
            connections.give_back(one)
            connections.give_back(two)
            for pid in killed:
                await postgres.execute(url, "SELECT pg_terminate_backend($1)", pid)
            await eventually(lambda: connections.free == 0)
            one, two = await connections.take(), await connections.take()
            assert killed.isdisjoint({await backend(one.connection), await backend(two.connection)})
            connections.give_back(one)
            connections.give_back(two)
            assert connections.free == 2

    run(test())


def test_a_connection_left_within_a_transaction_is_rolled_back_before_it_is_lent_again() -> None:
    async def test() -> None:
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
        async with lending(most=1) as (connections, _, _):
            borrowed = await connections.take()
            await borrowed.connection.execute("BEGIN")
            connections.give_back(borrowed)
            borrowed = await connections.take()
            assert not borrowed.connection.is_in_transaction()
            connections.give_back(borrowed)
        assert "active transaction" in told[0]

    run(test())


def test_closing_waits_for_who_still_has_a_connection() -> None:
    async def test() -> None:
        async with postgres.database() as url:
            pool = await asyncpg.create_pool(url, min_size=0, max_size=2)
            connections = Connections(pool, 2)
            kept = await connections.take()
            await used(connections)
            connections.close()
            closing = asyncio.create_task(pool.close())
            await eventually(lambda: pool.get_idle_size() == 1)
            assert await kept.connection.fetchval("SELECT 42") == 42
            assert not closing.done()
            connections.give_back(kept)
            await closing

    run(test())
