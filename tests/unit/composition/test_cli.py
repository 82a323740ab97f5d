"""The command line: what is wrong is explained in one line, and the exit code says whose fault it is."""

import itertools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from aiohttp import web

from agui_runtime import __version__
from agui_runtime.composition import cli
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import UnavailableError

NUMBERS = itertools.count(1)
CONTAINER = "from agui_runtime import RuntimeContainer\n"

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a module into the working directory and gives its name; what main changes is put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    monkeypatch.setattr(cli, "set_up_logging", lambda _: None)

    def write_module(text: str) -> str:
        name = f"served_{next(NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write_module


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would have been served."""
    calls: list[dict[str, Any]] = []

    def run_app(app: web.Application, **given: Any) -> None:
        given["announce"]("http://127.0.0.1:1")
        calls.append({"app": app, **given})

    monkeypatch.setattr(cli, "run_app", run_app)
    return calls


@pytest.mark.parametrize("attribute", ["container", "made", "RuntimeContainer"])
def test_a_container_or_what_makes_one_is_served(
    attribute: str, write: Write, served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    name = write(CONTAINER + "container = RuntimeContainer()\ndef made():\n    return container\n")
    assert cli.main(["serve", f"{name}:{attribute}"]) == 0
    assert isinstance(served[0]["app"], web.Application)
    assert f"Serving {name}:{attribute} at http://127.0.0.1:1/api/copilotkit" in capsys.readouterr().out


def test_without_a_target_the_agents_elsewhere_are_served(
    served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGUI_REMOTE_ENDPOINTS", "python=http://127.0.0.1:1/copilotkit")
    assert cli.main(["serve"]) == 0
    assert isinstance(served[0]["app"], web.Application)
    assert "Serving agents elsewhere at" in capsys.readouterr().out


def test_without_a_target_and_without_agents_elsewhere_there_is_nothing_to_serve(
    served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve"]) == cli.MISUSED
    assert "There is nothing to serve" in capsys.readouterr().err
    assert served == []


def test_an_application_is_served_as_it_is(write: Write, served: list[dict[str, Any]]) -> None:
    name = write("from aiohttp import web\napp = web.Application()\n")
    assert cli.main(["serve", f"{name}:app"]) == 0
    assert isinstance(served[0]["app"], web.Application)


def test_the_containers_own_settings_count(write: Write, served: list[dict[str, Any]]) -> None:
    name = write(
        "from agui_runtime import RuntimeContainer, Settings\nfrom dependency_injector import providers\n"
        "container = RuntimeContainer(settings=providers.Object(Settings(port=4321, host='::1')))\n"
    )
    cli.main(["serve", f"{name}:container"])
    assert (served[0]["host"], served[0]["port"]) == ("::1", 4321)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nonsense", "is no MODULE:ATTRIBUTE"),
        (":container", "is no MODULE:ATTRIBUTE"),
        ("module:", "is no MODULE:ATTRIBUTE"),
        ("no_such_module:container", "There is no module 'no_such_module'"),
        ("no_such.module:container", "There is no module 'no_such.module'"),
        ("json:container", "has no 'container'"),
        ("json:__name__", "is a str; expected a RuntimeContainer or an aiohttp application"),
    ],
)
def test_a_target_that_cannot_be_served_is_explained(
    target: str, words: str, write: Write, served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve", target]) == cli.MISUSED
    told = capsys.readouterr().err
    assert told.startswith("agui-runtime: ")
    assert words in told
    assert served == []


def test_a_module_that_lacks_something_itself_is_not_called_missing(write: Write) -> None:
    name = write("import something_that_is_not_installed\n")
    with pytest.raises(ModuleNotFoundError, match="something_that_is_not_installed"):
        cli.main(["serve", f"{name}:container"])


def test_a_bad_setting_is_a_wrong_command_line(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGUI_PORT", "eighty")
    assert cli.main(["demo"]) == cli.MISUSED
    assert "AGUI_PORT: expected a port number from 0 to 65535, but it is 'eighty'." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError(98, "Address already in use"), "Cannot listen: Address already in use"),
        (UnavailableError("No database."), "No database."),
    ],
)
def test_what_keeps_it_from_running_is_told(
    fault: Exception, words: str, write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise fault

    monkeypatch.setattr(cli, "run_app", refuses)
    assert cli.main(["demo"]) == cli.FAILED
    assert words in capsys.readouterr().err


def test_the_demo_tells_where_it_is(
    write: Write, served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo"]) == 0
    told = capsys.readouterr().out
    assert "http://127.0.0.1:1/\n" in told
    assert "http://127.0.0.1:1/api/copilotkit\n" in told


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["demo", "extra"]])
def test_a_wrong_command_line_is_answered_with_its_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == cli.MISUSED
    assert "usage: agui-runtime" in capsys.readouterr().err


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"agui-runtime {__version__}\n"


def test_the_schema_is_printed_whole(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert "type CopilotResponse" in capsys.readouterr().out


# Help

COMMANDS = ["serve", "demo", "migrate", "doctor", "schema", "settings"]


def help_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        cli.main([*arguments, "--help"])
    assert caught.value.code == 0
    return capsys.readouterr().out


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    told = help_of(capsys)
    assert [line.split()[0] for line in told.splitlines() if line[:4] == "    " and line[4:5].isalpha()] == COMMANDS


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_each_help_stands_by_itself(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    told = help_of(capsys, *([command] if command else []))
    assert "\nexamples:\n  " in told
    assert "\nexit codes:\n  0  " in told
    assert "README" not in told
    assert told.isascii(), "terminals of any encoding print it"


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_the_examples_in_the_help_are_command_lines_that_it_takes(
    command: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = help_of(capsys, *([command] if command else []))
    block = told.partition("\nexamples:\n")[2].partition("\n\n")[0]
    ran: list[str] = []
    for line in block.splitlines():
        words = shlex.split(line.partition("   ")[0] if line[2:].startswith("agui-runtime") else line)
        words = words[: words.index(">")] if ">" in words else words
        settings, arguments = words[: words.index("agui-runtime")], words[words.index("agui-runtime") + 1 :]
        with monkeypatch.context() as environment:
            for setting in settings:
                environment.setenv(*setting.split("=", 1))
            for name in ("_serve", "_demo", "_migrate", "_doctor", "_schema", "_settings"):
                environment.setattr(cli, name, lambda options, settings: ran.append("x") or 0)
            if "--help" not in arguments:
                assert cli.main(arguments) == 0
                assert ran.pop() == "x"
    assert block


def test_the_settings_are_listed_with_meaning_and_default(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [f"AGUI_{each.name.upper()}" for each in attrs.fields(Settings)]
    assert any(line.endswith("  Port to listen on; 0 picks a free one (default: 8000)") for line in lines)


def test_no_setting_s_value_is_listed(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGUI_AUTH_TOKENS", "alice=a-secret-of-hers")
    assert cli.main(["settings"]) == 0
    assert "a-secret-of-hers" not in capsys.readouterr().out


def test_the_documentation_has_the_same_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(cli.__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = page.partition("## The command line")[2].partition("## ")[0].splitlines()
    assert [row.split("`")[1].split()[1] for row in rows if row.startswith("| `agui-runtime")] == COMMANDS
    assert [row[2] for row in rows if row[2:3].isdigit()] == ["0", "1", "2"]
