"""Making and updating the tables."""

import asyncio
from collections.abc import Sequence

import pytest

from agui_runtime.adapters.postgres import Migrator
from agui_runtime.adapters.postgres.migrate import Migration, known_migrations
from agui_runtime.domain.errors import MisuseError, UnavailableError
from tests.support import postgres
from tests.support.aio import run

pytestmark = pytest.mark.postgres

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
FIRST = Migration(1, "0001_first.sql", "CREATE TABLE first (a integer); CREATE INDEX ON first (a);")
SECOND = Migration(2, "0002_second.sql", "CREATE TABLE second (a integer)")
BROKEN = Migration(3, "0003_broken.sql", "CREATE TABLE third (a integer); SELECT no_such_function()")


def migrator(url: str, *migrations: Migration) -> Migrator:
    return Migrator(postgres.settings_for(url), migrations or None)


async def tables(url: str) -> Sequence[str]:
    return [row[0] for row in await postgres.execute(url, TABLES)]


def test_an_empty_database_gets_all_tables_once() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            assert list(await migrator(url).pending()) == list(known_migrations())
            assert list(await migrator(url).migrate()) == list(known_migrations())
            assert await tables(url) == ["agui_events", "agui_migrations", "agui_runs", "agui_states", "agui_threads"]
            assert list(await migrator(url).pending()) == []
            assert list(await migrator(url).migrate()) == []

    run(test())


def test_a_newer_version_applies_only_what_is_new() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            await migrator(url, FIRST).migrate()
            assert list(await migrator(url, FIRST, SECOND).migrate()) == [SECOND]
            assert await tables(url) == ["agui_migrations", "first", "second"]

    run(test())


def test_looking_what_is_pending_changes_nothing() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            await migrator(url).pending()
            assert await tables(url) == []

    run(test())


def test_several_processes_that_migrate_at_once_apply_everything_once() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            results = await asyncio.gather(*(migrator(url, FIRST, SECOND).migrate() for _ in range(5)))
            assert sorted(len(applied) for applied in results) == [0, 0, 0, 0, 2]

    run(test())


def test_a_migration_that_fails_leaves_nothing_behind() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            await migrator(url, FIRST).migrate()
            with pytest.raises(UnavailableError) as caught:
                await migrator(url, FIRST, SECOND, BROKEN).migrate()
            assert caught.value.details["sqlstate"] == "42883"
            assert await tables(url) == ["agui_migrations", "first"]
            assert list(await migrator(url, FIRST, SECOND).pending()) == [SECOND]

    run(test())


def test_tables_of_a_newer_version_are_refused() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            await migrator(url, FIRST, SECOND).migrate()
            older = migrator(url, FIRST)
            for attempt in (older.migrate, older.pending):
                with pytest.raises(MisuseError, match="Update agui-runtime"):
                    await attempt()
            async with postgres.opened(postgres.settings_for(url)) as database:
                with pytest.raises(MisuseError, match="is at migration 2"):
                    await older.check(database)

    run(test())


def test_tables_made_by_another_file_of_that_number_are_refused() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            await migrator(url, FIRST).migrate()
            with pytest.raises(MisuseError, match=r"another 0001_first\.sql"):
                await migrator(url, Migration(1, FIRST.name, FIRST.sql + " -- changed")).migrate()

    run(test())


def test_a_check_of_a_database_without_tables_says_what_to_run() -> None:
    async def test() -> None:
        async with (
            postgres.database(migrated=False) as url,
            postgres.opened(postgres.settings_for(url)) as database,
        ):
            with pytest.raises(MisuseError, match="Run: agui-runtime migrate"):
                await migrator(url).check(database)

    run(test())


def test_the_direct_address_is_used_where_there_is_one() -> None:
    async def test() -> None:
        async with postgres.database(migrated=False) as url:
            nobody = "postgresql://nobody@127.0.0.1:1/nothing"
            settings = postgres.settings_for(nobody, direct_url=url)
            await Migrator(settings).migrate()
            assert "agui_states" in await tables(url)

    run(test())


def test_the_shipped_migrations_are_numbered_without_gap() -> None:
    assert [migration.number for migration in known_migrations()] == list(range(1, len(known_migrations()) + 1))
