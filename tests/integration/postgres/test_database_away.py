"""A server whose database goes away in the middle of runs, and comes back, as clients meet it."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.postgres.test_composition import database, runtime_url
from tests.support.agui_client import Frame, frames_of, opened, run_input
from tests.support.aio import run
from tests.support.commands import command
from tests.support.graphql_client import chat, streaming
from tests.support.incremental import merge
from tests.support.postgres_servers import Server

pytestmark = pytest.mark.postgres

THREAD = "thread-1"
MODULE = """
import asyncio

from dependency_injector import providers

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.composition.container import RuntimeContainer


async def counter(run_input):
    for number in range(2000):
        yield f"{number} "
        await asyncio.sleep(0.01)


container = RuntimeContainer(agents=providers.Object((FunctionAgent(counter),)))
"""


def agent(url: str, what: str) -> str:
    return f"{url}/agent/counter/{what}"


def said(frames: list[Frame]) -> list[str]:
    return [frame.event["delta"] for frame in frames if frame.event["type"] == "TEXT_MESSAGE_CONTENT"]


def words_of(frames: list[Frame]) -> list[str]:
    return "".join(said(frames)).split()


def assert_counted(frames: list[Frame], *, at_least: int) -> None:
    """The numbers from 0 on, each once."""
    words = words_of(frames)
    assert words == [str(number) for number in range(len(words))]
    assert len(words) >= at_least


def test_streams_end_with_an_error_when_the_database_stays_away_and_the_thread_goes_on_afterwards(
    tmp_path: Path, killable: Server
) -> None:
    async def story(url: str) -> None:
        async with (
            opened(agent(url, "run"), run_input("Count", thread=THREAD)) as running,
            streaming(url, chat("Count", agent="counter", thread="other-thread")) as graphql,
        ):
            await running.until("20 ")
            await graphql.until("5 ")
            await asyncio.to_thread(killable.kill)
            ran, parts = await running.rest(), await graphql.rest()
        assert_counted(ran, at_least=21)
        assert (ran[-1].event["type"], ran[-1].event["code"]) == ("RUN_ERROR", "UNAVAILABLE")
        assert merge(parts)["data"]["generateCopilotResponse"]["status"]["code"] == "Failed"
        await asyncio.to_thread(killable.start)
        again = await eventually_counting(url)
        assert words_of(again)[:3] == ["0", "1", "2"]

    (tmp_path / "counting.py").write_text(MODULE)
    with database(of=killable) as url:
        environment = {"AGUI_DATABASE_URL": url, "AGUI_LEASE_SECONDS": "2", "AGUI_DATABASE_SECONDS": "1"}
        with command(
            "serve", "counting:container", cwd=tmp_path, environment={"AGUI_PORT": "0", **environment}
        ) as server:
            run(story(runtime_url(server)))


async def eventually_counting(url: str) -> list[Frame]:
    """The beginning of a new run, once the lost one is sealed."""
    while True:
        async with opened(agent(url, "run"), run_input("Again", thread=THREAD)) as stream:
            first = await anext(stream.response.content.iter_any())
            if b"RUN_ERROR" in first:
                await asyncio.sleep(0.2)
                continue
            stream.raw += first
            await stream.until("3 ")
            whole = stream.raw.decode()
            return frames_of(whole[: whole.rindex("\n\n") + 2])
