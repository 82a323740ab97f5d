"""SIGTERM while an agent has not answered yet, in real processes: its request ends well, and so does the server."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.agui_client import HEADERS, events_of, run_input, types_of
from tests.support.aio import run
from tests.support.commands import Command, process
from tests.support.graphql_client import Answer, chat, exchange

ROOT = Path(__file__).parents[3]
APP = """
import asyncio

from agui_runtime import CopilotRuntime
from agui_runtime.application.values import AgentDescription, AgentRun
from agui_runtime.domain.events import RunFinished, RunStarted
from agui_runtime.domain.identity import AgentName


class Slow:
    def __init__(self, name, seconds):
        self._name, self._seconds = name, seconds

    def describe(self):
        return AgentDescription(AgentName(self._name))

    async def start(self, run_input, context):
        print("asked", flush=True)
        await asyncio.sleep(self._seconds)

        async def events():
            yield RunStarted(run_input.thread_id, run_input.run_id)
            yield RunFinished(run_input.thread_id, run_input.run_id, result="in time")

        return AgentRun(events())


runtime = CopilotRuntime(agents=[Slow("never", 3600), Slow("late", 0.5)])
container = runtime.container
"""
UVICORN = """
import asyncio

import uvicorn

from slow_app import runtime


async def main():
    server = uvicorn.Server(uvicorn.Config(runtime.asgi_app(), port=0))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/api/copilotkit", flush=True)
    await serving


asyncio.run(main())
"""
PROGRAMS = {
    "aiohttp": ["-m", "agui_runtime.composition.cli", "serve", "slow_app:container"],
    "uvicorn": ["under_uvicorn.py"],
}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "slow_app.py").write_text(APP)
    (tmp_path / "under_uvicorn.py").write_text(UVICORN)
    return str(request.param)


@contextmanager
def served(program: str, folder: Path, drain_seconds: str) -> Iterator[tuple[Command, str]]:
    environment = {"AGUI_PORT": "0", "AGUI_DRAIN_SECONDS": drain_seconds, "PYTHONPATH": f"{ROOT}:{folder}"}
    with process([sys.executable, *PROGRAMS[program]], cwd=folder, environment=environment) as host:
        yield host, host.find(r"(http://\S+/api/copilotkit)")
        assert host.exit_code() in {0, -signal.SIGTERM}
    assert "Traceback" not in "\n".join(host.err)
    assert "destroyed" not in "\n".join(host.err)


async def ask_and_terminate(host: Command, url: str, body: object, headers: dict[str, str] | None = None) -> Answer:
    given = {} if headers is None else {"headers": headers}
    asking = asyncio.create_task(exchange(url, body, **given))
    await asyncio.to_thread(host.find, "(asked)")
    host.terminate()
    return await asking


def test_an_agui_run_that_nobody_answers_in_time_gets_its_terminal_event(program: str, tmp_path: Path) -> None:
    with served(program, tmp_path, "0.3") as (host, url):
        answer = run(ask_and_terminate(host, f"{url}/agent/never/run", run_input("go"), HEADERS))
    assert types_of(events_of(answer)) == ["RUN_STARTED", "RUN_FINISHED"]


def test_a_graphql_run_that_nobody_answers_in_time_is_told_its_end(program: str, tmp_path: Path) -> None:
    with served(program, tmp_path, "0.3") as (host, url):
        answer = run(ask_and_terminate(host, url, chat("go", agent="never")))
    assert answer.response()["status"]["code"] == "Success"


def test_a_run_whose_agent_answers_before_the_deadline_is_finished(program: str, tmp_path: Path) -> None:
    with served(program, tmp_path, "60") as (host, url):
        answer = run(ask_and_terminate(host, f"{url}/agent/late/run", run_input("go"), HEADERS))
    assert events_of(answer)[-1]["result"] == "in time"
