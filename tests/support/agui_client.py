"""An AG-UI client over real sockets: it reads as CopilotKit's do, and AG-UI's own models check every event."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
from ag_ui.core import Event
from attrs import frozen
from pydantic import TypeAdapter

from tests.support.aio import run
from tests.support.graphql_client import Answer, exchange

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)

WireEvent = dict[str, Any]

HEADERS = {"content-type": "application/json", "accept": "text/event-stream"}


def run_input(text: str | None = None, *, thread: str | None = None, run_id: str | None = None, **given: Any) -> Any:
    """A RunAgentInput as a client sends it: one user message, or none, on a thread of its own."""
    own_id = run_id or f"run-{uuid4()}"
    messages = [] if text is None else [{"id": f"{own_id}-u", "role": "user", "content": text}]
    body: WireEvent = {
        "threadId": thread or f"thread-{uuid4()}",
        "runId": own_id,
        "messages": messages,
        "tools": [],
        "context": [],
        "forwardedProps": {},
        "state": {},
    }
    return {**body, **given}


def send(url: str, body: Any = None, *, method: str = "POST", headers: dict[str, str] | None = None) -> Answer:
    """Send a request and read its whole answer."""
    return run(exchange(url, body, method=method, headers=HEADERS if headers is None else headers))


def play(url: str, text: str | None = None, *, agent: str = "default", **given: Any) -> list[WireEvent]:
    """Run an agent and get its events."""
    answer = send(f"{url}/agent/{agent}/run", run_input(text, **given))
    assert answer.status == 200, answer.text
    return events_of(answer)


def replay(url: str, thread: str, *, agent: str = "default", **given: Any) -> list[WireEvent]:
    """Connect to a thread and get its events."""
    answer = send(f"{url}/agent/{agent}/connect", run_input(thread=thread, **given))
    assert answer.status == 200, answer.text
    return events_of(answer)


@frozen
class Frame:
    """One event of a stream with the id that it came with."""

    event: WireEvent
    id: str | None


def frames_of(text: str) -> list[Frame]:
    """The events of a stream, split as CopilotKit's clients do: at two LF, and only at ``data:`` lines."""
    assert "\r" not in text, "clients split at LF only"
    assert text == "" or text.endswith("\n\n"), "a frame is not closed"
    return [frame for part in text.split("\n\n") if (frame := _frame(part)) is not None]


def events_of(answer: Answer) -> list[WireEvent]:
    """The events of an answer, every one valid."""
    assert answer.content_type == "text/event-stream", answer
    return [frame.event for frame in frames_of(answer.text)]


def types_of(events: list[WireEvent]) -> list[str]:
    """What came, in order."""
    return [event["type"] for event in events]


def valid(event: WireEvent) -> WireEvent:
    """The event, which AG-UI's own models must accept, and which has no null where a field may be absent."""
    _EVENT.validate_python(_of_today(event))
    nulls = [name for name, value in event.items() if value is None and (event["type"], name) != ("CUSTOM", "value")]
    assert not nulls, f"{event['type']} has null for {nulls}"
    return event


def _of_today(value: Any) -> Any:
    """With ``binary`` parts as text: AG-UI's models of today know them no more, its clients do."""
    if isinstance(value, dict):
        if value.get("type") == "binary" and "mimeType" in value:
            return {"type": "text", "text": ""}
        return {key: _of_today(item) for key, item in value.items()}
    return [_of_today(item) for item in value] if isinstance(value, list) else value


def _frame(part: str) -> Frame | None:
    lines = part.split("\n")
    data = [line.removeprefix("data:").removeprefix(" ") for line in lines if line.startswith("data:")]
    ids = [line.removeprefix("id:").strip() for line in lines if line.startswith("id:")]
    if not data:
        return None
    return Frame(valid(json.loads("\n".join(data))), ids[-1] if ids else None)


class LiveStream:
    """A stream that is read as it comes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.raw = b""
        self._pieces = response.content.iter_any()

    async def until(self, text: str) -> None:
        """Read until this text has come.

        Raises:
            AssertionError: the stream ended before.
        """
        while text.encode() not in self.raw:
            piece = await anext(self._pieces, b"")
            assert piece, f"the stream ended before {text!r}: {self.raw!r}"
            self.raw += piece

    async def rest(self) -> list[Frame]:
        """All frames, to the end of the stream."""
        async for piece in self._pieces:
            self.raw += piece
        return frames_of(self.raw.decode())


@asynccontextmanager
async def opened(url: str, body: Any, headers: dict[str, str] | None = None) -> AsyncIterator[LiveStream]:
    """A stream, which is dropped at the end of the block if it has not ended."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(url, json=body, headers={**HEADERS, **(headers or {})}) as response,
    ):
        assert response.status == 200, await response.text()
        yield LiveStream(response)
