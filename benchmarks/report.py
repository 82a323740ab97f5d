"""Medians and ratios as a Markdown table."""

from collections.abc import Sequence
from statistics import median

from attrs import frozen

MEANING = {
    "burst": "Burst: 1000 chunks at once, ten responses one after the other",
    "paced": "Paced: 20 responses at once, each of 100 chunks 10 ms apart (2000 chunks/s offered)",
    "hello": "`{ hello }`: 1000 requests over eight connections",
}


@frozen
class Round:
    """One load on one server, once. ``units`` are chunks or requests; ``first`` is in seconds, one per response."""

    server: str
    load: str
    units: int
    seconds: float
    first: list[float]
    cpu_seconds: float


@frozen
class Figures:
    """The medians of one server under one load."""

    first_ms: float
    per_second: float
    cpu_us: float


def figures(rounds: Sequence[Round]) -> Figures:
    """The medians over the rounds."""
    return Figures(
        first_ms=median(median(one.first) for one in rounds) * 1e3,
        per_second=median(one.units / one.seconds for one in rounds),
        cpu_us=median(one.cpu_seconds / one.units for one in rounds) * 1e6,
    )


def table(rounds: Sequence[Round], names: Sequence[str]) -> str:
    """One section per load; the first name is the one that the others are compared with."""
    return "\n\n".join(_section(load, rounds, names) for load in MEANING)


def _section(load: str, rounds: Sequence[Round], names: Sequence[str]) -> str:
    by_name = {name: figures([one for one in rounds if (one.server, one.load) == (name, load)]) for name in names}
    ours = by_name[names[0]]
    latency, unit = ("request", "request") if load == "hello" else ("first chunk", "chunk")
    lines = [
        f"## {MEANING[load]}",
        "",
        f"| server | {latency} ms | {unit}s/s | CPU µs per {unit} | {unit}s/s, ours ÷ its | CPU, ours ÷ its |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, its in by_name.items():
        speed, cpu = f"{ours.per_second / its.per_second:.2f}", f"{ours.cpu_us / its.cpu_us:.2f}"
        cells = (name, f"{its.first_ms:.2f}", f"{its.per_second:.0f}", f"{its.cpu_us:.1f}", speed, cpu)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
