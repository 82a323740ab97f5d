"""``Storage.health()`` says what is wrong with a real server, and that it is over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from agui_runtime.adapters.postgres import Finding, Health
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.storage import Storage, database_of
from tests.support import postgres
from tests.support.aio import run
from tests.support.proxy import proxy_to

pytestmark = pytest.mark.postgres

ROLE = "agui_health"
SECRET = "a-word-not-to-be-told"  # noqa: S105 - of a role of this test's
FORGET = "DELETE FROM agui_migrations WHERE number = (SELECT max(number) FROM agui_migrations)"
ADD = "INSERT INTO agui_migrations (number, name, checksum) SELECT max(number) + 1, 'later', 'x' FROM agui_migrations"


@asynccontextmanager
async def storage_at(url: str, **changes: object) -> AsyncIterator[Storage]:
    """What a runtime has open."""
    settings = {"database_max_connections": 2, "database_connect_seconds": 1.0, "database_seconds": 1.0, **changes}
    storage = database_of(Settings(database_url=url, **settings))  # type: ignore[arg-type]
    assert storage is not None
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def as_role(url: str) -> AsyncIterator[str]:
    """The URL for a role that is no superuser."""
    parts = urlsplit(url)
    await postgres.execute(url, f"CREATE ROLE {ROLE} LOGIN PASSWORD '{SECRET}'")
    await postgres.execute(url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE}")
    try:
        yield url.replace(f"{parts.username}:{parts.password}@", f"{ROLE}:{SECRET}@")
    finally:
        await postgres.execute(url, f"DROP OWNED BY {ROLE}")
        await postgres.execute(url, f"DROP ROLE {ROLE}")


async def hang_up_on(role: str, url: str) -> None:
    """End the role's connections, and wait until they are gone."""
    ours = "FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()"
    await postgres.execute(url, f"SELECT pg_terminate_backend(pid) {ours}", role)
    while await postgres.execute(url, f"SELECT 1 {ours}", role):  # noqa: ASYNC110 - the server's doing
        await asyncio.sleep(0.02)


def assert_wrong(health: Health, finding: Finding, said: str) -> None:
    assert (health.finding, health.is_usable) == (finding, False)
    assert said in health.message
    assert SECRET not in health.message


def told(story: Callable[[str], Awaitable[None]]) -> None:
    async def test() -> None:
        async with asyncio.timeout(60), postgres.database() as url:
            await story(url)

    run(test())


def test_a_database_that_can_be_used_tells_its_version_and_connections() -> None:
    async def story(url: str) -> None:
        async with storage_at(url) as storage:
            health = await storage.health()
            assert (health.finding, health.is_usable) == (Finding.USABLE, True)
            assert health.message.startswith("PostgreSQL ")
            assert (health.open_connections, health.free_connections) == (1, 1)

    told(story)


def test_before_the_start_and_after_the_end_it_is_not_open() -> None:
    async def story(url: str) -> None:
        storage = database_of(Settings(database_url=url))
        assert storage is not None
        assert_wrong(await storage.health(), Finding.NOT_OPEN, "not open")
        await storage.open()
        await storage.close()
        assert_wrong(await storage.health(), Finding.NOT_OPEN, "not open")

    told(story)


def test_an_unreachable_server_and_one_that_is_silent() -> None:
    async def story(url: str) -> None:
        port = urlsplit(url).port
        assert port is not None
        async with proxy_to(port) as proxy, storage_at(url.replace(f":{port}/", f":{proxy.port}/")) as storage:
            await proxy.refuse()
            assert_wrong(await storage.health(), Finding.UNREACHABLE, "cannot be reached")
            await proxy.accept()
            assert (await storage.health()).is_usable
            proxy.stall()
            assert_wrong(await storage.health(), Finding.SLOW, "did not answer")
            proxy.flow()
            assert (await storage.health()).is_usable

    told(story)


def test_a_password_that_was_changed() -> None:
    async def story(url: str) -> None:
        async with as_role(url) as own, storage_at(own) as storage:
            await postgres.execute(url, f"ALTER ROLE {ROLE} PASSWORD 'another'")
            await hang_up_on(ROLE, url)
            assert_wrong(await storage.health(), Finding.LOGIN_REFUSED, "refused the log-in")
            await postgres.execute(url, f"ALTER ROLE {ROLE} PASSWORD '{SECRET}'")
            assert (await storage.health()).is_usable

    told(story)


def test_a_server_without_a_connection_left_for_us() -> None:
    async def story(url: str) -> None:
        async with as_role(url) as own, storage_at(own) as storage:
            await postgres.execute(url, f"ALTER ROLE {ROLE} CONNECTION LIMIT 0")
            await hang_up_on(ROLE, url)
            assert_wrong(await storage.health(), Finding.EXHAUSTED, "no connection left")

    told(story)


def test_a_read_only_database() -> None:
    async def story(url: str) -> None:
        name = urlsplit(url).path[1:]
        async with storage_at(url) as storage:
            await postgres.execute(url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            # What is open already keeps what it had.
            assert (await storage.health()).is_usable
            await storage.close()
            await storage.open()
            assert_wrong(await storage.health(), Finding.READ_ONLY, "read-only")

    told(story)


def test_a_pool_whose_connections_are_all_in_use() -> None:
    async def story(url: str) -> None:
        async with storage_at(url, database_seconds=5.0) as storage:
            sleeping = [
                asyncio.create_task(storage.database.run(lambda connection: connection.execute("SELECT pg_sleep(4)")))
                for _ in range(2)
            ]
            assert_wrong(await storage.health(), Finding.EXHAUSTED, "All 2 database connections were in use for 2 s.")
            await asyncio.gather(*sleeping)
            assert (await storage.health()).is_usable

    told(story)


@pytest.mark.parametrize(
    ("change", "finding", "said"),
    [
        (FORGET, Finding.NOT_MIGRATED, "Run: agui-runtime migrate"),
        ("DROP TABLE agui_migrations", Finding.NOT_MIGRATED, "Run: agui-runtime migrate"),
        (ADD, Finding.OTHER_VERSION, "Update agui-runtime"),
        ("UPDATE agui_migrations SET checksum = 'x' WHERE number = 1", Finding.OTHER_VERSION, "set up by another"),
    ],
    ids=["pending", "never migrated", "too new", "another file"],
)
def test_tables_that_are_not_those_of_this_version(change: str, finding: Finding, said: str) -> None:
    async def story(url: str) -> None:
        async with storage_at(url) as storage:
            await postgres.execute(url, change)
            assert_wrong(await storage.health(), finding, said)

    told(story)


def test_a_role_that_may_not_read_the_tables() -> None:
    async def story(url: str) -> None:
        async with as_role(url) as own, storage_at(own) as storage:
            await postgres.execute(url, f"REVOKE ALL ON agui_migrations FROM {ROLE}")
            assert_wrong(await storage.health(), Finding.REFUSING, "SQLSTATE 42501")

    told(story)
