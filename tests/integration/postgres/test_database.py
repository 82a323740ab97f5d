"""The pool: what it refuses, what it says of itself, and that it mends itself."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import pytest

from agui_runtime.adapters.postgres import PostgresDatabase
from agui_runtime.adapters.postgres.connections import Connection
from agui_runtime.domain.errors import AguiError, ConfigurationError, UnavailableError
from tests.integration.postgres.world import world
from tests.support import postgres
from tests.support.aio import run

pytestmark = pytest.mark.postgres


def opening_fails(url: str, **changes: object) -> AguiError:
    async def test() -> AguiError:
        with pytest.raises(AguiError) as caught:
            await PostgresDatabase(postgres.settings_for(url, **changes)).open()
        return caught.value

    return run(test())


def test_an_address_where_nobody_listens_is_unavailable() -> None:
    error = opening_fails("postgresql://somebody:secret@127.0.0.1:1/nothing")
    assert isinstance(error, UnavailableError)
    assert error.message == "The database cannot be reached."
    assert error.__cause__ is not None


def test_a_server_that_does_not_answer_is_unavailable_within_the_connect_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        port = silent.getsockname()[1]
        error = opening_fails(f"postgresql://u:p@127.0.0.1:{port}/d?sslmode=disable", connect_seconds=0.3)
    assert isinstance(error, UnavailableError)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("wrong", ["password", "user", "database"])
def test_a_refused_log_in_says_what_may_be_wrong_and_no_secret(wrong: str) -> None:
    given = urlsplit(postgres.server().url("postgres"))
    user = "nobody" if wrong == "user" else given.username
    password = "not-the-word" if wrong == "password" else given.password
    database = "no-such-database" if wrong == "database" else "postgres"
    error = opening_fails(f"postgresql://{user}:{password}@{given.hostname}:{given.port}/{database}")
    assert isinstance(error, UnavailableError)
    assert "refused the log-in" in error.message
    assert str(password) not in error.message


def test_an_address_that_cannot_be_understood_is_a_configuration_error() -> None:
    error = opening_fails("postgresql://u:secret@127.0.0.1/d?sslmode=perhaps")
    assert isinstance(error, ConfigurationError)
    assert "sslmode" in error.message
    assert "secret" not in error.message


def test_tls_that_is_required_and_not_offered_is_unavailable() -> None:
    error = opening_fails(postgres.server().url("postgres") + "?sslmode=require")
    assert isinstance(error, UnavailableError)


def test_a_database_that_does_not_keep_utf_8_is_refused() -> None:
    async def test() -> None:
        host = postgres.server()
        admin = host.url("postgres")
        await postgres.execute(
            admin, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        try:
            with pytest.raises(ConfigurationError, match="LATIN1"):
                await PostgresDatabase(postgres.settings_for(host.url("latin"))).open()
        finally:
            await postgres.execute(admin, "DROP DATABASE latin WITH (FORCE)")

    run(test())


@pytest.mark.parametrize(("least", "most"), [(5, 4), (-1, 4), (0, 0)])
def test_impossible_bounds_of_the_pool_are_refused(least: int, most: int) -> None:
    with pytest.raises(ConfigurationError):
        postgres.settings_for("postgresql://", min_connections=least, max_connections=most)


def test_settings_do_not_show_their_addresses() -> None:
    shown = repr(postgres.settings_for("postgresql://u:secret@h/d", direct_url="postgresql://u:secret@h/d"))
    assert "secret" not in shown


def test_using_it_before_it_is_open_or_after_it_is_closed_is_unavailable() -> None:
    async def test() -> None:
        async with postgres.database() as url:
            database = PostgresDatabase(postgres.settings_for(url))
            with pytest.raises(UnavailableError):
                await database.run(answer)
            await database.open()
            await database.open()
            assert await database.run(answer) == 42
            await database.close()
            await database.close()
            with pytest.raises(UnavailableError):
                await database.run(answer)

    run(test())


def test_connections_tell_the_server_who_they_are_and_how_long_they_may_take() -> None:
    async def test() -> None:
        async with world(operation_seconds=7.5) as w:
            query = "SELECT current_setting('application_name'), current_setting('statement_timeout')"
            row = await w.database.run(lambda connection: connection.fetchrow(query))
            assert tuple(row or ()) == ("agui-runtime", "7500ms")

    run(test())


def test_a_cancelled_operation_gives_its_connection_back() -> None:
    async def test() -> None:
        async with world(max_connections=1) as w:
            waiting = asyncio.create_task(w.database.run(lambda connection: connection.execute("SELECT pg_sleep(5)")))
            await asyncio.sleep(0.1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            began = time.monotonic()
            assert await w.database.run(answer) == 42
            assert time.monotonic() - began < 1

    run(test())


def test_a_broken_connection_is_replaced_for_a_read_and_reported_for_a_write() -> None:
    async def test() -> None:
        async with world(max_connections=1) as w:
            calls = 0

            async def broken_once(connection: Connection) -> object:
                nonlocal calls
                calls += 1
                if calls == 1:
                    await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                return await connection.fetchval("SELECT 42")

            assert await w.database.run(broken_once, repeatable=True) == 42
            calls = 0
            with pytest.raises(UnavailableError):
                await w.database.run(broken_once)
            assert calls == 1
            assert await w.database.run(answer) == 42

    run(test())


def test_a_statement_the_server_refuses_is_unavailable_with_its_code_and_without_its_text() -> None:
    async def test() -> None:
        async with world() as w:
            with pytest.raises(UnavailableError) as caught:
                await w.database.run(lambda connection: connection.fetch("SELECT secret FROM nowhere"))
            assert caught.value.details == {"sqlstate": "42P01"}
            assert "secret" not in caught.value.message

    run(test())


async def answer(connection: Connection) -> object:
    return await connection.fetchval("SELECT 42")
