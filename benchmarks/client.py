"""The client of the benchmark, a process of its own: ``python -m benchmarks.client URL LOAD`` prints one JSON line.

While a load is on it only stamps bytes. What arrived is parsed and counted afterwards, so that its own work is no part
of the times.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
from attrs import asdict, frozen

from benchmarks import wire

# Stands in the path of every text chunk, and in nothing that comes before the first one.
CHUNK_MARK = b',"content",'


@frozen
class Measured:
    """One load on one server.

    Attributes:
        units: text chunks, or requests.
        seconds: from the first request to the last byte.
        first: seconds to each response's first chunk, or of each request.
    """

    units: int
    seconds: float
    first: list[float]


async def stream(session: aiohttp.ClientSession, url: str, body: bytes) -> tuple[float, bytes]:
    """Seconds to the first chunk, and the whole body."""
    received = bytearray()
    first = None
    begin = time.perf_counter()
    async with session.post(url, data=body, headers=wire.HEADERS) as response:
        async for data in response.content.iter_any():
            received += data
            if first is None and CHUNK_MARK in received:
                first = time.perf_counter() - begin
    if first is None:
        raise ValueError(f"No chunk in {bytes(received[:500])!r}")
    return first, bytes(received)


async def bursts(session: aiohttp.ClientSession, url: str) -> Measured:
    """Ten bursts of 1000 chunks, one after the other."""
    bodies = [wire.chat("long:1000", f"burst-{time.time_ns()}-{number}") for number in range(10)]
    begin = time.perf_counter()
    answers = [await stream(session, url, body) for body in bodies]
    return summary(answers, time.perf_counter() - begin, expected=10 * 1000)


async def paced(session: aiohttp.ClientSession, url: str) -> Measured:
    """Twenty streams at once, each of 100 chunks 10 ms apart."""
    bodies = [wire.chat("slow:100:10", f"paced-{time.time_ns()}-{number}") for number in range(20)]
    begin = time.perf_counter()
    answers = await asyncio.gather(*(stream(session, url, body) for body in bodies))
    return summary(answers, time.perf_counter() - begin, expected=20 * 100)


async def hello(session: aiohttp.ClientSession, url: str) -> Measured:
    """1000 requests ``{ hello }`` over eight connections."""
    times: list[float] = []

    async def caller(count: int) -> None:
        for _ in range(count):
            begin = time.perf_counter()
            async with session.post(url, data=wire.HELLO, headers=wire.HEADERS) as response:
                answer = orjson.loads(await response.read())
            times.append(time.perf_counter() - begin)
            if not answer["data"]["hello"]:
                raise ValueError(f"The server answered {answer}")

    begin = time.perf_counter()
    await asyncio.gather(*(caller(125) for _ in range(8)))
    return Measured(units=len(times), seconds=time.perf_counter() - begin, first=times)


def summary(answers: list[tuple[float, bytes]], seconds: float, expected: int) -> Measured:
    chunks = sum(wire.count_chunks(body) for _, body in answers)
    if chunks != expected:
        raise ValueError(f"{chunks} chunks arrived, not {expected}.")
    return Measured(units=chunks, seconds=seconds, first=[first for first, _ in answers])


LOADS: dict[str, Callable[[aiohttp.ClientSession, str], Awaitable[Measured]]] = {
    "burst": bursts,
    "paced": paced,
    "hello": hello,
}


async def main(url: str, load: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        measured = await LOADS[load](session, url)
    print(orjson.dumps(asdict(measured)).decode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
