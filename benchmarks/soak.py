"""A server under mixed load for two minutes, and its memory: ``python -m benchmarks.soak --write docs/soak.svg``.

Chats that are read to their end, chats whose clients hang up, AG-UI runs, states saved and loaded, bad requests. The
bounds of the memory store are set low, so that what is left to grow would be a leak. It fails where the last quarter's
memory is more than a tenth above the second quarter's, or where anything is left running at the end.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp

from agui_runtime import FunctionAgent, RuntimeContainer
from tests.support.commands import command
from tests.support.graphql_client import CLIENT_HEADERS, chat

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    "AGUI_PORT": "0",
    "AGUI_MEMORY_MAX_THREADS": "100",
    "AGUI_MEMORY_MAX_BYTES": "4194304",
    "AGUI_COMPACT_SECONDS": "5",
    "AGUI_LOG_LEVEL": "ERROR",
}
WORKERS = 20


async def talker(run_input: object) -> AsyncIterator[str]:
    """Says a hundred words."""
    for number in range(100):
        yield f"word{number} "
        await asyncio.sleep(0)


def container() -> RuntimeContainer:
    from dependency_injector import providers

    return RuntimeContainer(agents=providers.Object((FunctionAgent(talker),)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--write", type=Path, help="an SVG file for the curve")
    options = parser.parse_args()
    with command("serve", "benchmarks.soak:container", cwd=ROOT, environment=ENVIRONMENT) as server:
        url = server.find(r"(http://\S+/api/copilotkit)")
        done, curve = asyncio.run(_load(url, server.process.pid, options.seconds))
        server.terminate()
        code = server.exit_code()
    quarter = len(curve) // 4
    early, late = (_mean(part) for part in (curve[quarter : 2 * quarter], curve[-quarter:]))
    print(f"{dict(done)}; {early:.1f} MB in the second quarter, {late:.1f} MB in the last; exit code {code}")
    if options.write:
        options.write.write_text(_svg(curve, options.seconds), encoding="utf-8")
    return 0 if late <= early * 1.1 and code == 0 and not done["failed"] else 1


async def _load(url: str, pid: int, seconds: float) -> tuple[Counter[str], list[float]]:
    done: Counter[str] = Counter()
    curve: list[float] = []
    end = time.monotonic() + seconds
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        workers = [asyncio.create_task(_work(client, url, done, end, seed)) for seed in range(WORKERS)]
        while time.monotonic() < end:
            curve.append(_megabytes(pid))
            await asyncio.sleep(1)
        await asyncio.gather(*workers)
        async with client.get(f"{url}/health") as answer:
            assert (await answer.json())["status"] == "ok"
    return done, curve


async def _work(client: aiohttp.ClientSession, url: str, done: Counter[str], end: float, seed: int) -> None:
    chance = random.Random(seed)
    while time.monotonic() < end:
        kind = chance.choice(("chat", "chat", "hang up", "agui", "state", "bad"))
        try:
            await _ask(client, url, kind, f"thread-{chance.randrange(500)}-{seed}")
            done[kind] += 1
        except (aiohttp.ClientError, AssertionError) as error:
            done["failed"] += 1
            print(f"{kind}: {error!r}", file=sys.stderr)


async def _ask(client: aiohttp.ClientSession, url: str, kind: str, thread: str) -> None:
    if kind == "agui":
        # A GraphQL client's hang-up is heard of a moment later, and AG-UI's runs do not wait for it.
        thread = f"{thread}-{kind}"
        body = {"threadId": thread, "runId": thread, "messages": [{"id": "m", "role": "user", "content": "go"}]}
        whole = {**body, "tools": [], "context": [], "state": {}, "forwardedProps": {}}
        async with client.post(f"{url}/agent/talker/run", json=whole) as answer:
            told = await answer.read()
            assert b"RUN_FINISHED" in told, told[-300:]
        return
    bodies = {"state": _state(thread), "bad": {"query": "{ nothing }"}}
    body = bodies.get(kind) or chat("go", thread=thread, agent="talker")
    async with client.post(url, json=body, headers=CLIENT_HEADERS) as answer:
        if kind == "hang up":
            await answer.content.readany()
            answer.close()
            return
        text = await answer.read()
        assert kind == "bad" or b'"errors"' not in text, text[:300]


def _state(thread: str) -> dict[str, object]:
    data = {"threadId": thread, "agentName": "talker", "stateData": json.dumps({"notes": ["x" * 1000]})}
    query = "mutation($data: SaveAgentStateInput!) { saveAgentState(data: $data) { success } }"
    return {"query": query, "variables": {"data": data}}


def _megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _svg(curve: Sequence[float], seconds: float) -> str:
    width, height, left, bottom = 720, 240, 48, 28
    top = max(curve) * 1.25
    step = (width - left - 12) / max(1, len(curve) - 1)
    points = " ".join(
        f"{left + index * step:.1f},{height - bottom - value / top * (height - bottom - 24):.1f}"
        for index, value in enumerate(curve)
    )
    lines = [
        f'<text x="{left}" y="14">Resident memory of one process under mixed load, MB</text>',
        f'<line x1="{left}" y1="{height - bottom}" x2="{width - 12}" y2="{height - bottom}" stroke="#888"/>',
        f'<text x="{left}" y="{height - 10}">0 s</text><text x="{width - 50}" y="{height - 10}">{seconds:g} s</text>',
        f'<text x="4" y="{height - bottom}">0</text><text x="4" y="40">{top:.0f}</text>',
        f'<polyline points="{points}" fill="none" stroke="#1665c1" stroke-width="2"/>',
    ]
    style = 'font-family="sans-serif" font-size="12" fill="#333"'
    background = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {style}>{background}'
        + "".join(lines)
        + "</svg>\n"
    )


if __name__ == "__main__":
    sys.exit(main())
