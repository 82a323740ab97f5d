"""SIGTERM while an agent has not answered yet, in real processes: its request ends well, and so does the server."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.agui_client import HEADERS, events_of, run_input, types_of
from tests.support.aio import run
from tests.support.app_servers import UNDER_AIOHTTP, AppServer, under_uvicorn
from tests.support.commands import Command
from tests.support.graphql_client import Answer, chat, exchange

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
container, asgi = runtime.container, runtime.asgi_app()
"""
SERVERS = [UNDER_AIOHTTP, under_uvicorn("auto")]


@pytest.fixture(params=SERVERS, ids=["aiohttp", "uvicorn"])
def server(request: pytest.FixtureRequest) -> AppServer:
    found: AppServer = request.param
    return found


@contextmanager
def served(server: AppServer, folder: Path, drain_seconds: str) -> Iterator[tuple[Command, str]]:
    with server.serving(APP, folder, {"AGUI_DRAIN_SECONDS": drain_seconds}) as (host, url):
        yield host, url
        assert host.exit_code() in {0, -signal.SIGTERM}
    assert "Traceback" not in "\n".join(host.err)
    assert "destroyed" not in "\n".join(host.err)


async def ask_and_terminate(host: Command, url: str, body: object, headers: dict[str, str] | None = None) -> Answer:
    given = {} if headers is None else {"headers": headers}
    asking = asyncio.create_task(exchange(url, body, **given))
    await asyncio.to_thread(host.find, "(asked)")
    host.terminate()
    return await asking


def test_an_agui_run_that_nobody_answers_in_time_gets_its_terminal_event(server: AppServer, tmp_path: Path) -> None:
    with served(server, tmp_path, "0.3") as (host, url):
        answer = run(ask_and_terminate(host, f"{url}/agent/never/run", run_input("go"), HEADERS))
    assert types_of(events_of(answer)) == ["RUN_STARTED", "RUN_FINISHED"]


def test_a_graphql_run_that_nobody_answers_in_time_is_told_its_end(server: AppServer, tmp_path: Path) -> None:
    with served(server, tmp_path, "0.3") as (host, url):
        answer = run(ask_and_terminate(host, url, chat("go", agent="never")))
    assert answer.response()["status"]["code"] == "Success"


def test_a_run_whose_agent_answers_before_the_deadline_is_finished(server: AppServer, tmp_path: Path) -> None:
    with served(server, tmp_path, "60") as (host, url):
        answer = run(ask_and_terminate(host, f"{url}/agent/late/run", run_input("go"), HEADERS))
    assert events_of(answer)[-1]["result"] == "in time"
