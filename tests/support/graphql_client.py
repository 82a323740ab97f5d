"""A GraphQL client over real sockets that speaks as CopilotKit's do, and keeps the bytes for those who look at them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from attrs import define, field, frozen

from tests.support.aio import run
from tests.support.incremental import PartReader, Payload, merge, parts_of, sse_payloads

OPERATIONS = Path(__file__).parents[1] / "data" / "graphql" / "operations"
PATH = "/api/copilotkit"
CLIENT_ACCEPT = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
CLIENT_HEADERS: Mapping[str, str] = {
    "accept": CLIENT_ACCEPT,
    "content-type": "application/json",
    "x-copilotkit-runtime-client-gql-version": "1.10.6",
}
SECONDS = 20.0


@frozen
class Answer:
    """A whole answer. ``headers`` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body, which is one JSON document."""
        return json.loads(self.body)

    def payloads(self) -> list[Payload]:
        """Every payload, whatever they came in."""
        if self.content_type == "multipart/mixed":
            return parts_of(self.body)
        if self.content_type == "text/event-stream":
            return sse_payloads(self.body)
        return [self.json()]

    def result(self) -> Payload:
        """What a client has in the end."""
        return merge(self.payloads())

    def response(self) -> Payload:
        """The ``generateCopilotResponse`` of an answer without errors."""
        result = self.result()
        assert "errors" not in result, result
        response: Payload = result["data"]["generateCopilotResponse"]
        return response

    def error(self) -> Payload:
        """The only error of an answer."""
        (error,) = self.json()["errors"]
        found: Payload = error
        return found


@cache
def document(name: str = "generateCopilotResponse", version: str = "1.10.6") -> str:
    """The text of an operation as a client version sends it."""
    return (OPERATIONS / version / f"{name}.graphql").read_text()


def user(text: str, message_id: str = "user-1") -> Payload:
    """A user's message as a client sends it."""
    return {
        "id": message_id,
        "createdAt": "2025-01-02T03:04:05.678Z",
        "textMessage": {"role": "user", "content": text},
    }


def said(text: str, message_id: str) -> Payload:
    """A message of the assistant as a client sends it back."""
    return {
        "id": message_id,
        "createdAt": "2025-01-02T03:04:06.678Z",
        "textMessage": {"role": "assistant", "content": text},
    }


def chat(text: str, *, thread: str | None = None, agent: str | None = None, **data: Any) -> Payload:
    """The body of a chat request, on a thread of its own unless one is named."""
    variables: Payload = {
        "frontend": {"actions": [], "url": "http://localhost:3000/"},
        "messages": [user(text)],
        "metadata": {"requestType": "Chat"},
        "threadId": thread or new_thread(),
        **({"agentSession": {"agentName": agent}} if agent else {}),
        **data,
    }
    return {"operationName": "generateCopilotResponse", "query": document(), "variables": {"data": variables}}


def new_thread() -> str:
    """A thread nobody has used."""
    return f"thread-{uuid4()}"


async def exchange(
    url: str, body: Any = None, *, method: str = "POST", headers: Mapping[str, str] | None = None
) -> Answer:
    """Send a request and read its whole answer.

    Args:
        url: of a server and a path.
        body: JSON values are sent as JSON, bytes and async iterators as they are.
        headers: all there are; those of CopilotKit's client by default.
    """
    given = CLIENT_HEADERS if headers is None else headers
    async with (
        _session() as session,
        session.request(
            method, url, data=_encoded(body), headers=given, skip_auto_headers=("Content-Type", "Accept")
        ) as response,
    ):
        return Answer(response.status, _headers(response), await response.read())


def ask(url: str, body: Any = None, *, method: str = "POST", headers: Mapping[str, str] | None = None) -> Answer:
    """``exchange`` for plain tests."""
    return run(exchange(url, body, method=method, headers=headers))


@define
class Stream:
    """A multipart answer as it arrives.

    Attributes:
        payloads: those that have arrived.
        raw: the bytes that have arrived.
        times: the loop's time at which each payload was complete.
    """

    _response: aiohttp.ClientResponse
    payloads: list[Payload] = field(factory=list)
    times: list[float] = field(factory=list)
    raw: bytes = b""
    _reader: PartReader = field(factory=PartReader)

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._response.status

    async def next(self) -> Payload:
        """The next payload.

        Raises:
            EOFError: the body is over.
        """
        known = len(self.payloads)
        while len(self.payloads) == known:
            if not await self.more():
                raise EOFError
        return self.payloads[known]

    async def until(self, text: str) -> None:
        """Read until a text has arrived."""
        while text.encode() not in self.raw:
            if not await self.more():
                raise EOFError

    async def rest(self) -> list[Payload]:
        """Read to the end; all payloads."""
        while await self.more():
            pass
        assert self._reader.is_over, self.raw[-80:]
        return self.payloads

    def hang_up(self) -> None:
        """Close the connection as it is."""
        self._response.close()

    async def more(self) -> bool:
        """Read once; whether there was anything."""
        data = await self._response.content.readany()
        self.raw += data
        for payload in self._reader.feed(data):
            self.payloads.append(payload)
            self.times.append(asyncio.get_running_loop().time())
        return bool(data)


@asynccontextmanager
async def streaming(url: str, body: Any, *, buffer: int | None = None) -> AsyncIterator[Stream]:
    """A request whose answer is read as it comes; the connection is closed when the block ends.

    Args:
        buffer: bytes that the client's socket takes before it is read; small for a client that is slow.
    """
    async with (
        _session(buffer) as session,
        session.post(url, data=_encoded(body), headers=CLIENT_HEADERS) as response,
    ):
        stream = Stream(response)
        try:
            yield stream
        finally:
            stream.hang_up()


def _session(buffer: int | None = None) -> aiohttp.ClientSession:
    def limited(address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer or 0)
        return made

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, socket_factory=limited if buffer else None),
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        read_bufsize=buffer or 2**16,
    )


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def _encoded(body: Any) -> Any:
    if isinstance(body, bytes):
        # aiohttp warns of large bodies that it cannot read piece by piece.
        return BytesIO(body)
    if body is None or hasattr(body, "__aiter__"):
        return body
    # As JavaScript writes it.
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
