"""Where a piece's CPU time goes, by part of the system: ``python -m benchmarks.profile``; ``--write FILE`` writes it.

Needs py-spy (``pip install py-spy``) on PATH, and the right to attach it to a process. Each column is a server of its
own under a load of ``benchmarks.stream`` or ``benchmarks.agui``. GraphQL is shown by both ways: by graphql-core's
incremental execution, as it was before there were plans, and by the compiled plan.
"""

import argparse
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from benchmarks import agui, page, servers, stream
from benchmarks.report import Round
from benchmarks.servers import Server
from tests.support.paths import VARIABLE

SAMPLES_PER_SECOND = 200
ATTACH_SECONDS = 1.0

OPENING = "opening: request to response"
RUN, HTTP, AGUI = "the run (application, domain)", "HTTP: sending, aiohttp", "AG-UI: events to bytes"
LOOP = "event loop, timers, sockets"
PARTS = {
    "agui_runtime/adapters/memory": "the log in memory",
    "agui_runtime/adapters/graphql": "GraphQL: plan and encoder",
    "agui_runtime/adapters/agui": AGUI,
    "agui_runtime/adapters/codec": AGUI,
    "agui_runtime/adapters/http": HTTP,
    "agui_runtime/adapters/aiohttp": HTTP,
    "agui_runtime/adapters/scripted": "the agent",
    "agui_runtime": RUN,
    "/aiohttp/": HTTP,
    "(aiohttp": HTTP,
    "(graphql": "graphql-core",
    "(asyncio": LOOP,
    "(selectors": LOOP,
    "(tests": "the agent",
    "(scenarios": "the agent",
    "(agui_agents": "the agent",
    "(agui_scenarios": "the agent",
    "(picking": "the agent",
}
"""By what a frame's ``function (file:line)`` has in it; the first that fits."""

HEAD = """## Profile

CPU µs per piece of text, by the part whose code was running. Paced: 100 streams of 100 pieces, 10 ms apart with GraphQL
and 50 ms with AG-UI. Burst: 1000 pieces at once. The opening is everything from a request's arrival to its response's
head, shared out among the stream's pieces. Collections of garbage are in the part that met them.

The two ways through GraphQL are held equal by `tests/unit/adapters/graphql/test_one_truth.py`: at each run of the tests
200 random documents, 100 of the clients' own and 100 with two readers of one text, each over a random history;
`AGUI_TEST_EXAMPLES=1500` compares 1500."""


@frozen
class Column:
    """A load on a server of its own."""

    title: str
    load: str
    measure: Callable[[Server, str], Round]
    environment: Mapping[str, str]


COLUMNS = (
    Column("GraphQL paced, graphql-core", "paced", stream.measure, {VARIABLE: "core"}),
    Column("GraphQL paced, plan", "paced", stream.measure, {VARIABLE: "plan"}),
    Column("GraphQL burst, graphql-core", "burst", stream.measure, {VARIABLE: "core"}),
    Column("GraphQL burst, plan", "burst", stream.measure, {VARIABLE: "plan"}),
    Column("AG-UI paced", "paced", agui.measure, {}),
    Column("AG-UI burst", "burst", agui.measure, {}),
)


def profiled(column: Column, rounds: int) -> dict[str, float]:
    """CPU µs per piece, by part."""
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.ours(name=column.title, environment=column.environment) as server,
    ):
        column.measure(server, column.load)
        samples = Path(folder) / "samples"
        command = [_spy(), "record", "--pid", str(server.pid), "--format", "raw", "--output", str(samples)]
        command += ["--rate", str(SAMPLES_PER_SECOND), "--duration", "3600"]
        spy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(ATTACH_SECONDS)
        measured = [column.measure(server, column.load) for _ in range(rounds)]
        spy.send_signal(signal.SIGINT)
        spy.wait(60)
        counted = by_part(samples.read_text().splitlines())
    cost = sum(one.cpu_seconds for one in measured) / sum(one.units for one in measured) * 1e6
    return {part: count / counted.total() * cost for part, count in counted.items()}


def by_part(lines: Iterable[str]) -> Counter[str]:
    """Samples by part, from py-spy's raw format: a stack, its frames joined by semicolons, and how often it was seen.

    Where a server waits it uses no CPU: such stacks do not count.
    """
    counted: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if frames[-1].startswith("select (selectors"):
            continue
        counted[part_of(frames)] += int(count)
    return counted


def part_of(frames: Sequence[str]) -> str:
    """Which part a stack is in: the innermost that is known, or the opening as a whole."""
    if any(frame.startswith("Router.handle (") for frame in frames):
        return OPENING
    for frame in reversed(frames):
        for mark, part in PARTS.items():
            # Methods that attrs made have their class's name for a file.
            if mark in (frame.replace(".", "/") if "(<attrs" in frame else frame):
                return part
    return "other"


def table(columns: Sequence[tuple[str, Mapping[str, float]]]) -> str:
    """A row for each part, the most expensive one first, and one for all."""
    parts = {part for _, spent in columns for part in spent}
    ordered = sorted(parts, key=lambda part: -max(spent.get(part, 0) for _, spent in columns))
    lines = [f"| part | {' | '.join(title for title, _ in columns)} |", f"|---|{'---:|' * len(columns)}"]
    for part in ordered:
        cells = [f"{spent[part]:.1f}" if spent.get(part, 0) >= 0.05 else "" for _, spent in columns]
        if any(cells):
            lines.append(f"| {part} | {' | '.join(cells)} |")
    totals = [f"**{sum(spent.values()):.1f}**" for _, spent in columns]
    return "\n".join([*lines, f"| **all** | {' | '.join(totals)} |"])


def _spy() -> str:
    found = shutil.which("py-spy")
    if found is None:
        raise RuntimeError("py-spy is needed, and is not on PATH: pip install py-spy")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    columns = []
    for column in COLUMNS:
        columns.append((column.title, profiled(column, options.rounds)))
        print(f"{column.title}: done", flush=True)
    report = f"{HEAD}\n\n{table(columns)}\n\n{stream.where(f'sums over {options.rounds} rounds')}"
    print(f"\n{report}")
    if options.write:
        page.put(options.write, "profile", report)


if __name__ == "__main__":
    main()
