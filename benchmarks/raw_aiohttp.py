"""The limit: aiohttp alone, writing the same parts. It parses no GraphQL, checks nothing, stores nothing.

A burst goes out as one part with an entry per chunk, as the TypeScript runtime sends it; a paced stream as one part per
chunk.
"""

import argparse
import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import web

ROOT_FIELD = "generateCopilotResponse"
TEXT = {"__typename": "TextMessageOutput"}
SUCCESS = {"code": "Success"}


def part(payload: dict[str, Any]) -> bytes:
    body = orjson.dumps(payload)
    return b"\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b\r\n---" % (
        len(body),
        body,
    )


def chunk(index: int, text: str) -> dict[str, Any]:
    return {"items": [text], "path": [ROOT_FIELD, "messages", 0, "content", index]}


def first(thread_id: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "threadId": thread_id,
        "runId": None,
        "extensions": None,
        "messages": [],
        "metaEvents": [],
    }
    return {"data": {ROOT_FIELD: {**fields, "__typename": "CopilotResponse"}}, "hasNext": True}


def message() -> dict[str, Any]:
    fields = {"id": "msg-1", "createdAt": "2026-01-02T03:04:05.678Z", "role": "assistant", "parentMessageId": None}
    return {"items": [{**TEXT, **fields, "content": []}], "path": [ROOT_FIELD, "messages", 0]}


def ending() -> list[dict[str, Any]]:
    done = {"data": {"status": {**SUCCESS, "__typename": "SuccessMessageStatus"}, **TEXT}}
    over = {"data": {"status": {**SUCCESS, "__typename": "SuccessResponseStatus"}, "__typename": "CopilotResponse"}}
    return [{**done, "path": [ROOT_FIELD, "messages", 0]}, {**over, "path": [ROOT_FIELD]}]


def burst(count: int) -> Iterator[dict[str, Any]]:
    for index in range(count):
        yield chunk(index, f"chunk-{index:06d}-abcdef ")


async def paced(response: web.StreamResponse, count: int, seconds: float) -> None:
    await response.write(part({"incremental": [message()], "hasNext": True}))
    for index in range(count):
        await asyncio.sleep(seconds)
        await response.write(part({"incremental": [chunk(index, f"chunk{index} ")], "hasNext": True}))
    await response.write(part({"incremental": ending(), "hasNext": False}) + b"--\r\n")


async def handle(request: web.Request) -> web.StreamResponse:
    body = orjson.loads(await request.read())
    if "variables" not in body:
        return web.Response(body=orjson.dumps({"data": {"hello": "Hello World"}}), content_type="application/json")
    data = body["variables"]["data"]
    scenario, *numbers = data["messages"][-1]["textMessage"]["content"].split(":")
    response = web.StreamResponse(headers={"Content-Type": 'multipart/mixed; boundary="-"'})
    await response.prepare(request)
    await response.write(b"\r\n---" + part(first(data["threadId"])))
    if scenario in {"long", "text"}:
        entries = [message(), *burst(int(numbers[0])), *ending()]
        await response.write(part({"incremental": entries, "hasNext": False}) + b"--\r\n")
    else:
        await paced(response, int(numbers[0]), int(numbers[1]) / 1000)
    await response.write_eof()
    return response


async def serve(port: int) -> None:
    app = web.Application()
    app.router.add_post("/api/copilotkit", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, bound = runner.addresses[0][:2]
    print(f"listening http://{host}:{bound}/api/copilotkit", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
