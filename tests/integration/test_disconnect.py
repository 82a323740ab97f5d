"""Hanging up is the GraphQL protocol's only way to stop: it stops everything below, and only what is still going on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from attrs import Factory, define

from agui_runtime.adapters.scripted import FunctionAgent, ScriptedModel, say
from agui_runtime.application.values import (
    AfterRun,
    AgentDescription,
    AgentRun,
    BeforeRun,
    ModelRequest,
    ModelRun,
    RunContext,
)
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.runs import Finished, RunInput, Stopped
from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import Answer, ask, chat, document, exchange, new_thread, streaming
from tests.support.scripts import Paced, asked
from tests.support.serving import runtime, serving

SOON = 5.0
"""Seconds within which what must happen "at once" is expected on a busy machine."""

BOTH = pytest.mark.parametrize("agent", [None, "echo"], ids=["model", "agent"])


@define
class Seen:
    """Hooks that remember how runs came out."""

    outcomes: list[Any] = Factory(list)
    changed: asyncio.Event = Factory(asyncio.Event)

    async def before_run(self, before: BeforeRun) -> None:
        return None

    async def after_run(self, after: AfterRun) -> None:
        self.outcomes.append(after.outcome)
        self.changed.set()


async def _within(seconds: float, waiting: Awaitable[Any]) -> None:
    async with asyncio.timeout(seconds):
        await waiting


async def _load(url: str, thread: str, agent: str) -> Answer:
    variables = {"data": {"threadId": thread, "agentName": agent}}
    return await exchange(url, {"query": document("loadAgentState"), "variables": variables})


@BOTH
def test_a_client_that_hangs_up_stops_what_answers_it(host: Host, agent: str | None) -> None:
    thread = new_thread()

    async def scenario() -> None:
        async with streaming(host.url, chat("slow:200:50", thread=thread, agent=agent)) as stream:
            await stream.until("chunk2")

    run(scenario())
    host.wait_for(lambda seen: {"threadId": thread, "agentName": agent} in seen["stops"])
    host.wait_for(lambda seen: any(r["hook"] == "after" and r["threadId"] == thread for r in seen["requests"]))


@BOTH
def test_a_client_that_hangs_up_after_the_end_stops_nothing(host: Host, agent: str | None) -> None:
    thread = new_thread()

    async def scenario() -> None:
        async with streaming(host.url, chat("text:3", thread=thread, agent=agent)) as stream:
            await stream.until('"hasNext":false')
            stream.hang_up()

    run(scenario())
    host.wait_for(lambda seen: any(r["hook"] == "after" and r["threadId"] == thread for r in seen["requests"]))
    assert thread not in {stop["threadId"] for stop in host.debug()["stops"]}


@BOTH
def test_a_thread_can_be_used_at_once_after_its_client_hung_up(host: Host, agent: str | None) -> None:
    thread = new_thread()

    async def scenario() -> Answer:
        async with streaming(host.url, chat("slow:200:50", thread=thread, agent=agent)) as stream:
            await stream.until("chunk2")
        return await exchange(host.url, chat("text:1", thread=thread, agent=agent))

    assert run(scenario()).response()["status"]["code"] == "Success"


@pytest.mark.parametrize("agent", [None, "paced"], ids=["model", "agent"])
def test_the_cancellation_reaches_the_producer_even_while_it_says_nothing(agent: str | None) -> None:
    async def scenario() -> None:
        paced, seen = Paced(3), Seen()
        container = runtime(model=paced.model(), agents=(paced.agent(),), hooks=seen)
        async with serving(container) as url:
            async with streaming(url, chat("go", agent=agent)) as stream:
                await stream.next()
                paced.allow()
                await stream.until("chunk0")
            await _within(SOON, paced.cancelled.wait())
            await _within(SOON, seen.changed.wait())
        assert seen.outcomes == [Stopped()]

    run(scenario())


def test_a_run_that_ended_well_is_told_so() -> None:
    async def scenario() -> None:
        seen = Seen()

        async def script(request: ModelRequest) -> AsyncIterator[e.Event]:
            for event in say("msg-1", ["done"]):
                yield event

        async with serving(runtime(model=ScriptedModel(script), hooks=seen)) as url:
            async with streaming(url, chat("go")) as stream:
                await stream.until('"hasNext":false')
                stream.hang_up()
            await _within(SOON, seen.changed.wait())
        assert seen.outcomes == [Finished()]

    run(scenario())


class SlowToStart:
    """An agent, and a model, that never come to the point; the first time."""

    provider = "slow"

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.cancelled = asyncio.Event()

    def describe(self) -> AgentDescription:
        return AgentDescription(AgentName("slow"))

    async def start(self, request: RunInput | ModelRequest, context: RunContext | None = None) -> Any:
        if asked(request) == "wait":
            self.asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()
        if isinstance(request, ModelRequest):
            return ModelRun(self._events("t", "r", ends=False), request.thread_id)
        return AgentRun(self._events(request.thread_id, request.run_id, ends=True))

    async def _events(self, thread: Any, run_id: Any, *, ends: bool) -> AsyncIterator[e.Event]:
        for event in say("msg-1", ["here"]):
            yield event
        if ends:
            yield e.RunFinished(thread, run_id)


@pytest.mark.parametrize("agent", [None, "slow"], ids=["model", "agent"])
def test_a_client_gone_before_the_first_part_abandons_the_run(agent: str | None) -> None:
    async def scenario() -> None:
        slow, seen, thread = SlowToStart(), Seen(), new_thread()
        async with serving(runtime(model=slow, agents=(slow,), hooks=seen)) as url:
            waiting = asyncio.create_task(exchange(url, chat("wait", thread=thread, agent=agent)))
            await _within(SOON, slow.asked.wait())
            waiting.cancel()
            await asyncio.wait({waiting})
            await _within(SOON, slow.cancelled.wait())
            loaded = (await _load(url, thread, "slow")).result()["data"]["loadAgentState"]
            assert (loaded["threadExists"], loaded["messages"]) == (False, "[]")
            again = await exchange(url, chat("go", thread=thread, agent=agent))
            assert [m["content"] for m in again.response()["messages"]] == [["here"]]
            assert seen.outcomes == [Finished()]

    run(scenario())


def _deaf(heard: asyncio.Event) -> Callable[[RunInput], AsyncIterator[str]]:
    async def deaf(run_input: RunInput) -> AsyncIterator[str]:
        if asked(run_input) != "go on":
            yield "fine"
            return
        for index in range(1000):
            yield f"chunk{index} "
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                heard.set()

    return deaf


def test_an_agent_that_ignores_its_cancellation_is_sealed_off() -> None:
    async def scenario() -> None:
        heard, seen, thread = asyncio.Event(), Seen(), new_thread()
        container = runtime(
            environment={"AGUI_STOP_SECONDS": "0.2", "AGUI_BUSY_SECONDS": "3"},
            agents=(FunctionAgent(_deaf(heard), "deaf"),),
            hooks=seen,
        )
        async with serving(container) as url:
            async with streaming(url, chat("go on", thread=thread, agent="deaf")) as stream:
                await stream.until("chunk2")
            await _within(SOON, heard.wait())
            again = await exchange(url, chat("and now?", thread=thread, agent="deaf"))
            assert [m["content"] for m in again.response()["messages"] if "content" in m] == [["fine"]]
            assert seen.outcomes[0] == Stopped()
            loaded = (await _load(url, thread, "deaf")).result()["data"]["loadAgentState"]
            assert "fine" in loaded["messages"]
            assert "chunk500" not in loaded["messages"]

    run(scenario())


def test_a_client_that_hangs_up_while_it_sends_is_no_error(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async def never_ending() -> AsyncIterator[bytes]:
            yield b'{"query":'
            await asyncio.Event().wait()

        async with serving(runtime()) as url:
            waiting = asyncio.create_task(exchange(url, never_ending()))
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.wait({waiting})
            assert (await exchange(url, {"query": "{ hello }"})).json() == {"data": {"hello": "Hello World"}}

    # Some SDK that other tests import has the root logger tell everything.
    with caplog.at_level(logging.WARNING):
        run(scenario())
    assert caplog.records == []


def test_what_was_said_before_the_stop_stays_in_the_history(host: Host) -> None:
    thread = new_thread()

    async def scenario() -> None:
        async with streaming(host.url, chat("slow:200:50", thread=thread, agent="echo")) as stream:
            await stream.until("chunk2")

    run(scenario())
    host.wait_for(lambda seen: {"threadId": thread, "agentName": "echo"} in seen["stops"])
    host.wait_for(lambda seen: any(r["hook"] == "after" and r["threadId"] == thread for r in seen["requests"]))
    variables = {"data": {"threadId": thread, "agentName": "echo"}}
    loaded = ask(host.url, {"query": document("loadAgentState"), "variables": variables}).result()
    assert "chunk0 chunk1 chunk2" in loaded["data"]["loadAgentState"]["messages"]
