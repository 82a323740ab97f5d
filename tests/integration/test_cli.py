"""The command line as people and service managers see it: real processes, signals and exit codes."""

import socket
import textwrap
from pathlib import Path

import pytest

from tests.support.aio import run
from tests.support.commands import Command, command
from tests.support.graphql_client import ask, chat, streaming
from tests.support.incremental import merge

FREE_PORT = {"AGUI_PORT": "0"}
HELLO = {"query": "{ hello }"}
JSON = {"content-type": "application/json"}
APP = '''
import asyncio

from dependency_injector import providers

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.composition.app import create_app
from agui_runtime.composition.container import RuntimeContainer


async def patient(run_input):
    """Answers slowly."""
    for number in range(1000):
        yield f"chunk{number} "
        await asyncio.sleep(0.02)


container = RuntimeContainer(agents=providers.Object((FunctionAgent(patient),)))


def made():
    return RuntimeContainer(agents=providers.Object((FunctionAgent(patient),)))


def application():
    return create_app(made())


number = 7
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "chat_app.py").write_text(APP)
    return tmp_path


def _ended(*arguments: str, cwd: Path, environment: dict[str, str]) -> tuple[int, str]:
    with command(*arguments, cwd=cwd, environment=environment) as process:
        code = process.exit_code()
    return code, "\n".join(process.err)


def _runtime_url(process: Command) -> str:
    return process.find(r"(http://\S+/api/copilotkit)")


def test_the_demo_serves_its_page_and_a_runtime_and_ends_when_asked(tmp_path: Path) -> None:
    with command("demo", cwd=tmp_path, environment=FREE_PORT) as process:
        url = _runtime_url(process)
        page = ask(process.find(r"demo page:\s+(\S+)"), method="GET", headers={})
        assert (page.status, page.content_type) == (200, "text/html")
        assert "<html" in page.text
        assert ask(url, chat("hello", agent="demo")).response()["status"]["code"] == "Success"
        process.terminate()
        assert process.exit_code() == 0
    assert "Traceback" not in "\n".join(process.err)


@pytest.mark.parametrize("attribute", ["container", "made", "application"])
def test_serve_takes_a_container_or_what_makes_one_or_an_application(folder: Path, attribute: str) -> None:
    with command("serve", f"chat_app:{attribute}", cwd=folder, environment=FREE_PORT) as process:
        url = _runtime_url(process)
        assert ask(url, HELLO, headers=JSON).json() == {"data": {"hello": "Hello World"}}
        agents = ask(url, {"query": "{ availableAgents { agents { name description } } }"}, headers=JSON).json()
        listed = [{"name": "patient", "description": "Answers slowly."}]
        assert agents["data"]["availableAgents"]["agents"] == listed
        process.terminate()
        assert process.exit_code() == 0


def test_the_module_that_the_help_shows_is_served(tmp_path: Path) -> None:
    with command("serve", "--help", cwd=tmp_path, environment={}) as process:
        assert process.exit_code() == 0
    lines = process.out
    first = lines.index("  from dependency_injector import providers")
    last = lines.index('settings that most need ("agui-runtime settings" lists all):')
    (tmp_path / "my_agents.py").write_text(textwrap.dedent("\n".join(lines[first:last])))
    with command("serve", "my_agents:container", cwd=tmp_path, environment=FREE_PORT) as process:
        answer = ask(_runtime_url(process), chat("hello", agent="parrot")).response()
        assert answer["messages"][0]["content"] == ["You said something."]


def test_a_live_run_gets_a_terminal_event_when_the_server_is_told_to_end(folder: Path) -> None:
    environment = {**FREE_PORT, "AGUI_DRAIN_SECONDS": "0.3"}

    async def scenario(process: Command, url: str) -> None:
        async with streaming(url, chat("go", agent="patient")) as stream:
            await stream.until("chunk2")
            process.terminate()
            response = merge(await stream.rest())["data"]["generateCopilotResponse"]
        # Stopped is no failure: what was said stays, and the client may ask again.
        assert response["status"]["code"] == "Success"
        (message,) = [message for message in response["messages"] if "content" in message]
        assert message["content"][:3] == ["chunk0 ", "chunk1 ", "chunk2 "]
        assert len(message["content"]) < 1000
        assert message["status"]["code"] == "Success"

    with command("serve", "chat_app:container", cwd=folder, environment=environment) as process:
        run(scenario(process, _runtime_url(process)))
        assert process.exit_code() == 0
    assert "Traceback" not in "\n".join(process.err)


def test_a_live_run_that_ends_soon_is_waited_for(folder: Path) -> None:
    async def scenario(process: Command, url: str) -> None:
        async with streaming(url, chat("hello", agent="demo")) as stream:
            await stream.next()
            process.terminate()
            response = merge(await stream.rest())["data"]["generateCopilotResponse"]
        assert response["status"]["code"] == "Success"

    with command("demo", cwd=folder, environment=FREE_PORT) as process:
        run(scenario(process, _runtime_url(process)))
        assert process.exit_code() == 0


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AGUI_PORT": "many"}, "AGUI_PORT: expected a port number from 0 to 65535, but it is 'many'."),
        ({"AGUI_DRAIN_SECONDS": "-1"}, "AGUI_DRAIN_SECONDS: expected a number of seconds"),
        ({"AGUI_POTR": "1"}, "AGUI_POTR is not a setting of agui-runtime. Did you mean AGUI_PORT?"),
    ],
    ids=["value", "range", "name"],
)
def test_a_bad_setting_is_named_before_anything_is_served(
    folder: Path, environment: dict[str, str], words: str
) -> None:
    code, said = _ended("serve", "chat_app:container", cwd=folder, environment=environment)
    assert code == 2
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("chat_app", "no MODULE:ATTRIBUTE"),
        ("chat_app:nothing", "has no 'nothing'"),
        ("chat_app:number", "'chat_app:number' is a int; expected a RuntimeContainer"),
        ("no_such_module:container", "There is no module 'no_such_module'"),
    ],
)
def test_a_target_that_cannot_be_served_is_explained(folder: Path, target: str, words: str) -> None:
    code, said = _ended("serve", target, cwd=folder, environment=FREE_PORT)
    assert code == 2
    assert words in said
    assert "Traceback" not in said


def test_a_port_in_use_is_explained(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = _ended("demo", cwd=tmp_path, environment={"AGUI_PORT": port})
    assert code == 1
    assert "Cannot listen" in said
    assert "AGUI_PORT" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [(), ("dance",)], ids=["none", "unknown"])
def test_a_wrong_command_line_is_answered_with_its_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, said = _ended(*arguments, cwd=tmp_path, environment={})
    assert code == 2
    assert "usage: agui-runtime" in said


def test_nothing_to_serve_is_told_with_what_to_do(tmp_path: Path) -> None:
    code, said = _ended("serve", cwd=tmp_path, environment={})
    assert code == 2
    assert "name a MODULE:ATTRIBUTE" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [("serve", "chat_app:container"), ("demo",)], ids=["serve", "demo"])
def test_other_machines_are_not_served_unless_they_are_asked_who_they_are(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    environment = {**FREE_PORT, "AGUI_HOST": "0.0.0.0"}  # noqa: S104 - refused
    code, said = _ended(*arguments, cwd=folder, environment=environment)
    assert code == 2
    assert "AGUI_ALLOW_ANONYMOUS=1" in said
    assert "Traceback" not in said
