"""States in PostgreSQL side by side: our store, pgbench with the same SQL, and LangGraph's AsyncPostgresSaver.

``python -m benchmarks.state_store`` prints a table; ``--write FILE`` puts it into a page. The server is the tests' one
(``AGUI_TEST_POSTGRES`` and its friends), with durable writes. It needs pgbench, and for the third column
``pip install langgraph-checkpoint-postgres "psycopg[binary,pool]"``; what is missing is said in the table.
"""

import argparse
import asyncio
import datetime as dt
import os
import platform
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from agui_runtime.adapters.postgres import PostgresStateStore, statements
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.domain.json_value import dumps
from agui_runtime.domain.policy import StateLimits
from benchmarks.page import put
from tests.contracts.world import key_of
from tests.support import postgres

SECONDS = 1.5
SIZES = {"1 KB": 1000, "64 KB": 64_000}
FLIGHTS = (1, 16)
KINDS = ("put", "get")
Work = Callable[[int], Awaitable[object]]
Measure = Callable[[str, dict[str, Any], int], Awaitable[float]]


def document(size: int) -> dict[str, Any]:
    """Chat-like, with few repetitions."""
    source = random.Random(size)
    words = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=source.randint(3, 9))) for _ in range(400)]
    values: dict[str, Any] = {"messages": []}
    while len(dumps(values)) < size:
        content = " ".join(source.choices(words, k=12))
        values["messages"].append({"id": str(source.getrandbits(64)), "role": "user", "content": content})
    return values


async def rate(work: Work, flight: int) -> float:
    """Operations a second, with so many at a time."""
    done, end = 0, time.monotonic() + SECONDS

    async def worker(number: int) -> None:
        nonlocal done
        while time.monotonic() < end:
            await work(number)
            done += 1

    began = time.monotonic()
    await asyncio.gather(*(worker(number) for number in range(flight)))
    return done / (time.monotonic() - began)


async def ours(stack: AsyncExitStack, url: str) -> Measure:
    database = await stack.enter_async_context(postgres.opened(postgres.settings_for(url, max_connections=16)))
    store = PostgresStateStore(database, SystemClock(), StateLimits())

    async def measure(kind: str, values: dict[str, Any], flight: int) -> float:
        versions = [0] * flight
        keys = [key_of(f"ours-{number}") for number in range(flight)]
        for key in keys:
            await store.delete(key)

        async def put(number: int) -> None:
            versions[number] = (await store.save(keys[number], values, expected_version=versions[number])).version

        for number in range(flight):
            await put(number)
        return await rate(put if kind == "put" else lambda number: store.load(keys[number]), flight)

    return measure


async def pgbench(stack: AsyncExitStack, url: str) -> Measure:
    """The same statements, prepared, one row per client."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    nulls = {"7": "NULL::timestamptz", "8": "NULL::text", "9": "NULL::text", "10": "NULL::bigint"}
    names = {
        "1": ":scope",
        "2": "'pgbench-' || :client_id",
        "3": ":agent",
        "5": ":bytes",
        "6": ":now",
        "11": ":version",
    }

    def script(statement: str, parameters: dict[str, str]) -> str:
        return re.sub(r"\$(\d+)", lambda match: parameters[match[1]], statement).strip()

    update = script(statements.UPDATE, {**nulls, **names, "4": ":document"})
    load = script(statements.LOAD, {**names, "4": ":now"})
    (folder / "put.sql").write_text(update + " \\gset\n")
    (folder / "get.sql").write_text(load + ";\n")

    async def measure(kind: str, values: dict[str, Any], flight: int) -> float:
        text, now = dumps(values), dt.datetime.now(dt.UTC)
        await postgres.execute(url, "DELETE FROM agui_states WHERE thread_id LIKE 'pgbench-%'")
        for number in range(flight):
            row = ("tenant-1", f"pgbench-{number}", "writer", text, len(text), now, None, None, None, None, 100)
            await postgres.execute(url, statements.CREATE, *row)
        facts = {"scope": "tenant-1", "agent": "writer", "bytes": len(text), "now": now.isoformat(), "version": 1}
        defined = [f"-D{name}={value}" for name, value in {**facts, "document": text}.items()]
        process = await asyncio.create_subprocess_exec(
            "pgbench", "-n", "-M", "prepared", "-c", str(flight), "-j", "1", "-T", f"{SECONDS + 0.5:.0f}",
            "-f", str(folder / f"{kind}.sql"), *defined, url,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        found = re.search(rb"tps = ([\d.]+)", out)
        assert process.returncode == 0, err.decode()
        assert found, err.decode()
        return float(found[1])

    return measure


async def langgraph(stack: AsyncExitStack, url: str) -> Measure:
    """A checkpoint with one channel that holds the same values, saved anew each time, as a graph's step does."""
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool

    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool = AsyncConnectionPool(url, min_size=16, max_size=16, kwargs=options, open=False)
    await stack.enter_async_context(pool)
    saver = AsyncPostgresSaver(pool)
    await saver.setup()

    async def measure(kind: str, values: dict[str, Any], flight: int) -> float:
        configs: list[Any] = [
            {"configurable": {"thread_id": f"{time.monotonic()}-{number}", "checkpoint_ns": ""}}
            for number in range(flight)
        ]
        steps = [0] * flight

        async def put(number: int) -> None:
            steps[number] += 1
            version = f"{steps[number]:032}"
            checkpoint = empty_checkpoint()
            checkpoint["channel_values"] = {"state": values}
            checkpoint["channel_versions"] = {"state": version}
            configs[number] = await saver.aput(configs[number], checkpoint, {}, {"state": version})

        for number in range(flight):
            await put(number)
        return await rate(put if kind == "put" else lambda number: saver.aget_tuple(configs[number]), flight)

    return measure


def arms() -> dict[str, Any]:
    """What can be measured here."""
    found = {"ours": ours}
    if shutil.which("pgbench"):
        found["pgbench, same SQL"] = pgbench
    if find_spec("langgraph") and find_spec("psycopg_pool"):
        found["AsyncPostgresSaver"] = langgraph
    return found


async def measured(rounds: int) -> dict[tuple[str, str, int, str], float]:
    server = postgres.new_server(durable=True)
    try:
        async with postgres.database(of=server) as url, AsyncExitStack() as stack:
            made = {name: await make(stack, url) for name, make in arms().items()}
            rates: dict[tuple[str, str, int, str], list[float]] = {}
            for number in range(rounds):
                for kind in KINDS:
                    for size, length in SIZES.items():
                        for flight in FLIGHTS:
                            for name, measure in made.items():
                                rates.setdefault((kind, size, flight, name), []).append(
                                    await measure(kind, document(length), flight)
                                )
                print(f"round {number + 1} of {rounds} done", flush=True)
            return {key: median(values) for key, values in rates.items()}
    finally:
        server.stop()


def table(rates: dict[tuple[str, str, int, str], float], names: Sequence[str]) -> str:
    others = names[1:]
    head = ["operation", "in flight", *(f"{name}, 1/s" for name in names), *(f"ours ÷ {name}" for name in others)]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    for kind in KINDS:
        for size in SIZES:
            for flight in FLIGHTS:
                its = [rates[kind, size, flight, name] for name in names]
                cells = [f"{kind} {size}", str(flight), *(f"{value:.0f}" for value in its)]
                lines.append(f"| {' | '.join([*cells, *(f'{its[0] / value:.2f}' for value in its[1:])])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    names = list(arms())
    missing = [name for name in ("pgbench, same SQL", "AsyncPostgresSaver") if name not in names]
    backend, load = postgres.choice().backend, os.getloadavg()[0]
    text = (
        "## States in PostgreSQL\n\n"
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}; server: {backend.name if backend else 'none'}, "
        f"durable; medians of {options.rounds} rounds. Client and server share the machine, "
        f"whose load average was {load:.0f} at the start.\n\n"
        + "".join(f"**{name} was not measured: it is not installed.**\n\n" for name in missing)
        + table(asyncio.run(measured(options.rounds)), names)
        + "\n"
    )
    print(text)
    if options.write:
        put(options.write, "state store", text)


if __name__ == "__main__":
    main()
