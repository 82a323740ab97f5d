"""What grows with what: ``python -m benchmarks.growth`` prints tables; ``--write FILE`` writes them, too.

In one process, without HTTP, with the memory log: each size is doubled four times. Where the cost per unit stays as it
is, nothing is quadratic.
"""

import argparse
import asyncio
import gc
import platform
import time
import tracemalloc
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from attrs import define
from dependency_injector import providers

from agui_runtime import FunctionAgent, RuntimeContainer
from agui_runtime.application.generate_request import GenerateRequest
from agui_runtime.application.live_run import LiveRun
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, Scope, ThreadId
from agui_runtime.domain.messages import AssistantMessage, Message, UserMessage
from benchmarks.page import put

RUNS = (50, 100, 200, 400, 800)
EVENTS = (1000, 2000, 4000, 8000, 16000)
STREAMS = (25, 50, 100, 200, 400)
EVENTS_OF_RUN = 100
PIECES_OF_STREAM = 100
CALLER = Caller(ANONYMOUS, Scope("benchmark"))
HEAD = """## Growth

One process, no HTTP, the memory log, Python {python}. Per unit, a flat column means that nothing is quadratic."""


class Talker:
    """An agent that says so many pieces, each when ``gate`` allows it."""

    def __init__(self) -> None:
        self.pieces = EVENTS_OF_RUN
        self.gate: asyncio.Event | None = None

    async def talker(self, run_input: Any) -> AsyncIterator[e.Event]:
        """Says its pieces."""
        message_id = f"answer-to-{run_input.messages[-1].id}"
        yield e.TextMessageStart(message_id)
        for _ in range(self.pieces):
            if self.gate is not None:
                await self.gate.wait()
                await asyncio.sleep(0)
            yield e.TextMessageContent(message_id, "word ")
        yield e.TextMessageEnd(message_id)


def question(thread: str, messages: list[Message]) -> GenerateRequest:
    return GenerateRequest(
        caller=CALLER, messages=tuple(messages), thread_id=ThreadId(thread), agent_name=AgentName("talker")
    )


def a_run(thread: str) -> GenerateRequest:
    return question(thread, [UserMessage(id="q", content="hello")])


@define
class Memory:
    """Bytes that Python objects took when all was done, beyond those at the beginning."""

    grown: int = 0


@contextmanager
def traced() -> Generator[Memory]:
    """The memory of what is done within."""
    gc.collect()
    tracemalloc.start()
    memory = Memory()
    try:
        yield memory
        gc.collect()
        memory.grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


async def drained(live: LiveRun) -> int:
    """How many entries a reader gets."""
    count = 0
    async for batch in live.follow():
        count += len(batch)
    await live.wait()
    return count


async def beginnings(generate: Any) -> list[tuple[str, ...]]:
    """CPU time to begin one more run on a thread of so many, its client sending the whole conversation."""
    messages: list[Message] = []
    times: list[float] = []
    rows: list[tuple[str, ...]] = []
    for number in range(RUNS[-1] + 1):
        messages.append(UserMessage(id=f"q{number}", content="hello"))
        begin = time.process_time()
        answer = await generate(question("long", messages))
        times.append(time.process_time() - begin)
        await drained(answer.live)
        messages.append(AssistantMessage(id=f"answer-to-q{number}", content="word " * EVENTS_OF_RUN))
        if number in RUNS:
            spent = median(times[-11:]) * 1e6
            rows.append((f"{number}", f"{spent:.0f}", f"{spent / (2 * number):.2f}"))
    return rows


async def threads(generate: Any) -> list[tuple[str, ...]]:
    """Memory of a thread of so many runs, its client sending the whole conversation with each."""
    rows: list[tuple[str, ...]] = []
    for size in RUNS:
        messages: list[Message] = []
        with traced() as memory:
            for number in range(size):
                messages.append(UserMessage(id=f"q{number}", content="hello"))
                await drained((await generate(question(f"thread-of-{size}", messages))).live)
                messages.append(AssistantMessage(id=f"answer-to-q{number}", content="word " * EVENTS_OF_RUN))
        rows.append((f"{size}", f"{memory.grown / size / 1024:.1f}"))
    return rows


async def long_runs(generate: Any, talker: Talker) -> list[tuple[str, ...]]:
    """CPU time of a run of so many events, with a reader, and the memory it takes."""
    rows: list[tuple[str, ...]] = []
    for size in EVENTS:
        talker.pieces = size
        begin = time.process_time()
        count = await drained((await generate(a_run(f"run-of-{size}"))).live)
        spent = time.process_time() - begin
        with traced() as memory:
            await drained((await generate(a_run(f"weighed-run-of-{size}"))).live)
        rows.append((f"{size}", f"{spent / count * 1e6:.1f}", f"{memory.grown / count:.0f}"))
    talker.pieces = EVENTS_OF_RUN
    return rows


async def open_streams(generate: Any, talker: Talker) -> list[tuple[str, ...]]:
    """CPU time of a piece where so many runs talk in turn, and memory of a run that has begun and says nothing yet."""
    rows: list[tuple[str, ...]] = []
    talker.pieces = PIECES_OF_STREAM
    for size in STREAMS:
        talker.gate = asyncio.Event()
        with traced() as memory:
            lives = [(await generate(a_run(f"{size}-{number}"))).live for number in range(size)]
            readers = [asyncio.create_task(drained(live)) for live in lives]
            await asyncio.sleep(0.1)
        begin = time.process_time()
        talker.gate.set()
        await asyncio.gather(*readers)
        spent = (time.process_time() - begin) / (size * PIECES_OF_STREAM) * 1e6
        rows.append((f"{size}", f"{spent:.1f}", f"{memory.grown / size / 1024:.1f}"))
    talker.gate, talker.pieces = None, EVENTS_OF_RUN
    return rows


def table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"### {title}", "", f"| {' | '.join(columns)} |", f"|{'---:|' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


async def measured() -> str:
    talker = Talker()
    container = RuntimeContainer(agents=providers.Object((FunctionAgent(talker.talker),)))
    generate = container.generate_response()
    sections = [
        table(
            f"Beginning a run on a thread with so many runs of {EVENTS_OF_RUN} pieces",
            ("runs", "CPU µs to begin", "per message that the client sends"),
            await beginnings(generate),
        ),
        table(
            f"A thread of so many runs of {EVENTS_OF_RUN} pieces, its client sending the whole conversation with each",
            ("runs", "KB per run"),
            await threads(generate),
        ),
        table(
            "One run of so many pieces, with a reader; a full garbage collection falls into one of the rows",
            ("pieces", "CPU µs per event", "bytes per event"),
            await long_runs(generate, talker),
        ),
        table(
            "So many live runs at once, each with a reader",
            ("runs", "CPU µs per piece", "KB per live run"),
            await open_streams(generate, talker),
        ),
    ]
    return "\n\n".join([HEAD.format(python=platform.python_version()), *sections])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    report = asyncio.run(measured())
    print(report)
    if options.write:
        put(options.write, "growth", report)


if __name__ == "__main__":
    main()
