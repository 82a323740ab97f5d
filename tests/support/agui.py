"""AG-UI over HTTP without a client library: what is asked, and the events as they come."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp

SECONDS = 30.0


def run_input(thread_id: str, text: str | None = None, **more: Any) -> dict[str, Any]:
    """A RunAgentInput as clients send it (contract agui §4)."""
    messages = [] if text is None else [{"id": str(uuid4()), "role": "user", "content": text}]
    known = {"threadId": thread_id, "runId": str(uuid4()), "messages": messages, "tools": [], "context": []}
    return {**known, "state": {}, "forwardedProps": {}, **more}


@asynccontextmanager
async def events(
    base: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of one stream, as they come; each has its SSE id as ``_id``. Leaving the block hangs up."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{base}/{path}", json=body, headers=dict(headers or {})) as response,
    ):
        assert response.status == 200, await response.text()
        yield _read(response)


async def all_events(base: str, path: str, body: Mapping[str, Any], **more: Any) -> list[dict[str, Any]]:
    """A stream to its end."""
    async with events(base, path, body, **more) as stream:
        return [event async for event in stream]


async def stop(base: str, thread_id: str, agent: str = "default") -> Any:
    """Ask for a stop; the answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base}/agent/{agent}/stop/{thread_id}", json={}) as response,
    ):
        return await response.json()


async def _read(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    last_id = ""
    async for line in response.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "id":
            last_id = value
        elif name == "data":
            yield {**json.loads(value), "_id": last_id}


def text_of(stream: list[dict[str, Any]]) -> str:
    """The text of all messages together."""
    return "".join(event["delta"] for event in stream if event["type"] == "TEXT_MESSAGE_CONTENT")
