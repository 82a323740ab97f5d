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
from contextlib import ExitStack
from pathlib import Path

import orjson

from benchmarks import servers
from benchmarks.client import LOADS
from benchmarks.page import put
from benchmarks.report import Round, table
from benchmarks.servers import Server
from benchmarks.wire import ROOT

BUSY = (
    "\n\n**The machine was busy with other work meanwhile: all figures are too high, and compare only roughly. Measure "
    "again when it is quiet.**"
)


def measure(server: Server, load: str) -> Round:
    """One load on one server."""
    before, memory = server.cpu_seconds(), server.resident_bytes()
    command = [sys.executable, "-m", "benchmarks.client", server.url, load]
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
    return Round(server=server.name, load=load, cpu_seconds=cpu, grown_bytes=grown, **orjson.loads(answer))


def interleaved(candidates: list[Server], rounds: int) -> list[Round]:
    """All loads on all servers, round by round; another server begins each round, so that drift hits all alike."""
    for server in candidates:
        for load in LOADS:
            measure(server, load)
        print(f"{server.name}: warm", flush=True)
    measured = []
    for number in range(rounds):
        shift = number % len(candidates)
        for load in LOADS:
            measured += [measure(server, load) for server in candidates[shift:] + candidates[:shift]]
        print(f"round {number + 1} of {rounds} done", flush=True)
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
    with ExitStack() as stack:
        candidates = [stack.enter_context(servers.ours())]
        if importlib.util.find_spec("uvloop"):
            candidates.append(stack.enter_context(servers.ours(uvloop=True)))
        if servers.node_version():
            candidates.append(stack.enter_context(servers.typescript(options.peer)))
        candidates.append(stack.enter_context(servers.raw()))
        measured = interleaved(candidates, options.rounds)
    report = f"{setting(options.rounds)}\n\n{table(measured, [server.name for server in candidates])}\n"
    print(f"\n{report}")
    if options.write:
        put(options.write, "streams", report)


if __name__ == "__main__":
    main()
