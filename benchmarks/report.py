"""Medians and ratios as a Markdown table."""

from collections.abc import Sequence
from statistics import median

from attrs import frozen

MEANING = {
    "burst": "Burst: 1000 chunks at once, forty responses one after the other",
    "large": "One burst of 5000 chunks",
    "paced": "Paced: 100 responses at once, each of 100 chunks 10 ms apart (10,000 chunks/s offered)",
    "saturated": "Saturated: 100 responses at once, each of 100 chunks as fast as they go",
    "hello": "`{ hello }`: 1000 requests over eight connections",
    "chat1": "One chat request after the other, each with 1 message and a short answer",
    "chat50": "The same with 50 messages",
    "chat500": "The same with 500 messages",
    "idle": "1000 responses that have begun and are silent, on a fresh server",
}
REQUESTS = frozenset({"hello", "chat1", "chat50", "chat500"})


@frozen
class Round:
    """One load on one server, once. ``units`` are chunks or requests; ``first`` is in seconds, one per response."""

    server: str
    load: str
    units: int
    seconds: float
    first: list[float]
    cpu_seconds: float
    grown_bytes: int = 0


@frozen
class Figures:
    """The medians of one server under one load."""

    first_ms: float
    per_second: float
    cpu_us: float
    spread: float
    units: int
    kilobytes: float


def figures(rounds: Sequence[Round]) -> Figures:
    """The medians over the rounds."""
    costs = [one.cpu_seconds / one.units for one in rounds]
    return Figures(
        first_ms=median(median(one.first) for one in rounds) * 1e3,
        per_second=median(one.units / one.seconds for one in rounds),
        cpu_us=median(costs) * 1e6,
        spread=(max(costs) - min(costs)) / 2 * 1e6,
        units=min(one.units for one in rounds),
        kilobytes=median(one.grown_bytes / one.units for one in rounds) / 1024,
    )


def table(rounds: Sequence[Round], names: Sequence[str]) -> str:
    """One section per load; the first name is the one that the others are compared with."""
    return "\n\n".join(_section(load, rounds, names) for load in MEANING)


def _section(load: str, rounds: Sequence[Round], names: Sequence[str]) -> str:
    by_name = {name: figures([one for one in rounds if (one.server, one.load) == (name, load)]) for name in names}
    ours = by_name[names[0]]
    if load == "idle":
        return _memory(load, by_name)
    latency, unit = ("request", "request") if load in REQUESTS else ("first chunk", "chunk")
    lines = [
        f"## {MEANING[load]}",
        "",
        f"| server | {unit}s | {latency} ms | {unit}s/s | CPU µs per {unit} | ours ÷ its | CPU, ours ÷ its |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, its in by_name.items():
        speed, cpu = f"{ours.per_second / its.per_second:.2f}", f"{ours.cpu_us / its.cpu_us:.2f}"
        cost = f"{its.cpu_us:.1f} ± {its.spread:.1f}"
        cells = (name, str(its.units), f"{its.first_ms:.2f}", f"{its.per_second:.0f}", cost, speed, cpu)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _memory(load: str, by_name: dict[str, Figures]) -> str:
    lines = [f"## {MEANING[load]}", "", "| server | KB per response | CPU µs to begin one |", "|---|---:|---:|"]
    lines += [
        f"| {name} | {its.kilobytes:.1f} | {its.cpu_us:.0f} ± {its.spread:.0f} |" for name, its in by_name.items()
    ]
    return "\n".join(lines)
