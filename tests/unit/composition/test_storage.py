"""Which store the settings give."""

import subprocess
import sys

import pytest
from dependency_injector import providers

from agui_runtime.adapters.memory import MemoryRunLog, MemoryStateStore, MemoryThreadDirectory
from agui_runtime.adapters.postgres import PostgresRunLog, PostgresStateStore, PostgresThreadDirectory
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.storage import migrator_of
from agui_runtime.domain.errors import ConfigurationError

URL = "postgresql://u:secret@127.0.0.1:1/d"
WITHOUT_DRIVER = "import sys; sys.modules['asyncpg'] = None; from agui_runtime import RuntimeContainer, Settings\n"


def container(**changes: object) -> RuntimeContainer:
    return RuntimeContainer(settings=providers.Object(Settings(**changes)))


def without_driver(code: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITHOUT_DRIVER + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_memory_is_the_default() -> None:
    made = container()
    assert made.database() is None
    assert isinstance(made.state_store(), MemoryStateStore)
    assert isinstance(made.run_log(), MemoryRunLog)
    assert isinstance(made.thread_directory(), MemoryThreadDirectory)


def test_a_database_url_puts_states_runs_and_threads_into_one_database() -> None:
    made = container(database_url=URL)
    assert isinstance(made.state_store(), PostgresStateStore)
    assert isinstance(made.run_log(), PostgresRunLog)
    assert isinstance(made.thread_directory(), PostgresThreadDirectory)
    assert made.database() is made.database()


def test_every_database_setting_reaches_the_adapter() -> None:
    made = container(
        database_url=URL,
        database_direct_url=URL + "irect",
        database_min_connections=2,
        database_max_connections=3,
        database_connect_seconds=1.5,
        database_seconds=2.5,
        database_pgbouncer=True,
    )
    storage = made.database()
    assert storage is not None
    given = storage.database.settings
    assert (given.url, given.direct_url) == (URL, URL + "irect")
    assert (given.min_connections, given.max_connections) == (2, 3)
    assert (given.connect_seconds, given.operation_seconds, given.pgbouncer) == (1.5, 2.5, True)


def test_impossible_bounds_are_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="cannot keep 5"):
        container(database_url=URL, database_min_connections=5, database_max_connections=4).database()


def test_settings_do_not_show_the_database_url() -> None:
    assert "secret" not in repr(Settings(database_url=URL, database_direct_url=URL))


def test_migrating_without_a_database_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="AGUI_DATABASE_URL is not set"):
        migrator_of(Settings())


def test_a_runtime_without_a_database_does_not_need_the_driver() -> None:
    done = without_driver("print(type(RuntimeContainer().state_store()).__name__)")
    assert (done.returncode, done.stdout.strip()) == (0, "MemoryStateStore"), done.stderr


def test_a_database_without_the_driver_says_what_to_install() -> None:
    done = without_driver(
        f"from agui_runtime.composition.storage import database_of\ndatabase_of(Settings(database_url={URL!r}))"
    )
    assert done.returncode == 1
    assert "Install agui-runtime[postgres]." in done.stderr


@pytest.mark.parametrize("port", ["run_log", "thread_directory"])
def test_a_host_rebinds_the_log_or_the_directory_with_one_argument(port: str) -> None:
    own = object()
    made = RuntimeContainer(settings=providers.Object(Settings(database_url=URL)), **{port: providers.Object(own)})
    assert getattr(made, port)() is own


def test_a_host_rebinds_the_store_with_one_argument() -> None:
    class OwnStore:
        """A store of the host's own."""

    own = OwnStore()
    made = RuntimeContainer(settings=providers.Object(Settings()), state_store=providers.Object(own))
    assert made.state_store() is own
    assert made.save_state()._store is own
