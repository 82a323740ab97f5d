"""The run log in PostgreSQL beside the one in memory, with 100 streams.

``python -m benchmarks.run_log`` prints tables; ``--write FILE`` puts them into a page. The server is the tests' one
(``AGUI_TEST_POSTGRES`` and its friends), with durable writes. Each event carries the time at which it was appended, so
that whoever sees it, in whichever process, knows how long it took.
"""

import argparse
import asyncio
import datetime as dt
import os
import platform
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

import orjson
from attrs import frozen

from agui_runtime.adapters.memory import MemoryDatabase, MemoryRunLog
from agui_runtime.adapters.postgres import PostgresRunLog
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.application.ports import RunLog
from agui_runtime.application.values import Lease
from agui_runtime.domain.identity import RunKey, ThreadId
from agui_runtime.domain.runs import Finished
from benchmarks.page import put
from benchmarks.server_cpu import server_cpu_seconds
from tests.contracts.world import SCOPE, finished, run_input, text
from tests.support import postgres
from tests.support.postgres_servers import Server

ROOT = Path(__file__).parents[1]
STREAMS = 100
SECONDS = 4.0
RATES = (20, 50, 100)
BURST = 5000
FOLLOWED = 20
HISTORY = 10_000


@frozen
class Figures:
    """One load on one log, once. Latencies in ms, CPU in µs for each event."""

    latency: float
    latency_99: float
    cpu: float
    server_cpu: float
    commits: float


async def paced(log: RunLog, rate: int, run_name: str, server_cpu: Callable[[], float]) -> tuple[Figures, int]:
    """Streams that each append ``rate`` events a second, and a follower for each."""
    delays: list[float] = []
    count = round(SECONDS * rate)

    begin = (log.begin(SCOPE, run_input(f"{run_name}-{number}"), on_stop=lambda: None) for number in range(STREAMS))
    leases = await asyncio.gather(*begin)

    async def stream(number: int, lease: Lease) -> None:
        following = asyncio.create_task(measure(log, lease.run, delays))
        await asyncio.sleep(number / STREAMS / rate)
        begun = time.perf_counter()
        for index in range(count):
            await log.append(lease, [text(repr(time.perf_counter()))])
            await asyncio.sleep(max(0.0, begun + (index + 1) / rate - time.perf_counter()))
        await log.finish(lease, [finished(lease)], Finished())
        await following

    before, server_before = time.process_time(), server_cpu()
    await asyncio.gather(*(stream(number, lease) for number, lease in enumerate(leases)))
    events = STREAMS * count
    cpu, server = time.process_time() - before, server_cpu() - server_before
    low, high = median(delays), quantiles(delays, n=100)[98]
    return Figures(low * 1e3, high * 1e3, cpu / events * 1e6, server / events * 1e6, 0), events


async def measure(log: RunLog, run: RunKey, delays: list[float]) -> None:
    async for batch in log.follow(run):
        now = time.perf_counter()
        delays.extend(now - float(entry.event.delta) for entry in batch if entry.event.type == "TEXT_MESSAGE_CONTENT")


async def burst(log: RunLog, run_name: str) -> float:
    """Seconds from the first of many events to the end's being seen."""
    lease = await log.begin(SCOPE, run_input(run_name), on_stop=lambda: None)
    began = time.perf_counter()
    following = asyncio.create_task(measure(log, lease.run, []))
    for number in range(BURST):
        await log.append(lease, [text("0.5")])
        if number % 64 == 0:
            await asyncio.sleep(0)
    await log.finish(lease, [finished(lease)], Finished())
    await following
    return time.perf_counter() - began


async def elsewhere(log: PostgresRunLog, url: str) -> tuple[list[float], list[float]]:
    """How long another process takes to see an event, and how long its request to stop takes to arrive here."""
    stops: list[float] = []
    all_stopped = asyncio.Event()

    def on_stop() -> None:
        stops.append(time.perf_counter())
        if len(stops) == FOLLOWED:
            all_stopped.set()

    leases = [await log.begin(SCOPE, run_input(f"elsewhere-{number}"), on_stop=on_stop) for number in range(FOLLOWED)]
    follower = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.run_log_follower", url, str(len(leases)),
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert follower.stdout is not None
    await follower.stdout.readline()
    for _ in range(150):
        for lease in leases:
            await log.append(lease, [text(repr(time.perf_counter()))])
        await asyncio.sleep(0.02)
    asked = orjson.loads(await follower.stdout.readline())
    await all_stopped.wait()
    for lease in leases:
        await log.finish(lease, [finished(lease)], Finished())
    seen = orjson.loads(await follower.stdout.readline())
    await follower.wait()
    return seen, [stop - asked_at for stop, asked_at in zip(sorted(stops), sorted(asked), strict=True)]


async def history(log: RunLog) -> tuple[float, float]:
    """Seconds to read a long thread, and CPU of them in this process."""
    thread = ThreadId("history")
    for _ in range(10):
        lease = await log.begin(SCOPE, run_input(thread), on_stop=lambda: None)
        for number in range(HISTORY // 10 - 2):
            await log.append(lease, [text(f"word {number} ")])
            if number % 5 == 0:
                await asyncio.sleep(0.001)
        await log.finish(lease, [finished(lease)], Finished())
    times, cpus = [], []
    for _ in range(7):
        began, cpu = time.perf_counter(), time.process_time()
        assert len(await log.read(SCOPE, thread)) == HISTORY
        times.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
    return median(times), median(cpus)


@asynccontextmanager
async def postgres_log(url: str) -> AsyncIterator[PostgresRunLog]:
    async with postgres.opened(postgres.settings_for(url, max_connections=10)) as database:
        log = PostgresRunLog(database, SystemClock(), 30.0)
        await log.open()
        try:
            yield log
        finally:
            await log.close()


async def commits_of(url: str, run_name: str) -> int:
    statement = "SELECT count(DISTINCT xmin::text) FROM agui_events WHERE thread_id LIKE $1"
    rows = await postgres.execute(url, statement, f"{run_name}-%")
    return int(rows[0][0])


async def measured(rounds: int, server: Server) -> str:
    async with postgres.database(of=server) as url, postgres_log(url) as ours:
        memory = MemoryRunLog(MemoryDatabase(), SystemClock(), 30.0)
        found: dict[tuple[str, int], list[Figures]] = {}
        for number in range(rounds):
            for rate in RATES:
                name = f"paced-{number}-{rate}"
                plain, _ = await paced(memory, rate, name, lambda: 0.0)
                stored, events = await paced(ours, rate, name, lambda: server_cpu_seconds(server))
                commits = events / await commits_of(url, name)
                found.setdefault(("memory", rate), []).append(plain)
                found.setdefault(("PostgreSQL", rate), []).append(
                    Figures(stored.latency, stored.latency_99, stored.cpu, stored.server_cpu, commits)
                )
            print(f"round {number + 1} of {rounds} done", flush=True)
        bursts = [(await burst(memory, f"burst-{n}"), await burst(ours, f"burst-{n}")) for n in range(5)]
        seen, stops = await elsewhere(ours, url)
        read, read_cpu = await history(ours)
        return "\n\n".join([paced_table(found), other_table(bursts, seen, stops, read, read_cpu)])


def paced_table(found: dict[tuple[str, int], list[Figures]]) -> str:
    head = (
        "log", "events/s offered", "append to visible, median ms", "p99 ms", "CPU µs per event", "of the server",
        "events per commit",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * 6]
    for rate in RATES:
        for name in ("memory", "PostgreSQL"):
            its = found[name, rate]
            cells = [median(getattr(one, field) for one in its) for field in ("latency", "latency_99", "cpu")]
            shown = [f"{cells[0]:.2f}", f"{cells[1]:.2f}", f"{cells[2]:.1f}"]
            stored = name == "PostgreSQL"
            shown.append(f"{median(one.server_cpu for one in its):.1f}" if stored else "")
            shown.append(f"{median(one.commits for one in its):.1f}" if stored else "")
            lines.append(f"| {name} | {STREAMS * rate} | {' | '.join(shown)} |")
    return "\n".join(lines)


def other_table(
    bursts: Sequence[tuple[float, float]], seen: Sequence[float], stops: Sequence[float], read: float, read_cpu: float
) -> str:
    plain, stored = (median(pair[which] for pair in bursts) * 1e3 for which in (0, 1))
    high = quantiles(seen, n=100)[98]
    rows = {
        "what": "",
        "---": "---",
        f"one run of {BURST} events at once, until its end is seen: memory": f"{plain:.0f} ms",
        "the same: PostgreSQL": f"{stored:.0f} ms",
        f"append to visible in another process, {FOLLOWED} runs, 1000 events/s": (
            f"median {median(seen) * 1e3:.0f} ms, p99 {high * 1e3:.0f} ms"
        ),
        "a stop asked for in another process, until it arrives": (
            f"median {median(stops) * 1e3:.0f} ms, slowest of {len(stops)} {max(stops) * 1e3:.0f} ms"
        ),
        f"reading a thread of {HISTORY} events": f"{read * 1e3:.0f} ms, of which {read_cpu * 1e3:.0f} ms CPU here",
    }
    return "\n".join(f"| {what} | {figure} |" for what, figure in rows.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    backend = postgres.choice().backend
    load = os.getloadavg()[0]
    server = postgres.new_server(durable=True)
    try:
        tables = asyncio.run(measured(options.rounds, server))
    finally:
        server.stop()
    page = (
        "## Runs in PostgreSQL\n\n"
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}; server: {backend.name if backend else 'none'}, "
        f"durable; {STREAMS} streams with a follower each, {SECONDS:g} s; medians of {options.rounds} rounds. "
        f"Client and server share the machine, whose load was {load:.1f} when it began. "
        "The CPU of the streams and followers is in both rows of a pair.\n\n"
        f"{tables}\n"
    )
    print(page)
    if options.write:
        put(options.write, "run log", page)


if __name__ == "__main__":
    main()
