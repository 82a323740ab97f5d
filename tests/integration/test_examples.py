"""Every example runs as it is."""

import json
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import Command, command, process
from tests.support.graphql_client import Answer, ask, chat
from tests.support.incremental import Payload
from tests.support.processes import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
UNBUFFERED = {"PYTHONUNBUFFERED": "1"}
JSON = {"content-type": "application/json"}


def said(url: str) -> str:
    response: Payload = ask(url, chat("hello", agent="helper", thread="t")).response()
    return "".join(next(message["content"] for message in response["messages"] if "content" in message))


def get(url: str) -> Answer:
    return ask(url, method="GET", headers={})


def test_these_are_all_examples() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "fastapi_host",
        "aiohttp_host",
        "audited_store",
        "file_store",
    }


def test_fastapi_host() -> None:
    port = str(free_port())
    words = [sys.executable, "-m", "uvicorn", "fastapi_host:app", "--port", port, "--timeout-graceful-shutdown", "5"]
    with process(words, cwd=EXAMPLES, environment=UNBUFFERED) as host:
        _stands(host, r"(Uvicorn running)")
        server = f"http://127.0.0.1:{port}"
        assert said(f"{server}/api/copilotkit") == "You said: hello"
        assert get(f"{server}/threads/welcome/state").json() == {"version": 1, "state": {"greeted": True}}
        assert get(f"{server}/threads/nobody/state").json() == {"version": 0, "state": {}}
        host.terminate()
        host.exit_code()
    assert "Traceback" not in "\n".join(host.err)


def test_aiohttp_host() -> None:
    port = str(free_port())
    with process([sys.executable, "aiohttp_host.py"], cwd=EXAMPLES, environment={"PORT": port, **UNBUFFERED}) as host:
        host.find(r"(Running on)")
        assert said(f"http://127.0.0.1:{port}/api/copilotkit") == "You said: hello"
        assert "/api/copilotkit" in get(f"http://127.0.0.1:{port}/").text


def test_audited_store(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    environment = {"AGUI_PORT": "0", "AUDIT_FILE": str(file)}
    with command("serve", "audited_store:container", cwd=EXAMPLES, environment=environment) as host:
        url = host.find(r"(http://\S+/api/copilotkit)")
        assert [said(url), said(url)] == ["That was number 1.", "That was number 2."]
        delete = 'mutation { deleteAgentState(data: {threadId: "t", agentName: "helper"}) { existed } }'
        assert ask(url, {"query": delete}, headers=JSON).json()["data"]["deleteAgentState"]["existed"]
    assert file.read_text().splitlines() == ["saved t/helper version 1", "saved t/helper version 2", "deleted t/helper"]


def test_file_store(tmp_path: Path) -> None:
    environment = {"AGUI_PORT": "0", "STATES_FOLDER": str(tmp_path / "states")}
    for number in (1, 2):
        with command("serve", "file_store:container", cwd=EXAMPLES, environment=environment) as host:
            assert said(host.find(r"(http://\S+/api/copilotkit)")) == f"That was number {number}."
    (file,) = (tmp_path / "states").iterdir()
    assert json.loads(json.loads(file.read_text())["text"]) == {"asked": 2}


def _stands(host: Command, pattern: str) -> None:
    """Uvicorn says so on standard error."""
    for _ in range(200):
        if any(pattern.strip("()") in line for line in host.err):
            return
        time.sleep(0.1)
    pytest.fail(f"It did not start: {host.err}")
