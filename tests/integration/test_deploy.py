"""The files of deploy/ for containers: what they name is there, and what they run works."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from agui_runtime.composition.settings import PREFIX, Settings
from tests.support.commands import command
from tests.support.processes import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
SETTINGS = {PREFIX + attribute.name.upper() for attribute in attrs.fields(Settings)}


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [word for line in lines for word in line.split()[:-1]]


def health_check(port: str) -> int:
    found = re.search(r"^HEALTHCHECK .*?CMD (\[.*?\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found is not None
    words = json.loads(found[1])
    assert words[0] == "python3"
    asked = subprocess.run([sys.executable, *words[1:]], env={"AGUI_PORT": port}, capture_output=True, check=False)
    return asked.returncode


def test_the_wheel_is_built_from_what_the_image_copies(tmp_path: Path) -> None:
    for name in copied():
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    built = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert built.returncode == 0, built.stderr
    assert len(list((tmp_path / "dist").glob("agui_runtime-*.whl"))) == 1


def test_the_builds_context_is_what_the_image_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == set(copied())


def test_the_image_is_of_an_ordinary_user_and_closed_by_default() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    with command("serve", "agents:container", cwd=DEPLOY / "app", environment={"AGUI_HOST": "0.0.0.0"}) as host:  # noqa: S104
        assert host.exit_code() == 2


def test_the_health_check_passes_while_the_served_module_is_ready_and_fails_where_nobody_answers() -> None:
    port = str(free_port())
    assert health_check(port) == 1
    with command("serve", "agents:container", cwd=DEPLOY / "app", environment={"AGUI_PORT": port}) as host:
        host.find(r"(http://\S+/api/copilotkit)")
        assert health_check(port) == 0


@pytest.mark.parametrize("service", ["migrate", "runtime"])
def test_compose_sets_only_settings_that_there_are(service: str) -> None:
    assert SERVICES[service]["environment"].keys() <= SETTINGS
    assert SERVICES[service]["build"] == {
        "context": "..",
        "dockerfile": "deploy/Dockerfile",
        "args": {"BASE": "${PYTHON_IMAGE:-python:3.13-slim}"},
    }


def test_compose_migrates_a_database_that_answers_before_it_serves() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert SERVICES["runtime"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_compose_waits_longer_for_the_end_than_runs_may_go_on() -> None:
    assert int(SERVICES["runtime"]["stop_grace_period"].removesuffix("s")) > Settings().drain_seconds
