"""A second run on a thread, over both wires: who is refused at once, and who waits for the end of the run before it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.application.values import BeforeRun
from agui_runtime.domain.runs import RunInput
from tests.support.agui_client import HEADERS, events_of, opened, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange, new_thread, streaming
from tests.support.scripts import asked
from tests.support.serving import runtime, serving

FOR_EVER = "3600"
"""Seconds, longer than any client of a test waits."""


class Unwinding:
    """Answers at once, but for ``go on``: that run goes on until it is stopped, and then until a test lets it end.

    As a hook it tells of requests that have arrived.
    """

    def __init__(self) -> None:
        self.is_stopped = asyncio.Event()
        self.may_end = asyncio.Event()
        self.requests = asyncio.Semaphore(0)

    def agent(self) -> FunctionAgent:
        return FunctionAgent(self._answer, "default")

    async def _answer(self, request: RunInput) -> AsyncIterator[str]:
        yield "here"
        if asked(request) == "go on":
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                self.is_stopped.set()
                await self.may_end.wait()
                raise

    async def before_run(self, _: BeforeRun) -> None:
        self.requests.release()

    async def after_run(self, _: Any) -> None: ...


class Page:
    """One page on one thread, which speaks either protocol."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._thread = new_thread()

    @asynccontextmanager
    async def live_on_agui(self) -> AsyncIterator[None]:
        async with opened(f"{self._url}/agent/default/run", run_input("go on", thread=self._thread)) as stream:
            await stream.until("here")
            yield

    @asynccontextmanager
    async def live_on_graphql(self) -> AsyncIterator[None]:
        async with streaming(self._url, chat("go on", thread=self._thread, agent="default")) as stream:
            await stream.until("here")
            yield

    async def on_agui(self) -> list[Any]:
        body = run_input("and now?", thread=self._thread)
        return events_of(await exchange(f"{self._url}/agent/default/run", body, headers=HEADERS))

    async def on_graphql(self) -> Answer:
        return await exchange(self._url, chat("and now?", thread=self._thread, agent="default"))

    async def stop(self) -> None:
        answer = await exchange(f"{self._url}/agent/default/stop/{self._thread}", {}, headers=HEADERS)
        assert answer.json()["stopped"] is True


def story(tell: Callable[[Page, Unwinding], Coroutine[Any, Any, None]], **settings: str) -> None:
    async def test() -> None:
        unwinding = Unwinding()
        environment = {"AGUI_BUSY_SECONDS": FOR_EVER, "AGUI_STOP_SECONDS": FOR_EVER, **settings}
        async with serving(runtime(environment=environment, agents=(unwinding.agent(),), hooks=unwinding)) as url:
            try:
                await tell(Page(url), unwinding)
            finally:
                unwinding.may_end.set()

    run(test())


async def _answered_after_the_end(second: "asyncio.Task[Any]", unwinding: Unwinding) -> None:
    """Once the second request has arrived and waits, the first run is let to its end."""
    for _ in range(2):
        await unwinding.requests.acquire()
    await asyncio.sleep(0.05)
    assert not second.done(), second
    unwinding.may_end.set()
    await second


def test_agui_is_refused_at_once_behind_a_run_that_nobody_stops() -> None:
    async def tell(page: Page, _: Unwinding) -> None:
        async with page.live_on_agui():
            (refusal,) = await page.on_agui()
        assert (refusal["type"], refusal["code"]) == ("RUN_ERROR", "THREAD_BUSY")

    story(tell)


def test_agui_is_refused_at_once_behind_a_page_that_only_hung_up() -> None:
    async def tell(page: Page, _: Unwinding) -> None:
        async with page.live_on_agui():
            pass
        (refusal,) = await page.on_agui()
        assert refusal["code"] == "THREAD_BUSY"

    story(tell)


def test_agui_is_refused_at_once_behind_a_graphql_answer_under_way() -> None:
    async def tell(page: Page, _: Unwinding) -> None:
        async with page.live_on_graphql():
            (refusal,) = await page.on_agui()
            assert refusal["code"] == "THREAD_BUSY"

    story(tell)


def test_agui_waits_for_the_end_of_a_run_that_is_being_stopped() -> None:
    async def tell(page: Page, unwinding: Unwinding) -> None:
        async with page.live_on_agui():
            await page.stop()
            second = asyncio.create_task(page.on_agui())
            await _answered_after_the_end(second, unwinding)
        assert types_of(second.result())[-1] == "RUN_FINISHED"

    story(tell)


def test_agui_waits_for_the_end_of_a_graphql_run_whose_page_has_hung_up() -> None:
    async def tell(page: Page, unwinding: Unwinding) -> None:
        async with page.live_on_graphql():
            pass
        await unwinding.is_stopped.wait()
        second = asyncio.create_task(page.on_agui())
        await _answered_after_the_end(second, unwinding)
        assert types_of(second.result())[-1] == "RUN_FINISHED"

    story(tell)


def test_agui_is_refused_in_the_end_behind_a_stopped_run_that_does_not_end() -> None:
    async def tell(page: Page, _: Unwinding) -> None:
        async with page.live_on_agui():
            await page.stop()
            (refusal,) = await page.on_agui()
        assert refusal["code"] == "THREAD_BUSY"

    story(tell, AGUI_BUSY_SECONDS="0.1")


@pytest.mark.parametrize("live_on", ["agui", "graphql"])
def test_graphql_waits_for_a_run_that_nobody_has_stopped_yet(live_on: str) -> None:
    """Its page may have hung up, and the server hear of it later."""

    async def tell(page: Page, unwinding: Unwinding) -> None:
        async with page.live_on_agui() if live_on == "agui" else page.live_on_graphql():
            second = asyncio.create_task(page.on_graphql())
            await _answered_after_the_end(second, unwinding)
        assert second.result().response()["status"]["code"] == "Success"

    story(tell)


@pytest.mark.parametrize("wire", ["agui", "graphql"])
def test_a_live_run_is_stopped_where_the_policy_is_to_interrupt(wire: str) -> None:
    async def tell(page: Page, unwinding: Unwinding) -> None:
        async with page.live_on_agui():
            second = asyncio.create_task(page.on_agui() if wire == "agui" else page.on_graphql())
            await unwinding.is_stopped.wait()
            unwinding.may_end.set()
            answered = await second
        if isinstance(answered, Answer):
            assert answered.response()["status"]["code"] == "Success"
        else:
            assert types_of(answered)[-1] == "RUN_FINISHED"

    story(tell, AGUI_BUSY_POLICY="interrupt")
