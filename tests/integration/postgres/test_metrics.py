"""The gauges of the database's connections."""

import pytest

from tests.integration.test_metrics import METRICS, scraped
from tests.support import postgres
from tests.support.aio import run
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
