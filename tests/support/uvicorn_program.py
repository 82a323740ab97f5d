"""Uvicorn as a process of its own: ``python -m tests.support.uvicorn_program MODULE:ATTRIBUTE [h11 or httptools]``.

It prints the URL of the runtime that it serves, once it does.
"""

import asyncio
import sys
from typing import Any

import uvicorn


async def main(target: str, http: Any = "auto") -> None:
    server = uvicorn.Server(uvicorn.Config(target, port=0, http=http))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event for that
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}/api/copilotkit", flush=True)
    await serving


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
