"""Streaming side by side: this server, the TypeScript runtime and raw aiohttp, in interleaved rounds.

``python -m benchmarks.stream`` (or ``make bench``) prints a table; ``--write FILE`` writes it, too.
"""

import argparse
import datetime as dt
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


def measure(server: Server, load: str) -> Round:
    """One load on one server."""
    before = server.cpu_seconds()
    answer = subprocess.check_output([sys.executable, "-m", "benchmarks.client", server.url, load], cwd=ROOT)
    cpu = server.cpu_seconds() - before
    return Round(server=server.name, load=load, cpu_seconds=cpu, **orjson.loads(answer))


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
    """Where and how it was measured."""
    node = servers.node_version()
    return (
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {f'Node {node[1:]}' if node else 'no Node'}; "
        f"medians of {rounds} interleaved rounds after one round of warming up. Client and server share the machine."
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
