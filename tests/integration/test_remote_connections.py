"""What ``HttpAgent`` sends, and how it ends what it began, over real sockets."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from agui_runtime.domain import events as e
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.messages import ActivityMessage
from agui_runtime.domain.runs import Finished, RunInput
from tests.support.aio import run
from tests.support.remote import (
    FINISHED,
    INPUT,
    STARTED,
    STEP,
    STEP_END,
    agent_before,
    context,
    forever,
    read,
    streaming,
)


class Upstream:
    """Streams without end and notes that its client has gone."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.gone = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        response = await streaming(STARTED)(request)
        self.arrived.set()
        try:
            while True:
                await response.write(STEP + STEP_END)
                await asyncio.sleep(0.01)
        finally:
            self.gone.set()


def test_a_cancelled_reader_ends_the_run_upstream() -> None:
    async def main() -> None:
        upstream = Upstream()
        async with agent_before(upstream.handle) as agent:
            reader = asyncio.create_task(read(agent))
            await asyncio.wait_for(upstream.arrived.wait(), 5)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            await asyncio.wait_for(upstream.gone.wait(), 5)

    run(main())


def test_closing_the_events_ends_the_run_upstream() -> None:
    async def main() -> None:
        upstream = Upstream()
        async with agent_before(upstream.handle) as agent:
            events: Any = (await agent.start(INPUT, context())).events
            assert isinstance(await anext(events), e.RunStarted)
            await events.aclose()
            await asyncio.wait_for(upstream.gone.wait(), 5)

    run(main())


def test_closing_events_that_nobody_has_read_ends_the_run_upstream() -> None:
    async def main() -> None:
        upstream = Upstream()
        async with agent_before(upstream.handle) as agent:
            events: Any = (await agent.start(INPUT, context())).events
            await events.aclose()
            await asyncio.wait_for(upstream.gone.wait(), 5)

    run(main())


def test_a_start_that_is_cancelled_gives_its_request_up() -> None:
    async def main() -> None:
        arrived, gone = asyncio.Event(), asyncio.Event()

        async def handler(request: web.Request) -> web.StreamResponse:
            arrived.set()
            try:
                await forever()
            finally:
                gone.set()
            return web.Response()

        async with agent_before(handler) as agent:
            starting = asyncio.create_task(agent.start(INPUT, context()))
            await asyncio.wait_for(arrived.wait(), 5)
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            await asyncio.wait_for(gone.wait(), 5)

    run(main())


def test_the_request_carries_the_input_and_only_the_headers_it_may() -> None:
    requests: list[tuple[dict[str, str], Any]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        requests.append((dict(request.headers), await request.json()))
        return await streaming(STARTED, FINISHED)(request)

    async def main() -> None:
        async with agent_before(handler, forward_headers=["X-Tenant", "x-key"]) as agent:
            caller = {"x-tenant": "t1", "X-KEY": "theirs", "cookie": "c", "authorization": "a"}
            activity = ActivityMessage(id="p", activity_type="progress", content={})
            run_input = RunInput(INPUT.thread_id, INPUT.run_id, messages=(*INPUT.messages, activity))
            started = await agent.start(run_input, context(headers=caller, correlation_id="abc"))
            assert [type(event) async for event in started.events] == [e.RunStarted, e.RunFinished]

    run(main())
    ((headers, body),) = requests
    assert {name.lower(): value for name, value in headers.items() if name not in {"Host", "User-Agent"}} == {
        "x-key": "secret-key",
        "x-tenant": "t1",
        "x-request-id": "abc",
        "content-type": "application/json",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "content-length": headers["Content-Length"],
        **({"connection": headers["Connection"]} if "Connection" in headers else {}),
    }
    assert body["messages"] == [{"role": "user", "id": "u", "content": "hi"}]


def test_a_cookie_of_one_run_does_not_go_out_with_the_next() -> None:
    cookies: list[str | None] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        cookies.append(request.headers.get("Cookie"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Set-Cookie": "who=me; Path=/"})
        await response.prepare(request)
        await response.write(STARTED + FINISHED)
        return response

    async def main() -> None:
        async with agent_before(handler) as agent:
            await read(agent)
            await read(agent)

    run(main())
    assert cookies == [None, None]


def test_runs_go_on_side_by_side() -> None:
    async def main() -> list[Lifecycle]:
        arrived = asyncio.Barrier(5)

        async def handler(request: web.Request) -> web.StreamResponse:
            await arrived.wait()
            return await streaming(STARTED, STEP, STEP_END, FINISHED)(request)

        async with agent_before(handler) as agent:
            return await asyncio.gather(*(read(agent) for _ in range(5)))

    assert [outcome_of(lifecycle.ending) for lifecycle in run(main())] == [Finished()] * 5


def test_it_can_be_used_again_after_it_was_closed() -> None:
    async def main() -> None:
        async with agent_before(streaming(STARTED, FINISHED)) as agent:
            await read(agent)
            await agent.close()
            await agent.close()
            await read(agent)

    run(main())
