"""The client of the AG-UI benchmark, a process of its own: ``python -m benchmarks.agui_client URL LOAD``.

It prints one JSON line. While a load is on it only stamps bytes; what arrived is parsed and counted afterwards.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
import orjson
from attrs import asdict

from benchmarks.agui_wire import HEADERS, TEXT, count_texts, run_input, run_path
from benchmarks.client import Measured

BURSTS, BURST = 10, 1000
CHATS = 100
STREAMS, PIECES = 100, 100
SLOW_MS, FAST_MS = 50, 10


async def stream(session: aiohttp.ClientSession, url: str, body: bytes, path: str = run_path()) -> tuple[float, bytes]:
    """Seconds to the first piece of text, and the whole body."""
    received = bytearray()
    first = None
    begin = time.perf_counter()
    async with session.post(url + path, data=body, headers=HEADERS) as response:
        async for data in response.content.iter_any():
            received += data
            if first is None and TEXT in received:
                first = time.perf_counter() - begin
    if first is None:
        raise ValueError(f"No text in {bytes(received[:500])!r}")
    return first, bytes(received)


async def bursts(session: aiohttp.ClientSession, url: str) -> Measured:
    """Ten bursts of 1000 pieces, one after the other."""
    bodies = [run_input(f"long:{BURST}", f"burst-{time.time_ns()}-{number}") for number in range(BURSTS)]
    begin = time.perf_counter()
    answers = [await stream(session, url, body) for body in bodies]
    return _summary(answers, time.perf_counter() - begin, expected=BURSTS * BURST)


async def chats(session: aiohttp.ClientSession, url: str) -> Measured:
    """Short answers: runs of one piece, one after the other."""
    bodies = [run_input("long:1", f"chat-{time.time_ns()}-{number}") for number in range(CHATS)]
    begin = time.perf_counter()
    answers = [await stream(session, url, body) for body in bodies]
    return _summary(answers, time.perf_counter() - begin, expected=CHATS)


async def paced(session: aiohttp.ClientSession, url: str, pause_ms: int) -> Measured:
    """A hundred streams at once, each of 100 pieces with a pause behind each."""
    text = f"slow:{PIECES}:{pause_ms}"
    bodies = [run_input(text, f"paced-{time.time_ns()}-{number}") for number in range(STREAMS)]
    begin = time.perf_counter()
    answers = await asyncio.gather(*(stream(session, url, body) for body in bodies))
    return _summary(answers, time.perf_counter() - begin, expected=STREAMS * PIECES)


def _summary(answers: list[tuple[float, bytes]], seconds: float, expected: int) -> Measured:
    pieces = sum(count_texts(body) for _, body in answers)
    if pieces != expected:
        raise ValueError(f"{pieces} pieces arrived, not {expected}.")
    return Measured(units=pieces, seconds=seconds, first=[first for first, _ in answers])


LOADS: dict[str, Callable[[aiohttp.ClientSession, str], Awaitable[Measured]]] = {
    "burst": bursts,
    "chat": chats,
    "paced": partial(paced, pause_ms=SLOW_MS),
    "fast": partial(paced, pause_ms=FAST_MS),
}


async def main(url: str, load: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        measured = await LOADS[load](session, url)
    print(orjson.dumps(asdict(measured)).decode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
