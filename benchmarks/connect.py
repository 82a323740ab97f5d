"""Connecting to a long thread, and what waits: ``python -m benchmarks.connect`` prints tables; ``--write FILE`` writes.

Over HTTP with the memory log: the time to a replay's end, event by event and compacted, and the TypeScript runtime's;
the memory of a live run and of a stream that follows it.
"""

import argparse
import asyncio
import datetime as dt
import os
import platform
import re
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import orjson

from benchmarks import page, servers
from benchmarks.agui_client import stream
from benchmarks.agui_wire import HEADERS, count_texts, run_input, run_path
from benchmarks.servers import Server
from benchmarks.wire import ROOT

ENVIRONMENT = {"AGUI_DRAIN_SECONDS": "0.1"}
RAW, COMPACTED = "event by event", "compacted"
KEPT = {RAW: "3600", COMPACTED: "1"}
TYPESCRIPT = "TypeScript v2 1.75.0"
RUNS, PIECES, EVENTS_AROUND = 100, 96, 4
IDLE, WARM = 400, 50
CONNECT_PATH = run_path().removesuffix("run") + "connect"
COMPACTION_SECONDS = 30.0


async def talk(session: aiohttp.ClientSession, url: str, thread: str) -> bytes:
    """A thread of 10,000 events, its client sending the whole conversation; the last run's stream."""
    messages: list[dict[str, Any]] = []
    body = b""
    for number in range(RUNS):
        asked = orjson.loads(run_input(f"long:{PIECES}", thread))
        messages.append({**asked["messages"][0], "id": f"user-{number}"})
        run_id = f"run-{number}"
        _, body = await stream(session, url, orjson.dumps({**asked, "runId": run_id, "messages": messages}))
        if (count_texts(body), body.count(b"data: ")) != (PIECES, PIECES + EVENTS_AROUND):
            raise ValueError(f"Run {number} has {count_texts(body)} pieces in {body.count(b'data: ')} events.")
        answer = "".join(f"w{index} " for index in range(PIECES))
        messages.append({"id": f"{run_id}-m", "role": "assistant", "content": answer})
    return body


async def compacted(session: aiohttp.ClientSession, url: str, thread: str, last: bytes) -> None:
    """Until a reader who left within the last run is shown everything: that run is compacted, and it is the last."""
    place = re.findall(rb"id: (\S+)\ndata: [^\n]*TEXT_MESSAGE_CONTENT", last)[-1].decode()
    body = orjson.dumps({**orjson.loads(run_input("", thread)), "messages": [], "lastSeenEventId": place})
    deadline = time.monotonic() + COMPACTION_SECONDS
    while time.monotonic() < deadline:
        async with session.post(url + CONNECT_PATH, data=body, headers=HEADERS) as response:
            if (await response.read()).count(b'"RUN_FINISHED"') == RUNS:
                return
        await asyncio.sleep(0.2)
    raise TimeoutError(f"The runs are not compacted after {COMPACTION_SECONDS:g} s.")


async def replays(server: Server, kept: str, rounds: int) -> str:
    """A row: connecting to the thread, one time after the other."""
    async with aiohttp.ClientSession() as session:
        last = await talk(session, server.url, "long")
        if kept == COMPACTED:
            await compacted(session, server.url, "long", last)
        body = orjson.dumps({**orjson.loads(run_input("", "long")), "messages": []})
        times, costs, replay = [], [], b""
        for _ in range(rounds + 1):
            begin, before = time.perf_counter(), server.cpu_seconds()
            _, replay = await stream(session, server.url, body, CONNECT_PATH)
            times.append(time.perf_counter() - begin)
            costs.append(server.cpu_seconds() - before)
    if count_texts(replay) < RUNS or replay.count(b'"RUN_FINISHED"') != RUNS:
        raise ValueError(f"The replay has {count_texts(replay)} pieces of text.")
    told, size = replay.count(b"data: "), len(replay) / 1024
    spent, cost = median(times[1:]) * 1e3, median(costs[1:]) * 1e3
    logged = RUNS * (PIECES + EVENTS_AROUND)
    return f"| {kept} | {told} | {size:.0f} | {spent:.1f} | {cost:.1f} | {cost * 1e3 / logged:.2f} |"


async def held(session: aiohttp.ClientSession, url: str, bodies: list[bytes]) -> list[aiohttp.ClientResponse]:
    """Streams that have begun."""
    responses = []
    for body in bodies:
        responses.append(await session.post(url, data=body, headers=HEADERS))
        await responses[-1].content.readany()
    return responses


async def waiting(server: Server) -> list[str]:
    """Rows: runs that say nothing with the streams of those who asked, and a second reader of each."""
    bodies = [run_input("slow:1:600000", f"waiting-{number}") for number in range(WARM + IDLE)]
    run, connect = server.url + run_path(), server.url + CONNECT_PATH
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        open_streams = await held(session, run, bodies[:WARM]) + await held(session, connect, bodies[:WARM])
        memory = [server.resident_bytes()]
        for url in (run, connect):
            open_streams += await held(session, url, bodies[WARM:])
            memory.append(server.resident_bytes())
        for response in open_streams:
            response.close()
    both, reader = ((after - before) / IDLE / 1024 for before, after in pairwise(memory))
    return [
        f"| a live run and its stream | {both:.1f} |",
        f"| one more idle stream that follows it | {reader:.1f} |",
        f"| so the live run alone, the difference | {both - reader:.1f} |",
    ]


def table(rows: list[str], memory: list[str]) -> str:
    head = [
        f"## Connecting to a thread of {RUNS * (PIECES + EVENTS_AROUND):,} events",
        "",
        f"{RUNS} ended runs of {PIECES} pieces of text each, memory log. A replay tells ended runs compacted anyway:",
        "the log's own compaction saves doing it at each connection. The TypeScript runtime keeps its runs compacted.",
        "",
        "| runs kept | events told | KB | ms to the end | CPU ms of the server | CPU µs per event of the thread |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    waits = ["", f"### Memory of what waits: {IDLE} of each, growth of the server's resident memory", ""]
    return "\n".join([*head, *rows, *waits, "| what | KB |", "|---|---:|", *memory])


def where(rounds: int) -> str:
    """Where and how it was measured."""
    return (
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {platform.system()} {platform.machine()}, {os.cpu_count()} "
        f"cores, Python {platform.python_version()}; medians of {rounds} connections after one of warming up. The "
        f"server has one core, the client another. Load average at the end: {os.getloadavg()[0]:.1f}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--peer", type=Path, default=ROOT / "tests/peers/agui", help="folder of the TypeScript peer")
    options = parser.parse_args()
    cores = os.sched_getaffinity(0)
    rows = []
    for kept, seconds in KEPT.items():
        with servers.ours(name=kept, environment={**ENVIRONMENT, "AGUI_COMPACT_SECONDS": seconds}) as server:
            os.sched_setaffinity(0, {max(cores)})
            rows.append(asyncio.run(replays(server, kept, options.rounds)))
        os.sched_setaffinity(0, cores)
    if servers.node_version():
        with servers.typescript(options.peer, name=TYPESCRIPT, path="/api/copilotkit") as server:
            os.sched_setaffinity(0, {max(cores)})
            rows.append(asyncio.run(replays(server, TYPESCRIPT, options.rounds)))
        os.sched_setaffinity(0, cores)
    with servers.ours(name="waiting", environment=ENVIRONMENT) as server:
        memory = asyncio.run(waiting(server))
    report = f"{table(rows, memory)}\n\n{where(options.rounds)}"
    print(report)
    if options.write:
        page.put(options.write, "connect", report)


if __name__ == "__main__":
    main()
