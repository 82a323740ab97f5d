"""Streaming side by side: this server, the TypeScript runtime and raw aiohttp, in interleaved rounds.

``python -m benchmarks.stream`` (or ``make bench``) prints a table; ``--write FILE`` writes it, too.
"""

import argparse
import datetime as dt
import importlib.util
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

import orjson

from benchmarks import servers
from benchmarks.client import LOADS
from benchmarks.page import put
from benchmarks.report import Round, table
from benchmarks.servers import Server
from benchmarks.wire import ROOT

Start = Callable[[], AbstractContextManager[Server]]

IDLE = "idle"
WARMING = ("chat1", "saturated", "saturated")
SETTLE_SECONDS, REST_SECONDS = 10.0, 0.1
BUSY = (
    "\n\n**The machine was busy with other work meanwhile: all figures are too high, and compare only roughly. Measure "
    "again when it is quiet.**"
)


def measure(server: Server, load: str, client_module: str = "benchmarks.client") -> Round:
    """One load of a client's on one server."""
    before, memory = server.cpu_seconds(), server.resident_bytes()
    command = [sys.executable, "-m", client_module, server.url, load]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        os.sched_setaffinity(client.pid, {max(os.sched_getaffinity(0))})
        assert client.stdout is not None
        answer = client.stdout.readline()
        grown = server.resident_bytes() - memory
        cpu = server.cpu_seconds() - before
        if answer == b"held\n":
            answer = client.communicate(b"let go\n", timeout=60)[0]
    if client.returncode:
        raise RuntimeError(f"The client of {server.name} under {load} failed.")
    settle(server)
    return Round(server=server.name, load=load, cpu_seconds=cpu, grown_bytes=grown, **orjson.loads(answer))


def settle(server: Server) -> None:
    """Wait until the server has nothing more to do: what a load leaves behind, such as ends of streams, is its own."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        before = server.cpu_seconds()
        time.sleep(REST_SECONDS)
        if server.cpu_seconds() - before < REST_SECONDS / 50:
            return


def interleaved(candidates: list[Server], rounds: int) -> list[Round]:
    """All loads but one on all servers, round by round; another server begins each round: drift hits all alike."""
    loads = [load for load in LOADS if load != IDLE]
    for server in candidates:
        for load in loads:
            measure(server, load)
        print(f"{server.name}: warm", flush=True)
    measured = []
    for number in range(rounds):
        shift = number % len(candidates)
        for load in loads:
            measured += [measure(server, load) for server in candidates[shift:] + candidates[:shift]]
        print(f"round {number + 1} of {rounds} done", flush=True)
    return measured


def idle(starts: Sequence[Start], rounds: int) -> list[Round]:
    """Idle streams, each time on a server of their own: memory that another load has let go would hide theirs."""
    measured = []
    for number in range(rounds):
        for start in starts:
            with start() as server:
                for load in WARMING:
                    measure(server, load)
                measured.append(measure(server, IDLE))
        print(f"idle streams: round {number + 1} of {rounds} done", flush=True)
    return measured


def setting(rounds: int) -> str:
    """Where and how it was measured, in interleaved rounds."""
    return where(f"medians (± half the range) of {rounds} interleaved rounds after one round of warming up")


def where(how: str) -> str:
    """Where it was measured, and how."""
    node, load = servers.node_version(), os.getloadavg()[0]
    is_busy = load > 2 * (os.cpu_count() or 1)
    return (
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {f'Node {node[1:]}' if node else 'no Node'}; "
        f"{how}. The server has one core, the client another. Load average at the end: {load:.1f}."
        + (BUSY if is_busy else "")
        + ("" if node else "\n\n**The TypeScript runtime was not measured: Node is missing.**")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--peer", type=Path, default=ROOT / "tests/peers/gql", help="folder of the TypeScript peer")
    options = parser.parse_args()
    starts: list[Start] = [servers.ours]
    if importlib.util.find_spec("uvloop"):
        starts.append(partial(servers.ours, uvloop=True))
    if servers.node_version():
        starts.append(partial(servers.typescript, options.peer))
    starts.append(servers.raw)
    with ExitStack() as stack:
        candidates = [stack.enter_context(start()) for start in starts]
        names = [server.name for server in candidates]
        measured = interleaved(candidates, options.rounds)
    measured += idle(starts, options.rounds)
    report = f"{setting(options.rounds)}\n\n{table(measured, names)}\n"
    print(f"\n{report}")
    if options.write:
        put(options.write, "streams", report)


if __name__ == "__main__":
    main()
