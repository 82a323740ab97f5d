"""The log of a real server: every line is JSON, says what it is about, and tells nothing of what was said."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.agui_client import events_of
from tests.support.commands import command
from tests.support.graphql_client import CLIENT_HEADERS, ask, chat

TOKEN, WRONG = "a-token-of-alice", "a-token-of-nobody"
SAID, ANSWERED = "what-only-the-user-says", "what-only-the-agent-says"
SCOPE = "owner:5:alice"
APP = f'''
from dependency_injector import providers

from agui_runtime import FunctionAgent, RuntimeContainer


async def told(run_input):
    """Answers."""
    yield "{ANSWERED}"
    yield " "


async def broken(run_input):
    """Fails."""
    yield "{ANSWERED}"
    raise RuntimeError("out of order")


container = RuntimeContainer(agents=providers.Object((FunctionAgent(told), FunctionAgent(broken))))
'''
SETTINGS = {
    "AGUI_PORT": "0",
    "AGUI_LOG_FORMAT": "json",
    "AGUI_LOG_LEVEL": "DEBUG",
    "AGUI_AUTH_TOKENS": f"alice={TOKEN}",
}
Line = dict[str, Any]


def headers(request: str, token: str = TOKEN) -> dict[str, str]:
    return {**CLIENT_HEADERS, "authorization": f"Bearer {token}", "x-request-id": request}


def run_input(thread: str, run: str) -> dict[str, Any]:
    message = {"id": "m-1", "role": "user", "content": SAID}
    common = {"tools": [], "context": [], "forwardedProps": {}, "state": {"kept": SAID}}
    return {"threadId": thread, "runId": run, "messages": [message], **common}


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[tuple[str, list[str]]]:
    """The runtime's URL; and the lines of its log, all of them once the block is left."""
    (folder / "logged_app.py").write_text(APP)
    lines: list[str] = []
    environment = {**SETTINGS, **settings}
    with command("serve", "logged_app:container", cwd=folder, environment=environment) as process:
        yield process.find(r"at (http://\S+)"), lines
        process.terminate()
        assert process.exit_code() == 0
    lines.extend(process.err)


def about(lines: list[str], request: str) -> list[Line]:
    parsed: list[Line] = [json.loads(line) for line in lines]
    return [line for line in parsed if line.get("request_id") == request]


def only(lines: list[Line], logger: str, **fields: Any) -> Line:
    (found,) = [
        line
        for line in lines
        if line["logger"] == logger and all(line.get(name) == value for name, value in fields.items())
    ]
    return found


def test_a_run_of_either_protocol_is_told_of_in_json_without_what_was_said(tmp_path: Path) -> None:
    with served(tmp_path) as (url, lines):
        graphql = ask(url, chat(SAID, thread="thread-1", agent="told"), headers=headers("request-1"))
        assert ANSWERED in graphql.text
        agui = ask(f"{url}/agent/told/run", run_input("thread-2", "run-2"), headers=headers("request-2"))
        assert events_of(agui)[-1]["type"] == "RUN_FINISHED"
        broken = ask(f"{url}/agent/broken/run", run_input("thread-3", "run-3"), headers=headers("request-3"))
        assert events_of(broken)[-1]["type"] == "RUN_ERROR"
        assert ask(f"{url}/info", method="GET", headers=headers("request-4", WRONG)).status == 401
        assert ask(f"{url}/livez", method="GET", headers={"x-request-id": "request-5"}).status == 200

    everything = "\n".join(lines)
    for secret in (SAID, ANSWERED, TOKEN, WRONG):
        assert secret not in everything
    for line in lines:
        assert {"time", "level", "logger", "message"} <= json.loads(line).keys()

    expected = {"scope": SCOPE, "thread_id": "thread-1", "agent": "told"}
    of_graphql = about(lines, "request-1")
    access = only(of_graphql, "agui_runtime.access", level="INFO", **expected)
    assert (access["method"], access["operation"], access["status"]) == ("POST", "generateCopilotResponse", 200)
    ended = only(of_graphql, "agui_runtime.application.measured_recording", level="INFO", **expected)
    assert (ended["outcome"], ended["chunks"], ended["run_id"]) == ("finished", 2, access["run_id"])
    assert ended["seconds"] > 0

    expected = {"scope": SCOPE, "thread_id": "thread-2", "agent": "told", "run_id": "run-2"}
    of_agui = about(lines, "request-2")
    access = only(of_agui, "agui_runtime.access", level="INFO", **expected)
    assert (access["path"], access["operation"]) == ("/api/copilotkit/agent/told/run", "agent/run")
    assert only(of_agui, "agui_runtime.application.measured_recording", **expected)["outcome"] == "finished"

    expected = {"scope": SCOPE, "thread_id": "thread-3", "agent": "broken", "run_id": "run-3"}
    of_broken = about(lines, "request-3")
    ended = only(of_broken, "agui_runtime.application.measured_recording", level="WARNING", **expected)
    assert ended["outcome"] == "failed"
    cause = only(of_broken, "agui_runtime.application.run_supervisor", level="WARNING", **expected)
    assert "RuntimeError: out of order" in cause["exception"]

    of_stranger = about(lines, "request-4")
    assert only(of_stranger, "agui_runtime.access")["status"] == 401
    assert "none of those configured" in only(of_stranger, "agui_runtime.adapters.http.access")["message"]
    assert "scope" not in only(of_stranger, "agui_runtime.access")

    assert only(about(lines, "request-5"), "agui_runtime.access")["level"] == "DEBUG"


@pytest.mark.parametrize("wire", ["graphql", "agui"])
def test_what_was_said_is_logged_for_those_who_ask(tmp_path: Path, wire: str) -> None:
    with served(tmp_path, AGUI_LOG_MESSAGES="1") as (url, lines):
        if wire == "graphql":
            ask(url, chat(SAID, thread="thread-1", agent="told"), headers=headers("request-1"))
        else:
            ask(f"{url}/agent/told/run", run_input("thread-1", "run-1"), headers=headers("request-1"))
    told = [line for line in about(lines, "request-1") if line["logger"] == "agui_runtime.messages"]
    assert [[message["content"].strip() for message in line["messages"]] for line in told] == [[SAID], [ANSWERED]]
    assert {line["scope"] for line in told} == {SCOPE}
    assert TOKEN not in "\n".join(lines)


def test_lines_for_people_end_with_what_they_are_about(tmp_path: Path) -> None:
    with served(tmp_path, AGUI_LOG_FORMAT="text", AGUI_LOG_LEVEL="INFO") as (url, lines):
        ask(f"{url}/agent/told/run", run_input("thread-1", "run-1"), headers=headers("request-1"))
    known = f"[request_id=request-1 thread_id=thread-1 run_id=run-1 agent=told scope={SCOPE}]"
    assert [line for line in lines if line.endswith(f": 200 after {line.split(' after ')[-1]}") and known in line]
    assert any("The run is over: finished" in line and line.endswith(known) for line in lines)
