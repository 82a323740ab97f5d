"""Every fault of a remote agent, seen by a chat frontend of a whole runtime: what it was told, and how soon.

``python -m tests.integration.remote_fault_table`` prints the table that docs/remote-agents.md shows.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter

from aiohttp import web
from attrs import frozen

from agui_runtime.adapters.remote import BreakerPolicy, HttpAgent, RemoteClient, RemoteTimeouts
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange, new_thread
from tests.support.remote import FINISHED, STARTED, STEP, STEP_END
from tests.support.servers import aiohttp_server
from tests.support.serving import runtime, serving

IDLE, FIRST_BYTE, LONGEST_RUN = 1.0, 1.0, 3
TEXT = (
    b'data: {"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}\n\n'
    b'data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"so far"}\n\n'
)
TEXT_END = b'data: {"type":"TEXT_MESSAGE_END","messageId":"m"}\n\n'
HUGE = 100 * 1024 * 1024

Fault = Callable[[web.Request, "Upstream"], Awaitable[web.StreamResponse]]


@frozen
class Row:
    """One fault.

    Attributes:
        told: the error's text as the frontend has it.
        kept: whether what was received before the fault is in the answer.
        usable: whether the next run on the same thread went well.
        upstream: bytes that the agent got rid of.
    """

    fault: str
    told: str
    seconds: float
    kept: bool
    usable: bool
    upstream: int


class Upstream:
    """The agent: does what the user's message asks for; ``ok`` is a run that goes well."""

    def __init__(self) -> None:
        self.sent = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        wanted = (await request.json())["messages"][-1]["content"]
        return await FAULTS[wanted](request, self)

    async def begin(self, request: web.Request, *chunks: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response


def status(code: int) -> Fault:
    async def fault(_: web.Request, __: Upstream) -> web.StreamResponse:
        return web.Response(status=code, text="secret details", headers={"Location": "/elsewhere"})

    return fault


def stream(*chunks: bytes) -> Fault:
    async def fault(request: web.Request, upstream: Upstream) -> web.StreamResponse:
        return await upstream.begin(request, *chunks)

    return fault


def body(text: str, content_type: str) -> Fault:
    async def fault(_: web.Request, __: Upstream) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return fault


async def no_answer(_: web.Request, __: Upstream) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def silent(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    response = await upstream.begin(request, STARTED, TEXT)
    await asyncio.sleep(60)
    return response


async def cut(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    response = await upstream.begin(request, STARTED, TEXT)
    await asyncio.sleep(0.2)
    assert request.transport is not None
    request.transport.abort()
    return response


async def huge(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    response = await upstream.begin(request, STARTED, TEXT, b'data: {"type":"CUSTOM","name":"')
    piece = b"x" * 65536
    for _ in range(HUGE // len(piece)):
        await response.write(piece)
        upstream.sent += len(piece)
    return response


async def endless(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    response = await upstream.begin(request, STARTED, TEXT)
    while True:
        await response.write(STEP + STEP_END)
        await asyncio.sleep(0.01)


async def comments(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    response = await upstream.begin(request, STARTED, TEXT)
    while True:
        await response.write(b": keep-alive\n\n")
        await asyncio.sleep(0.01)


FAULTS: Mapping[str, Fault] = {
    "ok": stream(STARTED, TEXT, TEXT_END, FINISHED),
    "no answer": no_answer,
    "HTTP 401": status(401),
    "HTTP 404": status(404),
    "HTTP 500": status(500),
    "HTTP 503, three times": status(503),
    "a redirect": status(307),
    "a web page": body("<html>secret</html>", "text/html"),
    "a web page that says it is an event stream": body("<html>secret</html>", "text/event-stream"),
    "nothing": body("", "text/event-stream"),
    "broken JSON": stream(STARTED, TEXT, b"data: {secret\n\n"),
    "half an event": stream(STARTED, TEXT, b'data: {"type":"TEXT_MES'),
    "an event that AG-UI does not know the fields of": stream(STARTED, TEXT, b'data: {"type":"STEP_STARTED"}\n\n'),
    "an impossible order": stream(STARTED, TEXT, b'data: {"type":"TEXT_MESSAGE_END","messageId":"other"}\n\n'),
    "events after the end": stream(STARTED, TEXT, TEXT_END, FINISHED, STEP),
    "no terminal event": stream(STARTED, TEXT),
    "silence in the middle": silent,
    "a connection that breaks": cut,
    "an event of 100 MB": huge,
    "a run that never ends": endless,
    "keep-alive comments for ever": comments,
}


def told_of(answer: Answer) -> str:
    """The error's text, before or within the stream."""
    result = answer.result()
    if "errors" in result:
        return str(result["errors"][0]["message"])
    details = result["data"]["generateCopilotResponse"]["status"].get("details") or {}
    return str(details.get("description", "nothing: the run ended well"))


@asynccontextmanager
async def behind_a_runtime() -> AsyncIterator[tuple[str, Upstream]]:
    """The URL of a runtime with the agents ``far`` and ``down``, and the program behind ``far``."""
    upstream = Upstream()
    # Each fault for itself: the breaker has tests of its own.
    client = RemoteClient(private_addresses=True, breaker=BreakerPolicy(failures=1000))
    timeouts = RemoteTimeouts(first_byte=FIRST_BYTE, idle=IDLE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/secret-path"
    async with aiohttp_server(upstream.handle) as base:
        far = HttpAgent("far", f"{base}/secret-path", token="secret", timeouts=timeouts, client=client)  # noqa: S106
        down = HttpAgent("down", nobody, timeouts=timeouts, client=client)
        container = runtime(environment={"AGUI_MAX_RUN_SECONDS": str(LONGEST_RUN)}, agents=(far, down))
        async with serving(container) as url:
            yield url, upstream
        await client.close()


async def row_of(url: str, upstream: Upstream, fault: str) -> Row:
    thread, agent, upstream.sent = new_thread(), "down" if fault == "nobody listens" else "far", 0
    started = perf_counter()
    answer = await exchange(url, chat(fault, thread=thread, agent=agent))
    seconds = perf_counter() - started
    again = await exchange(url, chat("ok", thread=thread, agent="far"))
    usable = told_of(again).startswith("nothing")
    return Row(fault, told_of(answer), seconds, "so far" in answer.text, usable, upstream.sent)


async def rows() -> list[Row]:
    async with behind_a_runtime() as (url, upstream):
        return [await row_of(url, upstream, fault) for fault in ("nobody listens", *FAULTS) if fault != "ok"]


def main() -> None:
    print("| the agent | what the user is told | seconds | received text kept | thread usable at once |")
    print("|---|---|---|---|---|")
    for row in run(rows()):
        yes = {True: "yes", False: ""}
        print(f"| {row.fault} | {row.told} | {row.seconds:.1f} | {yes[row.kept]} | {yes[row.usable]} |")


if __name__ == "__main__":
    main()
