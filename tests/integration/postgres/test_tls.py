"""TLS as the URL asks for it, against a server that offers it: libpq's words reach the driver."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from agui_runtime.adapters.postgres import Finding, Migrator, PostgresStateStore
from agui_runtime.domain.errors import ConfigurationError, UnavailableError
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import key_of
from tests.support import postgres
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.support.postgres_servers import Server

pytestmark = pytest.mark.postgres

SETTINGS = {"ssl_cert_file": "cert.pem", "ssl_key_file": "key.pem", "ssl_ca_file": "ca.pem"}
TLS_OF_OURS = "SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[Server]:
    """A server of this module's own, whose certificate is for 127.0.0.1, and which asks clients for theirs."""
    backend = postgres.choice().backend
    if backend is not None and backend.name == "url":
        pytest.skip(f"not run: the server of {postgres.URL} is not ours to configure")
    own = postgres.new_server(durable=False)
    try:
        run(offer_tls(own, authority))
        yield own
    finally:
        own.stop()


async def offer_tls(server: Server, authority: trustme.CA) -> None:
    certificate = authority.issue_cert("127.0.0.1")
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    files = {
        "cert.pem": chain,
        "key.pem": certificate.private_key_pem.bytes(),
        "ca.pem": authority.cert_pem.bytes(),
    }
    async with postgres.connected(server.url("postgres")) as admin:
        ((folder,),) = await admin.fetch("SHOW data_directory")
        for name, content in files.items():
            # As the server's own user, wherever it runs; it refuses a key that others may read.
            await admin.execute(
                f"CREATE TEMP TABLE line AS SELECT regexp_split_to_table($${content.decode()}$$, '\\n')"
            )
            await admin.execute(f"COPY line TO PROGRAM 'umask 077; cat > {folder}/{name}'")
            await admin.execute("DROP TABLE line")
        for setting, name in SETTINGS.items():
            await admin.execute(f"ALTER SYSTEM SET {setting} = '{name}'")
        ((built_with,),) = await admin.fetch("SELECT setting <> '' FROM pg_settings WHERE name = 'ssl_library'")
        if not built_with:
            pytest.skip("not run: this server is built without TLS")
        await admin.execute("ALTER SYSTEM SET ssl = on")
        await admin.execute("SELECT pg_reload_conf()")
    while not await offers(server):  # noqa: ASYNC110 - the server reads its configuration when it likes
        await asyncio.sleep(0.02)


async def offers(server: Server) -> bool:
    ((on,),) = await postgres.execute(server.url("postgres"), "SHOW ssl")
    return bool(on == "on")


def with_tls(url: str, folder: Path, authority: trustme.CA, mode: str = "verify-full") -> str:
    root = folder / "root.pem"
    authority.cert_pem.write_to_path(root)
    return f"{url}?sslmode={mode}&sslrootcert={root}"


def test_a_server_that_is_verified_keeps_states_over_tls(server: Server, authority: trustme.CA, tmp_path: Path) -> None:
    async def test() -> None:
        async with postgres.database(migrated=False, of=server) as url:
            settings = postgres.settings_for(with_tls(url, tmp_path, authority))
            await Migrator(settings).migrate()
            async with postgres.opened(settings) as database:
                store = PostgresStateStore(database, FakeClock(), StateLimits())
                saved = await store.save(key_of(), {"a": 1}, expected_version=0)
                assert await store.load(key_of()) == saved
                row = await database.run(lambda connection: connection.fetchrow(TLS_OF_OURS))
                assert tuple(row or ()) == (True, None)
                assert (await database.health()).finding is Finding.USABLE

    run(test())


def test_a_client_certificate_of_the_url_is_shown_to_the_server(
    server: Server, authority: trustme.CA, tmp_path: Path
) -> None:
    async def test() -> None:
        own = authority.issue_cert("agui@example.com", common_name="agui")
        certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
        own.cert_chain_pems[0].write_to_path(certificate)
        own.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        url = with_tls(server.url("postgres"), tmp_path, authority) + f"&sslcert={certificate}&sslkey={key}"
        async with postgres.opened(postgres.settings_for(url)) as database:
            row = await database.run(lambda connection: connection.fetchrow(TLS_OF_OURS))
            assert row is not None
            assert "CN=agui" in row["client_dn"]

    run(test())


def test_a_server_of_another_authority_is_not_talked_to(server: Server, tmp_path: Path) -> None:
    url = with_tls(server.url("postgres"), tmp_path, trustme.CA())
    assert_not_accepted(url, "self-signed|issuer")


def test_a_server_of_another_name_is_not_talked_to(server: Server, authority: trustme.CA, tmp_path: Path) -> None:
    url = with_tls(server.url("postgres").replace("127.0.0.1", "localhost"), tmp_path, authority)
    assert_not_accepted(url, "Hostname mismatch")


def test_a_name_is_not_looked_at_where_only_the_authority_is_to_be_verified(
    server: Server, authority: trustme.CA, tmp_path: Path
) -> None:
    async def test() -> None:
        url = with_tls(server.url("postgres").replace("127.0.0.1", "localhost"), tmp_path, authority, mode="verify-ca")
        async with postgres.opened(postgres.settings_for(url)) as database:
            row = await database.run(lambda connection: connection.fetchrow(TLS_OF_OURS))
            assert tuple(row or ()) == (True, None)

    run(test())


def test_a_root_certificate_that_is_not_there_is_a_configuration_error(server: Server, tmp_path: Path) -> None:
    url = server.url("postgres") + f"?sslmode=verify-full&sslrootcert={tmp_path / 'nothing.pem'}"
    with pytest.raises(ConfigurationError, match=r"sslrootcert .*nothing\.pem.* cannot be read"):
        postgres.settings_for(url)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        postgres.settings_for("postgresql://127.0.0.1/d", direct_url=url)


def assert_not_accepted(url: str, reason: str) -> None:
    async def test() -> None:
        with pytest.raises(UnavailableError, match=f"certificate is not accepted: .*({reason})") as caught:
            async with postgres.opened(postgres.settings_for(url)):
                pass
        assert "localhost" not in caught.value.message

    run(test())
