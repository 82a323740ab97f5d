"""A runtime on a database: chosen by a setting, refused at start where it cannot work, never replaced by memory."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.aio import run
from tests.support.commands import Command, command
from tests.support.graphql_client import ask, chat, user
from tests.support.postgres_servers import Server

pytestmark = pytest.mark.postgres

FIRST = {"threadId": "thread-1", "agentName": "demo", "stateData": '{"a": 1}'}
LOAD = {
    "query": 'query { loadAgentState(data: { threadId: "thread-2", agentName: "demo" }) { messages } }',
}
SAVE = {
    "query": "mutation($data: SaveAgentStateInput!) { saveAgentState(data: $data) { version errorCode } }",
    "variables": {"data": FIRST},
}
MIGRATIONS = ("0001_threads_and_states.sql", "0002_runs_and_events.sql")
UP_TO_DATE = "The database is up to date."
JSON = {"content-type": "application/json"}


@contextmanager
def database(*, migrated: bool = True, of: Server | None = None) -> Iterator[str]:
    """A database for processes, in an event loop that the test does not run in."""
    with asyncio.Runner() as runner:
        context = postgres.database(migrated=migrated, of=of)
        url = runner.run(context.__aenter__())
        try:
            yield url
        finally:
            runner.run(context.__aexit__(None, None, None))


def ended(*arguments: str, cwd: Path, url: str, **environment: str) -> tuple[int, str, str]:
    settings = {"AGUI_PORT": "0", **({"AGUI_DATABASE_URL": url} if url else {}), **environment}
    with command(*arguments, cwd=cwd, environment=settings) as process:
        code = process.exit_code()
    return code, "\n".join(process.out), "\n".join(process.err)


def saved(version: int) -> dict[str, object]:
    return {"data": {"saveAgentState": {"version": version, "errorCode": None}}}


def runtime_url(process: Command) -> str:
    return process.find(r"(http://\S+/api/copilotkit)")


def the_only_row(url: str) -> tuple[object, ...]:
    """The state that is left once the others have been removed, whenever that is."""

    async def look() -> tuple[object, ...]:
        async with asyncio.timeout(20), postgres.connected(url) as connection:
            while len(rows := await connection.fetch("SELECT agent_name, expires_at FROM agui_states")) != 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            return tuple(rows[0])

    return run(look())


def test_migrate_makes_the_tables_once(tmp_path: Path) -> None:
    with database(migrated=False) as url:
        code, out, _ = ended("migrate", "--check", cwd=tmp_path, url=url)
        assert (code, out) == (1, "\n".join(f"pending {name}" for name in MIGRATIONS))
        code, out, _ = ended("migrate", "--dry-run", cwd=tmp_path, url=url)
        assert code == 0
        assert "CREATE TABLE agui_states" in out
        code, out, _ = ended("migrate", cwd=tmp_path, url=url)
        assert (code, out) == (0, "\n".join([*(f"applied {name}" for name in MIGRATIONS), UP_TO_DATE]))
        for option in ([], ["--check"]):
            assert ended("migrate", *option, cwd=tmp_path, url=url)[:2] == (0, UP_TO_DATE)


def test_two_processes_that_migrate_at_once_apply_everything_once(tmp_path: Path) -> None:
    with database(migrated=False) as url, ExitStack() as stack:
        environment = {"AGUI_DATABASE_URL": url}
        processes = [stack.enter_context(command("migrate", cwd=tmp_path, environment=environment)) for _ in range(2)]
        assert [process.exit_code() for process in processes] == [0, 0]
    said = sorted(line for process in processes for line in process.out)
    assert said == sorted([*(f"applied {name}" for name in MIGRATIONS), *[UP_TO_DATE] * 2])


def test_tables_of_a_newer_version_refuse_the_start_and_the_migration(tmp_path: Path) -> None:
    with database() as url:
        run(
            postgres.execute(url, "INSERT INTO agui_migrations (number, name, checksum) VALUES (999, 'later.sql', 'x')")
        )
        for arguments in (["demo"], ["migrate"], ["migrate", "--check"], ["migrate", "--dry-run"]):
            code, out, said = ended(*arguments, cwd=tmp_path, url=url)
            assert (code, out) == (1, "")
            assert "The database is at migration 999" in said
            assert "Update agui-runtime" in said


def test_migrate_without_a_database_is_misuse(tmp_path: Path) -> None:
    code, _, said = ended("migrate", cwd=tmp_path, url="")
    assert code == 2
    assert "AGUI_DATABASE_URL is not set" in said


def test_a_database_that_is_not_migrated_refuses_the_start(tmp_path: Path) -> None:
    with database(migrated=False) as url:
        code, _, said = ended("demo", cwd=tmp_path, url=url)
    assert code == 1
    assert "Run: agui-runtime migrate" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [("demo",), ("migrate",)], ids=["demo", "migrate"])
def test_a_database_that_cannot_be_reached_refuses_the_start(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, said = ended(*arguments, cwd=tmp_path, url="postgresql://u:secret-word@127.0.0.1:1/nothing")
    assert code == 1
    assert "The database cannot be reached." in said
    assert "secret-word" not in said
    assert "Traceback" not in said


def test_a_database_address_that_is_none_is_named_without_being_shown(tmp_path: Path) -> None:
    code, _, said = ended("demo", cwd=tmp_path, url="mysql://u:secret-word@127.0.0.1/d")
    assert code == 2
    assert "AGUI_DATABASE_URL: expected a URL that begins with postgresql://" in said
    assert "secret-word" not in said


def test_a_conversation_and_its_state_outlive_the_server(tmp_path: Path) -> None:
    with database() as url:
        environment = {"AGUI_PORT": "0", "AGUI_DATABASE_URL": url}
        for version in (1, 2):
            with command("demo", cwd=tmp_path, environment=environment) as process:
                endpoint = runtime_url(process)
                assert ask(endpoint, SAVE, headers=JSON).json() == saved(version)
                question = [user(f"Question {version}", f"question-{version}")]
                ask(endpoint, chat("", thread="thread-2", agent="demo", messages=question)).response()
                history = ask(endpoint, LOAD, headers=JSON).json()["data"]["loadAgentState"]["messages"]
                asked = [message["content"] for message in json.loads(history) if message["role"] == "user"]
                assert asked == [f"Question {number}" for number in range(1, version + 1)]
                process.terminate()
                assert process.exit_code() == 0
            assert "in this process's memory" not in "\n".join(process.err)


def test_states_with_a_lifetime_are_removed_by_the_server_and_the_others_stay(tmp_path: Path) -> None:
    with database() as url:
        settings = {"AGUI_PORT": "0", "AGUI_DATABASE_URL": url, "AGUI_STATE_SWEEP_SECONDS": "0.05"}
        with command("demo", cwd=tmp_path, environment=settings) as process:
            assert ask(runtime_url(process), SAVE, headers=JSON).json() == saved(1)
        with command("demo", cwd=tmp_path, environment={**settings, "AGUI_STATE_LIFETIME_SECONDS": "0.2"}) as process:
            brief = {"query": SAVE["query"], "variables": {"data": {**FIRST, "agentName": "brief"}}}
            assert ask(runtime_url(process), brief, headers=JSON).json() == saved(1)
            assert the_only_row(url) == ("demo", None)


def test_a_save_may_ask_when_its_state_expires(tmp_path: Path) -> None:
    with database() as url:
        settings = {"AGUI_PORT": "0", "AGUI_DATABASE_URL": url, "AGUI_STATE_SWEEP_SECONDS": "0.05"}
        with command("demo", cwd=tmp_path, environment=settings) as process:
            endpoint = runtime_url(process)

            def save(name: str, expires_at: str) -> object:
                data = {**FIRST, "agentName": name, "expiresAt": expires_at}
                answer = ask(endpoint, {"query": SAVE["query"], "variables": {"data": data}}, headers=JSON)
                return answer.json()["data"]["saveAgentState"]["errorCode"]

            assert save("past", "2001-01-01T00:00:00Z") == "INVALID_INPUT"
            assert save("kept", "2999-12-31T23:59:59+02:00") is None
            assert save("brief", (datetime.now(UTC) + timedelta(seconds=5)).isoformat()) is None
            assert the_only_row(url) == ("kept", datetime(2999, 12, 31, 21, 59, 59, tzinfo=UTC))


def test_a_database_that_is_lost_while_serving_is_an_error_and_not_memory(tmp_path: Path) -> None:
    with database() as url:
        environment = {"AGUI_PORT": "0", "AGUI_DATABASE_URL": url}
        with command("demo", cwd=tmp_path, environment=environment) as process:
            endpoint = runtime_url(process)
            assert ask(endpoint, SAVE, headers=JSON).json() == saved(1)
            run(postgres.execute(url, "ALTER TABLE agui_states RENAME TO elsewhere"))
            answer = ask(endpoint, SAVE, headers=JSON).json()
            assert answer["data"]["saveAgentState"] == {"version": None, "errorCode": "UNAVAILABLE"}
            run(postgres.execute(url, "ALTER TABLE elsewhere RENAME TO agui_states"))
            assert ask(endpoint, SAVE, headers=JSON).json() == saved(2)
