"""The client of the benchmark, a process of its own: ``python -m benchmarks.client URL LOAD`` prints one JSON line.

While a load is on it only stamps bytes. What arrived is parsed and counted afterwards, so that its own work is no part
of the times.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
import orjson
from attrs import asdict, frozen

from benchmarks import wire

IDLE_STREAMS = 1000
BURSTS = 40

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
    """Forty bursts of 1000 chunks, one after the other."""
    bodies = [wire.chat("long:1000", f"burst-{time.time_ns()}-{number}") for number in range(BURSTS)]
    begin = time.perf_counter()
    answers = [await stream(session, url, body) for body in bodies]
    return summary(answers, time.perf_counter() - begin, expected=BURSTS * 1000)


async def large(session: aiohttp.ClientSession, url: str) -> Measured:
    """One burst of 5000 chunks. Not all of them may arrive: the TypeScript runtime cuts."""
    begin = time.perf_counter()
    first, body = await stream(session, url, wire.chat("long:5000", f"large-{time.time_ns()}"))
    seconds = time.perf_counter() - begin
    return Measured(units=wire.count_chunks(body), seconds=seconds, first=[first])


async def together(session: aiohttp.ClientSession, url: str, text: str) -> Measured:
    """A hundred streams at once, each of 100 chunks."""
    bodies = [wire.chat(text, f"together-{time.time_ns()}-{number}") for number in range(100)]
    begin = time.perf_counter()
    answers = await asyncio.gather(*(stream(session, url, body) for body in bodies))
    return summary(answers, time.perf_counter() - begin, expected=100 * 100)


async def paced(session: aiohttp.ClientSession, url: str) -> Measured:
    """Each chunk 10 ms behind the one before: 10,000 chunks/s are offered."""
    return await together(session, url, "slow:100:10")


async def saturated(session: aiohttp.ClientSession, url: str) -> Measured:
    """All chunks at once."""
    return await together(session, url, "long:100")


async def chats(session: aiohttp.ClientSession, url: str, messages: int) -> Measured:
    """Requests of one user's next turn, one after the other."""
    bodies = [wire.chat("text:1", f"chat-{time.time_ns()}-{number}", messages) for number in range(20)]
    times: list[float] = []
    begin = time.perf_counter()
    for body in bodies:
        started = time.perf_counter()
        await stream(session, url, body)
        times.append(time.perf_counter() - started)
    return Measured(units=len(times), seconds=time.perf_counter() - begin, first=times)


async def idle(session: aiohttp.ClientSession, url: str) -> Measured:
    """A thousand streams that have begun and say nothing, held until this process is told to let go."""
    bodies = [wire.chat("slow:1:60000", f"idle-{time.time_ns()}-{number}") for number in range(IDLE_STREAMS)]
    begin = time.perf_counter()
    times: list[float] = []
    held = []
    for body in bodies:
        started = time.perf_counter()
        response = await session.post(url, data=body, headers=wire.HEADERS)
        await response.content.readany()
        times.append(time.perf_counter() - started)
        held.append(response)
    seconds = time.perf_counter() - begin
    print("held", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for response in held:
        response.close()
    return Measured(units=IDLE_STREAMS, seconds=seconds, first=times)


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
    "large": large,
    "paced": paced,
    "saturated": saturated,
    "hello": hello,
    "chat1": partial(chats, messages=1),
    "chat50": partial(chats, messages=50),
    "chat500": partial(chats, messages=500),
    "idle": idle,
}


async def main(url: str, load: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        measured = await LOADS[load](session, url)
    print(orjson.dumps(asdict(measured)).decode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
