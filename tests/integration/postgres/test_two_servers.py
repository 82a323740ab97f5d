"""Two servers on one database: a run of one is followed, stopped and outlived on the other, over HTTP."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from attrs import frozen

from tests.support import postgres
from tests.support.agui import all_events, events, run_input, stop, text_of
from tests.support.aio import run

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
LEASE_SECONDS = 2
START_SECONDS = 30.0
RUN, CONNECT = "agent/default/run", "agent/default/connect"


@frozen
class Server:
    """A conformance host in a process of its own."""

    url: str
    process: asyncio.subprocess.Process

    def kill(self) -> None:
        """As the kernel does it: no goodbye."""
        self.process.send_signal(signal.SIGKILL)


@asynccontextmanager
async def server(database_url: str) -> AsyncIterator[Server]:
    environment = {
        **os.environ,
        "AGUI_DATABASE_URL": database_url,
        "AGUI_LEASE_SECONDS": str(LEASE_SECONDS),
        "AGUI_DRAIN_SECONDS": "0.2",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.conformance_host",
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        yield Server(line.decode().removeprefix("listening ").strip(), process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def on_two_servers(story: Callable[[Server, Server, str], Coroutine[Any, Any, None]]) -> None:
    async def tell() -> None:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(postgres.database())
            first = await stack.enter_async_context(server(url))
            second = await stack.enter_async_context(server(url))
            await story(first, second, str(uuid4()))

    run(tell())


async def until_text(stream: AsyncIterator[dict[str, Any]], pieces: int) -> list[dict[str, Any]]:
    """Read so many pieces of text, and what comes before."""
    seen: list[dict[str, Any]] = []
    async for event in stream:
        seen.append(event)
        if sum(each["type"] == "TEXT_MESSAGE_CONTENT" for each in seen) == pieces:
            break
    return seen


def test_a_run_of_one_server_is_followed_on_the_other_while_it_goes_on() -> None:
    async def story(a: Server, b: Server, thread: str) -> None:
        async with events(a.url, RUN, run_input(thread, "slow:40:50")) as on_a:
            await until_text(on_a, 3)
            async with events(b.url, CONNECT, run_input(thread)) as on_b:
                assert await until_text(on_b, 10)
                rest = [event async for event in on_b]
        assert rest[-1]["type"] == "RUN_FINISHED"
        again = await all_events(b.url, CONNECT, run_input(thread))
        assert text_of(again) == "".join(f"w{index} " for index in range(40))

    on_two_servers(story)


def test_a_run_of_one_server_is_stopped_from_the_other() -> None:
    async def story(a: Server, b: Server, thread: str) -> None:
        async with events(a.url, RUN, run_input(thread, "slow:400:50")) as on_a:
            await until_text(on_a, 2)
            answer = await stop(b.url, thread)
            rest = [event async for event in on_a]
        assert answer["stopped"] is True
        assert rest[-1]["type"] == "RUN_FINISHED"
        assert len(rest) < 300

    on_two_servers(story)


def test_a_thread_that_is_busy_on_one_server_is_busy_on_the_other() -> None:
    async def story(a: Server, b: Server, thread: str) -> None:
        async with events(a.url, RUN, run_input(thread, "slow:400:50")) as on_a:
            await until_text(on_a, 2)
            (refusal,) = await all_events(b.url, RUN, run_input(thread, "text:1"))
        assert (refusal["type"], refusal["code"]) == ("RUN_ERROR", "THREAD_BUSY")

    on_two_servers(story)


def test_a_run_behind_a_stop_on_one_server_begins_on_the_other() -> None:
    async def story(a: Server, b: Server, thread: str) -> None:
        async with events(a.url, RUN, run_input(thread, "slow:400:50")) as on_a:
            await until_text(on_a, 2)
            assert (await stop(a.url, thread))["stopped"] is True
            answered = await all_events(b.url, RUN, run_input(thread, "text:2"))
        assert text_of(answered) == "w0 w1 "

    on_two_servers(story)


def test_what_a_killed_server_had_shown_is_on_the_other_with_the_run_ended_as_failed() -> None:
    async def story(a: Server, b: Server, thread: str) -> None:
        async with events(a.url, RUN, run_input(thread, "slow:400:50")) as on_a:
            shown = await until_text(on_a, 10)
            a.kill()
            await a.process.wait()
        followed = await all_events(b.url, CONNECT, run_input(thread))
        assert text_of(followed).startswith(text_of(shown))
        assert [event["type"] for event in followed[-2:]] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
        answered = await all_events(b.url, RUN, run_input(thread, "text:2"))
        assert text_of(answered) == "w0 w1 "

    on_two_servers(story)


def test_a_resumed_stream_has_neither_gap_nor_repeat_on_the_other_server() -> None:
    async def story(a: Server, b: Server, thread: str) -> None:
        async with events(a.url, RUN, run_input(thread, "slow:40:30")) as on_a:
            seen = await until_text(on_a, 7)
        rest = await all_events(b.url, CONNECT, run_input(thread), headers={"Last-Event-ID": seen[-1]["_id"]})
        assert text_of([*seen, *rest]) == "".join(f"w{index} " for index in range(40))

    on_two_servers(story)


def test_an_open_question_survives_a_restart() -> None:
    async def story(a: Server, b: Server, thread: str) -> None:
        asked = await all_events(a.url, RUN, run_input(thread, "interrupt"))
        a.kill()
        replayed = await all_events(b.url, CONNECT, run_input(thread))
        assert replayed[-1]["outcome"] == asked[-1]["outcome"]
        (question,) = replayed[-1]["outcome"]["interrupts"]
        resume = [{"interruptId": question["id"], "status": "resolved", "payload": 1}]
        answered = await all_events(b.url, RUN, run_input(thread, resume=resume))
        assert text_of(answered).endswith("=resolved:1")

    on_two_servers(story)
