"""Readiness with a database: away, back again, and changed by a newer version."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.support import postgres
from tests.support.aio import run
from tests.support.graphql_client import Answer, exchange
from tests.support.proxy import proxy_to
from tests.support.serving import runtime, serving

pytestmark = pytest.mark.postgres

ADD = "INSERT INTO agui_migrations (number, name, checksum) SELECT max(number) + 1, 'later', 'x' FROM agui_migrations"
LIMITS = {"AGUI_DATABASE_CONNECT_SECONDS": "1", "AGUI_DATABASE_SECONDS": "1"}


async def ready(url: str) -> Answer:
    # A report is good for a second.
    await asyncio.sleep(1.1)
    return await exchange(f"{url}/readyz", method="GET", headers={})


def test_it_is_not_ready_while_the_database_is_away_and_ready_again_afterwards() -> None:
    async def test() -> None:
        async with postgres.database() as database, proxy_to(urlsplit(database).port or 5432) as proxy:
            parts = urlsplit(database)
            through = database.replace(f":{parts.port}/", f":{proxy.port}/")
            async with serving(runtime(environment={"AGUI_DATABASE_URL": through, **LIMITS})) as url:
                assert (await ready(url)).status == 200
                await proxy.refuse()
                away = await ready(url)
                assert away.status == 503
                assert away.json()["reasons"][0].startswith("database: ")
                assert str(parts.password) not in away.text
                assert (await exchange(f"{url}/livez", method="GET", headers={})).status == 200
                await proxy.accept()
                assert (await ready(url)).status == 200

    run(test())


def test_it_is_not_ready_when_a_newer_version_has_changed_the_tables() -> None:
    async def test() -> None:
        async with (
            postgres.database() as database,
            serving(runtime(environment={"AGUI_DATABASE_URL": database, **LIMITS})) as url,
        ):
            assert (await ready(url)).status == 200
            await postgres.execute(database, ADD)
            assert (await ready(url)).status == 503

    run(test())
