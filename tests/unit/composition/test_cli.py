"""The command line: what is wrong is explained in one line, and the exit code says whose fault it is."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agui_runtime import __version__
from agui_runtime.composition import cli
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
