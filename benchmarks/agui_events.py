"""What an AG-UI event costs on its way out: ``python -m benchmarks.agui_events``; ``--write FILE`` writes a table.

Our event stream, which checks what clients may see and gives each event its place in the log, beside the encoder of the
``ag_ui`` package, which does neither.
"""

import argparse
import asyncio
import platform
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ag_ui.core import TextMessageContentEvent
from ag_ui.encoder import EventEncoder

from agui_runtime.adapters.agui.event_stream import EventStream
from agui_runtime.adapters.agui.projection import Projection
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import TextMessageContent
from agui_runtime.domain.identity import RunKey, Scope, ThreadId
from benchmarks.page import put

EVENTS = 20_000
RUN = RunKey(Scope("benchmark"), ThreadId("thread"), 1)
HEAD = """## AG-UI events on their way out

Without a server: CPU time per TEXT_MESSAGE_CONTENT, the best of {rounds} times {events} events, Python {python}.

| encoder | µs per event |
|---|---:|"""


async def ours(batch: int) -> None:
    """Our stream, fed with batches of this size."""
    now = datetime.now(UTC)
    entries = [LogEntry(number, RUN, TextMessageContent("message", "chunk "), now) for number in range(EVENTS)]

    async def batches() -> AsyncIterator[Sequence[LogEntry]]:
        for start in range(0, EVENTS, batch):
            yield entries[start : start + batch]

    async for _ in EventStream(batches(), Projection(), "correlation"):
        pass


async def theirs() -> None:
    """The package's own encoder; its events are made before."""
    encoder = EventEncoder()
    for event in [TextMessageContentEvent(message_id="message", delta="chunk ")] * EVENTS:
        encoder.encode(event).encode()


def best(work: Callable[[], Awaitable[None]], rounds: int) -> float:
    """Microseconds of CPU time per event."""
    times: list[float] = []
    for _ in range(rounds):
        begin = time.process_time()
        asyncio.run(work())  # type: ignore[arg-type]
        times.append(time.process_time() - begin)
    return min(times) / EVENTS * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    measured = {
        "agui-runtime, batches of 64": best(lambda: ours(64), options.rounds),
        "agui-runtime, one by one": best(lambda: ours(1), options.rounds),
        "ag_ui": best(theirs, options.rounds),
    }
    head = HEAD.format(rounds=options.rounds, events=EVENTS, python=platform.python_version())
    report = "\n".join([head, *(f"| {name} | {cost:.2f} |" for name, cost in measured.items())])
    print(report)
    if options.write:
        put(options.write, "agui-events", report)


if __name__ == "__main__":
    main()
