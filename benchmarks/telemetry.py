"""What telemetry costs on a stream: ``python -m benchmarks.telemetry`` prints a table; ``--write FILE`` writes it, too.

The same server without it, with metrics, and with spans that an SDK makes and nobody exports, under AG-UI's bursts.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import page, servers
from benchmarks.agui import MEANING, interleaved
from benchmarks.report import Round, figures
from benchmarks.stream import setting

OFF = "off"
NONE = {"AGUI_METRICS": "0", "AGUI_TRACES": "0"}
VARIANTS = {OFF: {}, "`AGUI_METRICS=1`": {"AGUI_METRICS": "1"}, "`AGUI_TRACES=1`": {"AGUI_TRACES": "1"}}
PROGRAM = """
import runpy
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import set_tracer_provider

set_tracer_provider(TracerProvider())
runpy.run_module("tests.conformance_host", run_name="__main__")
"""


def table(rounds: list[Round]) -> str:
    by_name = {name: figures([one for one in rounds if one.server == name]) for name in VARIANTS}
    lines = [
        f"## Telemetry on a stream\n\n{MEANING['burst']}. The SDK's spans have no exporter.\n",
        "| telemetry | first text ms | CPU µs per piece | CPU ÷ off |",
        "|---|---:|---:|---:|",
    ]
    for name, its in by_name.items():
        cost = f"{its.cpu_us:.2f} ± {its.spread:.2f}"
        lines.append(f"| {name} | {its.first_ms:.2f} | {cost} | {its.cpu_us / by_name[OFF].cpu_us:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    command = [sys.executable, "-c", PROGRAM, "--port", "0"]
    with ExitStack() as stack:
        found = [
            stack.enter_context(servers.started(name, command, environment=NONE | own))
            for name, own in VARIANTS.items()
        ]
        measured = interleaved(found, options.rounds, ("burst",))
    report = f"{table(measured)}\n\n{setting(options.rounds)}"
    print(report)
    if options.write:
        page.put(options.write, "telemetry", report)


if __name__ == "__main__":
    main()
