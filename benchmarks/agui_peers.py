"""What AG-UI servers are compared with: ``python -m benchmarks.agui_peers raw|fastapi --port N``.

``raw`` is the limit: aiohttp alone, writing the same events. ``fastapi`` is what many write today: PyPI's ``ag_ui``
models and encoder behind FastAPI's streaming response. Neither checks an order, folds a state, or keeps anything.
"""

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import web

PATH = "/api/copilotkit"
SSE = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


def words(scenario: str) -> tuple[int, float]:
    """How many pieces, and the pause before each in seconds."""
    name, count, *pause = scenario.split(":")
    return int(count), int(pause[0]) / 1000 if name == "slow" else 0.0


def event(**fields: Any) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(fields)


async def raw(request: web.Request) -> web.StreamResponse:
    body = orjson.loads(await request.read())
    count, pause = words(body["messages"][-1]["content"])
    ids = {"threadId": body["threadId"], "runId": body["runId"]}
    message_id = f"{body['runId']}-m"
    response = web.StreamResponse(headers=SSE)
    await response.prepare(request)
    opening = event(type="RUN_STARTED", **ids, input=body)
    opening += event(type="TEXT_MESSAGE_START", messageId=message_id, role="assistant")
    pieces = (event(type="TEXT_MESSAGE_CONTENT", messageId=message_id, delta=f"w{index} ") for index in range(count))
    ending = event(type="TEXT_MESSAGE_END", messageId=message_id) + event(type="RUN_FINISHED", **ids)
    if not pause:
        await response.write(opening + b"".join(pieces) + ending)
        return response
    await response.write(opening)
    for piece in pieces:
        await asyncio.sleep(pause)
        await response.write(piece)
    await response.write(ending)
    return response


async def _serve_raw(port: int) -> None:
    app = web.Application()
    app.router.add_post(f"{PATH}/agent/default/run", raw)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"listening http://127.0.0.1:{runner.addresses[0][1]}{PATH}", flush=True)
    await asyncio.Event().wait()


def _serve_fastapi(port: int) -> None:
    import uvicorn
    from ag_ui.core import (
        EventType,
        RunAgentInput,
        RunFinishedEvent,
        RunStartedEvent,
        TextMessageContentEvent,
        TextMessageEndEvent,
        TextMessageStartEvent,
    )
    from ag_ui.encoder import EventEncoder
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app = FastAPI()

    async def told(given: RunAgentInput) -> AsyncIterator[str]:
        encoder = EventEncoder()
        count, pause = words(str(given.messages[-1].content))
        thread_id, run_id, message_id = given.thread_id, given.run_id, f"{given.run_id}-m"
        yield encoder.encode(
            RunStartedEvent(type=EventType.RUN_STARTED, thread_id=thread_id, run_id=run_id, input=given)
        )
        yield encoder.encode(TextMessageStartEvent(type=EventType.TEXT_MESSAGE_START, message_id=message_id))
        for index in range(count):
            if pause:
                await asyncio.sleep(pause)
            piece = TextMessageContentEvent(
                type=EventType.TEXT_MESSAGE_CONTENT, message_id=message_id, delta=f"w{index} "
            )
            yield encoder.encode(piece)
        yield encoder.encode(TextMessageEndEvent(type=EventType.TEXT_MESSAGE_END, message_id=message_id))
        yield encoder.encode(RunFinishedEvent(type=EventType.RUN_FINISHED, thread_id=thread_id, run_id=run_id))

    @app.post(f"{PATH}/agent/default/run")
    async def run(given: RunAgentInput) -> StreamingResponse:
        return StreamingResponse(told(given), media_type="text/event-stream")

    listener = socket.create_server(("127.0.0.1", port))
    print(f"listening http://127.0.0.1:{listener.getsockname()[1]}{PATH}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=["raw", "fastapi"])
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    if options.peer == "raw":
        asyncio.run(_serve_raw(options.port))
    else:
        _serve_fastapi(options.port)
