"""What long requests cost: ``python -m benchmarks.long_histories`` prints a table; ``--write FILE`` writes it, too.

graphql-core's coercion of the variables is the measure of ours and of the structuring together.
"""

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from graphql import Executor, parse

from agui_runtime.adapters.graphql.input import generate_request
from agui_runtime.adapters.graphql.schema import load_schema
from agui_runtime.adapters.graphql.variables import VariableCompiler
from agui_runtime.domain.identity import ANONYMOUS, Caller, Scope
from benchmarks import wire
from benchmarks.page import put

SIZES = (50, 100, 200, 400, 500, 800)
HEAD = """## Requests with long histories

Without a server: CPU time of one request, the best of {rounds}, Python {python}. The budget is 1.5 for 500 messages.

| messages | graphql-core's coercion ms | ours ms | and structuring ms | together ÷ graphql-core's | µs per message |
|---:|---:|---:|---:|---:|---:|"""


def best(work: Callable[[], Any], rounds: int) -> float:
    """Seconds of CPU time."""
    times: list[float] = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def row(messages: int, rounds: int) -> str:
    """A line of the table."""
    body = orjson.loads(wire.chat("hi", "thread", messages))
    schema, document, variables = load_schema(), parse(body["query"]), body["variables"]
    executor = Executor.build(schema, document, raw_variable_values=variables)
    if isinstance(executor, list):
        raise TypeError(f"The request is not valid: {executor}")
    data, caller = executor.variable_values.coerced["data"], Caller(ANONYMOUS, Scope("benchmark"))

    def structure() -> None:
        generate_request(data, {}, caller=caller, credentials="", headers={}, correlation_id="")

    compiled = VariableCompiler(schema).variables(executor.operation)
    theirs = best(lambda: Executor.build(schema, document, raw_variable_values=variables), rounds)
    ours = best(lambda: compiled.coerced(variables), rounds)
    structuring = best(structure, rounds)
    together = ours + structuring
    cells = (f"{theirs * 1e3:.2f}", f"{ours * 1e3:.2f}", f"{structuring * 1e3:.2f}", f"{together / theirs:.2f}")
    return f"| {messages} | {' | '.join(cells)} | {together / messages * 1e6:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    head = HEAD.format(rounds=options.rounds, python=platform.python_version())
    report = "\n".join([head, *(row(size, options.rounds) for size in SIZES)])
    print(report)
    if options.write:
        put(options.write, "long-histories", report)


if __name__ == "__main__":
    main()
