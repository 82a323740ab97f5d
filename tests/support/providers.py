"""Servers that speak a model provider's API, as a test scripts them, and what a model in front of one says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from attrs import define, field

from agui_runtime.application.ports import LanguageModel
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.messages import UserMessage
from agui_runtime.domain.runs import Finished
from tests.support.servers import aiohttp_server

KEY = "sk-secret-key"
Step = bytes | Callable[[], Awaitable[None]]


@define
class Provider:
    """Answers one request after another; the last answer repeats.

    Attributes:
        answers: handlers, in order.
        bodies: what was asked, as JSON.
        headers: with which headers.
        paths: where.
        hung_up: set when a client leaves before its answer is over.
    """

    answers: Sequence[Callable[[web.Request, "Provider"], Awaitable[web.StreamResponse]]]
    bodies: list[Any] = field(factory=list)
    headers: list[Any] = field(factory=list)
    paths: list[str] = field(factory=list)
    hung_up: asyncio.Event = field(factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.headers.append(request.headers.copy())
        self.paths.append(request.path_qs)
        answer = self.answers[min(len(self.bodies), len(self.answers)) - 1]
        try:
            return await answer(request, self)
        except (asyncio.CancelledError, ConnectionResetError):
            self.hung_up.set()
            raise


def sse(*data: Any, event_names: bool = False) -> bytes:
    """Server-sent events; with names, each carries its ``type`` as the event's."""
    blocks = []
    for item in data:
        text = item if isinstance(item, str) else json.dumps(item)
        name = f"event: {item['type']}\n" if event_names and not isinstance(item, str) else ""
        blocks.append(f"{name}data: {text}\n\n")
    return "".join(blocks).encode()


def streaming(*steps: Step, cut: bool = False) -> Any:
    """An answer of these steps; cut: the connection goes without the body's end."""

    async def answer(request: web.Request, provider: Provider) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for step in steps:
            if isinstance(step, bytes):
                await response.write(step)
            else:
                await step()
        if cut:
            assert request.transport is not None
            request.transport.abort()
        return response

    return answer


def endless(start: bytes, piece: bytes) -> Any:
    """An answer that begins so and goes on with the same piece for as long as somebody reads it."""

    async def answer(request: web.Request, provider: Provider) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(start)
        while True:
            await response.write(piece)
            await asyncio.sleep(0)

    return answer


def refusing(status: int, body: Any, **headers: str) -> Any:
    async def answer(request: web.Request, provider: Provider) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


async def forever() -> None:
    await asyncio.sleep(60)


@asynccontextmanager
async def provider(*answers: Any) -> AsyncIterator[tuple[str, Provider]]:
    """The base URL of a provider, and the provider."""
    served = Provider(answers)
    async with aiohttp_server(served.handle) as base:
        yield base, served


def asking(*messages: Any, **fields: Any) -> ModelRequest:
    conversation = messages or (UserMessage(id="u", content="Hello"),)
    return ModelRequest(**{"messages": conversation, "thread_id": ThreadId("t"), "run_id": RunId("r"), **fields})


async def hear(model: LanguageModel, heard: list[Event]) -> None:
    """One answer, its events as they come."""
    async for event in (await model.start(asking())).events:
        heard.append(event)


async def said(model: LanguageModel, request: ModelRequest | None = None) -> list[Event]:
    """All that a model says, each event passed by a lifecycle, which refuses a wrong order."""
    lifecycle = Lifecycle()
    out: list[Event] = []
    run = await model.start(request or asking())
    async for event in run.events:
        out.extend(lifecycle.feed(event))
    assert lifecycle.finalize(Finished(), thread_id="t", run_id="r")[:-1] == ()
    return [*out, *([lifecycle.ending] if lifecycle.ending else [])]
