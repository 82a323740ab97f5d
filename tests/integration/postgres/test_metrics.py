"""The gauges of the database's connections."""

import asyncio

import pytest

from agui_runtime.adapters.scripted import FunctionAgent
from tests.contracts.world import eventually
from tests.integration.test_metrics import EXPECTED, METRICS, SAVE, counted, scraped, twice, under_load
from tests.support import postgres
from tests.support.aio import run
from tests.support.graphql_client import exchange
from tests.support.serving import runtime, serving

pytestmark = pytest.mark.postgres


def test_the_connections_of_the_pool_are_told() -> None:
    async def test() -> None:
        async with postgres.database() as url:
            environment = {**METRICS, "AGUI_DATABASE_URL": url, "AGUI_DATABASE_MAX_CONNECTIONS": "3"}
            async with serving(runtime(environment=environment)) as server:
                found = await scraped(server)
                assert found["agui_database_connections_max", ()] == 3
                assert 1 <= found["agui_database_connections", ()] <= 3
                assert found["agui_database_connections_free", ()] <= found["agui_database_connections", ()]

    run(test())


def test_who_waits_for_a_connection_is_told_and_is_gone_afterwards() -> None:
    async def test() -> None:
        async with postgres.database() as url:
            environment = {**METRICS, "AGUI_DATABASE_URL": url, "AGUI_DATABASE_MAX_CONNECTIONS": "1"}
            container = runtime(environment=environment)
            async with serving(container) as server:
                waiting, pool = ("agui_database_waiting", ()), container.database().database
                # The chores of the start go first.
                await eventually(lambda: pool.waiting == 0)
                assert (await scraped(server))[waiting] == 0
                async with postgres.connected(url) as blocker, blocker.transaction():
                    await blocker.execute("LOCK agui_states IN ACCESS EXCLUSIVE MODE")
                    saves = [asyncio.create_task(saved(server, f"agent-{number}")) for number in range(3)]
                    await eventually(lambda: pool.waiting >= 2)
                    found = await scraped(server)
                    assert found[waiting] >= 2
                    assert found["agui_database_connections_free", ()] == 0
                assert await asyncio.gather(*saves) == [1, 1, 1]
                await eventually(lambda: pool.waiting == 0)
                assert (await scraped(server))[waiting] == 0

    run(test())


async def saved(url: str, agent: str) -> int:
    data = {"threadId": "t", "agentName": agent, "stateData": "{}"}
    answer = await exchange(url, {"query": SAVE, "variables": {"data": data}})
    version: int = answer.json()["data"]["saveAgentState"]["version"]
    return version


def test_under_load_all_is_counted_once() -> None:
    async def test() -> None:
        async with postgres.database() as url:
            environment = {**METRICS, "AGUI_DATABASE_URL": url, "AGUI_DATABASE_MAX_CONNECTIONS": "4"}
            async with serving(runtime(environment=environment, agents=(FunctionAgent(twice),))) as server:
                await under_load(server)
                found = await scraped(server)
                assert counted(found) == EXPECTED
                assert found["agui_database_connections", ()] <= 4

    run(test())
