"""An ``HttpAgent`` in front of a handler that a test writes, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from agui_runtime.adapters.remote import HttpAgent, RemoteClient, RemoteTimeouts, RetryPolicy
from agui_runtime.application.values import RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AguiError
from agui_runtime.domain.identity import ANONYMOUS, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.messages import UserMessage
from agui_runtime.domain.runs import RunInput
from tests.support.aio import run
from tests.support.servers import Handler, aiohttp_server

STARTED = b'data: {"type":"RUN_STARTED","threadId":"t","runId":"r"}\n\n'
STEP = b'data: {"type":"STEP_STARTED","stepName":"s"}\n\n'
STEP_END = b'data: {"type":"STEP_FINISHED","stepName":"s"}\n\n'
FINISHED = b'data: {"type":"RUN_FINISHED","threadId":"t","runId":"r"}\n\n'

INPUT = RunInput(ThreadId("t"), RunId("r"), messages=(UserMessage(id="u", content="hi"),))
ONCE = RetryPolicy(attempts=1)
QUICK = RemoteTimeouts(connect=5, first_byte=0.5, idle=0.5, linger=0.2)


class NoTools:
    def offers(self, name: str) -> bool:
        return False

    async def execute(self, tool_call_id: str, name: str, arguments: str) -> str:
        raise AssertionError("a remote agent runs its own tools")


def context(**fields: Any) -> RunContext:
    return RunContext(Caller(ANONYMOUS, Scope("s")), NoTools(), **fields)


@asynccontextmanager
async def agent_before(
    handler: Handler, *, client: RemoteClient | None = None, **settings: Any
) -> AsyncIterator[HttpAgent]:
    client = client or RemoteClient(private_addresses=True, retries=ONCE)
    async with aiohttp_server(handler) as base:
        settings = {"headers": {"X-Key": "secret-key"}, **settings}
        agent = HttpAgent("far", f"{base}/secret-path", client=client, **settings)
        try:
            yield agent
        finally:
            await client.close()


def streaming(*chunks: bytes, then: Callable[[], Awaitable[None]] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if then is not None:
            await then()
        return response

    return handler


async def forever() -> None:
    await asyncio.sleep(60)


async def read(agent: HttpAgent, seen: list[e.Event] | None = None) -> Lifecycle:
    """One run, each event passed by a lifecycle, which refuses a wrong order."""
    started = await agent.start(INPUT, context())
    lifecycle = Lifecycle()
    async for event in started.events:
        for out in lifecycle.feed(event):
            if seen is not None:
                seen.append(out)
    return lifecycle


def failure(handler: Handler, seen: list[e.Event] | None = None, **settings: Any) -> AguiError:
    async def main() -> AguiError:
        async with agent_before(handler, **settings) as agent:
            with pytest.raises(AguiError) as caught:
                await read(agent, seen)
            return caught.value

    error = run(main())
    assert "'far'" in error.message
    assert "secret" not in error.message
    return error
