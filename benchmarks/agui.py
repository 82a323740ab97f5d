"""AG-UI side by side: this server, the TypeScript v2 runtime, the ``ag_ui`` encoder behind FastAPI, raw aiohttp.

``python -m benchmarks.agui`` prints a table; ``--write FILE`` puts it into its section of the page. The Postgres log is
a row of its own where AGUI_DATABASE_URL names a migrated database.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import page, servers, stream
from benchmarks.agui_client import LOADS
from benchmarks.report import Round, figures
from benchmarks.servers import OURS, Server
from benchmarks.wire import ROOT

ON_POSTGRES = f"{OURS}, Postgres log"
TYPESCRIPT, FASTAPI, RAW = "TypeScript v2 1.75.0", "ag_ui encoder, FastAPI", "raw aiohttp"
MEANING = {
    "burst": "Burst: 1000 pieces of text at once, ten runs one after the other",
    "chat": "Short answers: 100 runs of one piece, one after the other",
    "paced": "Paced: 100 runs at once, each of 100 pieces 50 ms apart (2000 pieces/s offered)",
    "fast": "Fast: 100 runs at once, each of 100 pieces 10 ms apart (10,000 pieces/s offered)",
}


def candidates(stack: ExitStack, peer: Path) -> list[Server]:
    """All the servers, started."""
    database = os.environ.pop("AGUI_DATABASE_URL", "")
    found = [stack.enter_context(servers.ours())]
    if importlib.util.find_spec("uvloop"):
        found.append(stack.enter_context(servers.ours(uvloop=True)))
    if database:
        environment = {"AGUI_DATABASE_URL": database}
        found.append(stack.enter_context(servers.ours(name=ON_POSTGRES, environment=environment)))
    if servers.node_version():
        found.append(stack.enter_context(servers.typescript(peer, name=TYPESCRIPT, path="/api/copilotkit")))
    for name, which in ((FASTAPI, "fastapi"), (RAW, "raw")):
        command = [sys.executable, "-m", "benchmarks.agui_peers", which]
        found.append(stack.enter_context(servers.started(name, command)))
    return found


def measure(server: Server, load: str) -> Round:
    return stream.measure(server, load, "benchmarks.agui_client")


def interleaved(found: list[Server], rounds: int, loads: Iterable[str] = LOADS) -> list[Round]:
    """Loads on all servers, round by round; another server begins each round, so that drift hits all alike."""
    measured = []
    for number in range(rounds + 1):
        shift = number % len(found)
        for load in loads:
            taken = [measure(server, load) for server in found[shift:] + found[:shift]]
            measured += taken if number else []
        print(f"round {number} of {rounds} done{'' if number else ' (warming up)'}", flush=True)
    return measured


def table(rounds: list[Round], names: list[str]) -> str:
    sections = "\n\n".join(_section(load, rounds, names) for load in MEANING)
    return f"## AG-UI\n\n{sections}"


def _section(load: str, rounds: list[Round], names: list[str]) -> str:
    by_name = {name: figures([one for one in rounds if (one.server, one.load) == (name, load)]) for name in names}
    ours = by_name[OURS]
    lines = [
        f"### {MEANING[load]}",
        "",
        "| server | first text ms | pieces/s | CPU µs per piece | CPU, ours ÷ its |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, its in by_name.items():
        cells = (name, f"{its.first_ms:.2f}", f"{its.per_second:.0f}", f"{its.cpu_us:.1f}")
        lines.append(f"| {' | '.join(cells)} | {ours.cpu_us / its.cpu_us:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--peer", type=Path, default=ROOT / "tests/peers/agui", help="folder of the TypeScript peer")
    options = parser.parse_args()
    with ExitStack() as stack:
        found = candidates(stack, options.peer)
        measured = interleaved(found, options.rounds)
    report = f"{table(measured, [server.name for server in found])}\n\n{stream.setting(options.rounds)}"
    print(f"\n{report}")
    if options.write:
        page.put(options.write, "agui", report)


if __name__ == "__main__":
    main()
