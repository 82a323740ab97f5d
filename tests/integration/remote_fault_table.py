"""Every fault of a remote agent, seen by frontends of a whole runtime: what they were told, and how soon.

Two agents misbehave alike: ``far`` speaks AG-UI, ``crew`` is behind a CopilotKit remote endpoint.

``python -m tests.integration.remote_fault_table`` prints the table that docs/remote-agents.md shows.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter

from aiohttp import web
from attrs import frozen

from agui_runtime.adapters.remote import BreakerPolicy, HttpAgent, RemoteClient, RemoteEndpoint, RemoteTimeouts
from tests.support.agui_client import HEADERS, events_of, run_input
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange, new_thread
from tests.support.remote import FINISHED, STARTED, STEP, STEP_END
from tests.support.servers import aiohttp_server
from tests.support.serving import runtime, serving

IDLE, FIRST_BYTE, LONGEST_RUN, MOST_EVENTS = 1.0, 1.0, 3, 5000
TEXT = (
    b'data: {"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}\n\n'
    b'data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"so far"}\n\n'
)
TEXT_END = b'data: {"type":"TEXT_MESSAGE_END","messageId":"m"}\n\n'
HUGE = 100 * 1024 * 1024
NOBODY, WELL = "nobody listens", "nothing: the run ended well"

LINE = (
    b'{"type":"TextMessageStart","messageId":"m"}\n{"type":"TextMessageContent","messageId":"m","content":"so far"}\n'
)
LINE_END = b'{"type":"TextMessageEnd","messageId":"m"}\n'
MORE = b'{"type":"TextMessageContent","messageId":"m","content":" and on"}\n'
OFFER = {"agents": [{"name": "crew", "description": "", "type": "crewai"}], "actions": []}

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
    """The agents: do what the user's message asks for; ``ok`` is a run that goes well."""

    def __init__(self) -> None:
        self.sent = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/info"):
            return web.json_response(OFFER)
        faults = LINE_FAULTS if request.path.endswith("/agents/execute") else FAULTS
        wanted = (await request.json())["messages"][-1]["content"]
        return await faults[wanted](request, self)

    async def begin(
        self, request: web.Request, *chunks: bytes, content_type: str = "text/event-stream"
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response


def status(code: int) -> Fault:
    async def fault(_: web.Request, __: Upstream) -> web.StreamResponse:
        return web.Response(status=code, text="secret details", headers={"Location": "/elsewhere"})

    return fault


def stream(*chunks: bytes, content_type: str = "text/event-stream") -> Fault:
    async def fault(request: web.Request, upstream: Upstream) -> web.StreamResponse:
        return await upstream.begin(request, *chunks, content_type=content_type)

    return fault


def lines(*chunks: bytes) -> Fault:
    return stream(*chunks, content_type=LINES)


def body(text: str, content_type: str) -> Fault:
    async def fault(_: web.Request, __: Upstream) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return fault


async def no_answer(_: web.Request, __: Upstream) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


def silent(*chunks: bytes, content_type: str = "text/event-stream") -> Fault:
    async def fault(request: web.Request, upstream: Upstream) -> web.StreamResponse:
        response = await upstream.begin(request, *chunks, content_type=content_type)
        await asyncio.sleep(60)
        return response

    return fault


def cut(*chunks: bytes, content_type: str = "text/event-stream") -> Fault:
    async def fault(request: web.Request, upstream: Upstream) -> web.StreamResponse:
        response = await upstream.begin(request, *chunks, content_type=content_type)
        await asyncio.sleep(0.2)
        assert request.transport is not None
        request.transport.abort()
        return response

    return fault


def huge(*chunks: bytes, content_type: str = "text/event-stream") -> Fault:
    async def fault(request: web.Request, upstream: Upstream) -> web.StreamResponse:
        response = await upstream.begin(request, *chunks, content_type=content_type)
        piece = b"x" * 65536
        for _ in range(HUGE // len(piece)):
            await response.write(piece)
            upstream.sent += len(piece)
        return response

    return fault


def endless(first: bytes, piece: bytes, *, seconds: float = 0.01, content_type: str = "text/event-stream") -> Fault:
    async def fault(request: web.Request, upstream: Upstream) -> web.StreamResponse:
        response = await upstream.begin(request, first, content_type=content_type)
        while True:
            await response.write(piece)
            await asyncio.sleep(seconds)

    return fault


LINES = "application/json"

FAULTS: Mapping[str, Fault] = {
    "ok": stream(STARTED, TEXT, TEXT_END, FINISHED),
    "no answer": no_answer,
    "an answer that trickles in": endless(STARTED + TEXT + b'data: {"type":"CUSTOM","name":"', b"x", seconds=0.1),
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
    "silence in the middle": silent(STARTED, TEXT),
    "a connection that breaks": cut(STARTED, TEXT),
    "an event of 100 MB": huge(STARTED, TEXT, b'data: {"type":"CUSTOM","name":"'),
    "a run that never ends": endless(STARTED + TEXT, STEP + STEP_END),
    "more events than a run may have": endless(STARTED + TEXT, (STEP + STEP_END) * 1000, seconds=0),
    "keep-alive comments for ever": endless(STARTED + TEXT, b": keep-alive\n\n"),
}
LINE_FAULTS: Mapping[str, Fault] = {
    "ok": lines(LINE, LINE_END),
    "no answer": no_answer,
    "HTTP 500": status(500),
    "a web page": body("<html>secret</html>", "text/html"),
    "a web page that says it is JSON": body("<html>secret</html>", LINES),
    "broken JSON": lines(LINE, b"{secret\n"),
    "half a line": lines(LINE, b'{"type":"TextMessageE'),
    "a line without its fields": lines(LINE, b'{"type":"TextMessageContent"}\n'),
    "an impossible order": lines(LINE, b'{"type":"TextMessageEnd","messageId":"other"}\n'),
    "silence in the middle": silent(LINE, content_type=LINES),
    "a connection that breaks": cut(LINE, content_type=LINES),
    "a line of 100 MB": huge(LINE, b'{"type":"', content_type=LINES),
    "a run that never ends": endless(LINE, MORE, content_type=LINES),
}


def told_in_graphql(answer: Answer) -> str:
    """The error's text, before or within the stream."""
    result = answer.result()
    if "errors" in result:
        return str(result["errors"][0]["message"])
    details = result["data"]["generateCopilotResponse"]["status"].get("details") or {}
    return str(details.get("description", WELL))


def told_in_agui(answer: Answer) -> str:
    """The message of the stream's last event."""
    last = events_of(answer)[-1]
    return str(last["message"]) if last["type"] == "RUN_ERROR" else WELL


async def ask_in_graphql(url: str, text: str, thread: str, agent: str) -> tuple[str, Answer]:
    answer = await exchange(url, chat(text, thread=thread, agent=agent))
    return told_in_graphql(answer), answer


async def ask_in_agui(url: str, text: str, thread: str, agent: str) -> tuple[str, Answer]:
    answer = await exchange(f"{url}/agent/{agent}/run", run_input(text, thread=thread), headers=HEADERS)
    return told_in_agui(answer), answer


Frontend = Callable[[str, str, str, str], Awaitable[tuple[str, Answer]]]
FRONTENDS: Mapping[str, Frontend] = {"GraphQL": ask_in_graphql, "AG-UI": ask_in_agui}


@asynccontextmanager
async def behind_a_runtime() -> AsyncIterator[tuple[str, Upstream]]:
    """The URL of a runtime with the agents ``far``, ``crew`` and ``down``, and the program behind the first two."""
    upstream = Upstream()
    # Each fault for itself: the breaker has tests of its own.
    client = RemoteClient(private_addresses=True, breaker=BreakerPolicy(failures=1000))
    timeouts = RemoteTimeouts(first_byte=FIRST_BYTE, idle=IDLE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/secret-path"
    async with aiohttp_server(upstream.handle) as base:
        url = f"{base}/secret-path"
        far = HttpAgent("far", url, token="secret", timeouts=timeouts, client=client)  # noqa: S106
        down = HttpAgent("down", nobody, timeouts=timeouts, client=client)
        python = RemoteEndpoint("python", url, token="secret", timeouts=timeouts, client=client)  # noqa: S106
        container = runtime(
            environment={"AGUI_MAX_RUN_SECONDS": str(LONGEST_RUN), "AGUI_MAX_RUN_EVENTS": str(MOST_EVENTS)},
            agents=(far, down),
            remote_endpoints=(python,),
        )
        async with serving(container) as served:
            yield served, upstream
        await client.close()


async def row_of(url: str, upstream: Upstream, fault: str, *, agent: str = "far", frontend: str = "GraphQL") -> Row:
    thread, ask, upstream.sent = new_thread(), FRONTENDS[frontend], 0
    started = perf_counter()
    told, answer = await ask(url, fault, thread, "down" if fault == NOBODY else agent)
    seconds = perf_counter() - started
    again, _ = await ask(url, "ok", thread, agent)
    return Row(fault, told, seconds, "so far" in answer.text, again == WELL, upstream.sent)


async def rows(agent: str) -> list[Row]:
    faults = (NOBODY, *FAULTS) if agent == "far" else tuple(LINE_FAULTS)
    async with behind_a_runtime() as (url, upstream):
        return [await row_of(url, upstream, fault, agent=agent) for fault in faults if fault != "ok"]


def main() -> None:
    for agent in ("far", "crew"):
        print("| the agent | what the user is told | seconds | received text kept | thread usable at once |")
        print("|---|---|---|---|---|")
        for row in run(rows(agent)):
            yes = {True: "yes", False: ""}
            print(f"| {row.fault} | {row.told} | {row.seconds:.1f} | {yes[row.kept]} | {yes[row.usable]} |")
        print()


if __name__ == "__main__":
    main()
