"""Runs the same scenarios through the real 1.10.6 client against two servers, and shows where they differ.

python -m tests.clients.compare URL_A URL_B

Ends with 1 where anything differs. Made ids, times and stack traces are made equal first; how many updates a client
saw is a matter of timing and left out. Texts that are JSON objects are shown as such, where null and absent are one.
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.support import node

VERSION = "1.10.6"
GENERATED = re.compile(r"(ck-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
TIMING = {"updates", "stack"}
FRESH = "a new thread"

MODEL = (
    "text:5", "empty", "emptychunk", "nochunk", "unicode", "long:1000", "slow:5:20", "two", "interleaved", "noend",
    "tool", "texttool", "twotools", "serveraction", "serveraction-object", "serveraction-string",
    "serveraction-undefined", "serveraction-throw", "serveraction-noargs", "serveraction-slow",
    "serveraction-then-text", "twoserver", "meta", "meta-object", "meta-ck", "meta-text", "callagent", "state",
    "extensions", "threadid", "error-before", "error-401", "error-econnrefused", "error-structured", "error-stream",
    "error-mid", "error-mid-structured", "error-mid-tool", "inspect",
)  # fmt: skip
AGENT = (
    "text:3", "tool", "servertool", "toolresult", "state", "steps", "predict", "messages", "interrupt", "runerror",
    "throw", "inspect",
)  # fmt: skip
ACTION = {"name": "setColor", "description": "Set the colour", "result": "ok"}
RULES = {"guardrails": {"inputValidationRules": {"allowList": ["a"], "denyList": ["b"]}}}


def scenarios() -> dict[str, dict[str, Any]]:
    """What is compared, by the name it is shown under."""
    thread = {"threadId": FRESH}
    agent = {**thread, "agent": "echo"}
    guarded = {**thread, "publicApiKey": "key", "cloud": RULES}
    found: dict[str, dict[str, Any]] = {f"model {text}": {**thread, "turns": [text]} for text in MODEL}
    found |= {f"agent {text}": {**agent, "turns": [text]} for text in AGENT}
    found |= {
        "two turns": {**thread, "turns": ["text:2", "inspect"]},
        "tool result": {**thread, "turns": ["tool", "inspect"], "actions": [ACTION]},
        "text, tool, result": {**thread, "turns": ["texttool", "inspect"], "actions": [ACTION]},
        "extensions come back": {**thread, "turns": ["extensions", "inspect"]},
        "agent's state comes back": {**agent, "turns": ["state", "inspect"]},
        "interrupt's answer": {**agent, "turns": ["interrupt", "inspect"], "interruptResponse": "yes"},
        "unknown agent": {**thread, "agent": "nobody", "turns": ["text:1"]},
        "guardrails allow": {**guarded, "turns": ["text:2"]},
        "guardrails deny": {**guarded, "turns": ["slow:5:50:forbidden"]},
        "no thread id": {"turns": ["threadid"]},
        "agents": {"operation": "availableAgents"},
    }
    for name, thread_id, of in (
        ("stored", "thread-stored", "stateful"),
        ("broken", "thread-broken", "stateful"),
        ("missing", "thread-missing", "stateful"),
        ("without client", "thread-plain", "echo"),
        ("unknown agent", "thread-1", "nobody"),
    ):
        found[f"state: {name}"] = {"operation": "loadAgentState", "threadId": thread_id, "agent": of}
    return found


def normalised(answer: Any) -> list[str]:
    """The answer as lines, with generated ids numbered by their first appearance."""
    seen: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"{found[1] or ''}id-{len(seen) + 1}")

    text = json.dumps(_without_timing(answer), indent=2, sort_keys=True, ensure_ascii=False)
    return GENERATED.sub(number, TIME.sub("TIME", text)).splitlines()


def _without_timing(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_timing(item) for key, item in value.items() if key not in TIMING}
    if isinstance(value, str) and value.startswith("{"):
        return _as_json(value)
    return [_without_timing(item) for item in value] if isinstance(value, list) else value


def _as_json(text: str) -> Any:
    try:
        return _without_nulls(json.loads(text))
    except ValueError:
        return text


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _drive(url: str, scenario: Mapping[str, Any]) -> Any:
    # A server that stores must not remember the scenario before.
    fresh = {"threadId": str(uuid4())} if scenario.get("threadId") == FRESH else {}
    try:
        return node.drive(VERSION, url, {**scenario, **fresh}, seconds=30)
    except AssertionError as error:
        return {"no answer": str(error).splitlines()[0]}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.clients.compare", description=__doc__)
    parser.add_argument("url_a")
    parser.add_argument("url_b")
    parser.add_argument("--only", default="", help="compare scenarios whose name has this in it")
    given = parser.parse_args()
    if missing := node.missing_programs():
        parser.error(f"not on PATH: {', '.join(missing)}")
    node.install()
    chosen = {name: scenario for name, scenario in scenarios().items() if given.only in name}
    diffs: dict[str, list[str]] = {}
    for name, scenario in chosen.items():
        answers = [normalised(_drive(url, scenario)) for url in (given.url_a, given.url_b)]
        diffs[name] = list(difflib.unified_diff(*answers, given.url_a, given.url_b, n=2, lineterm=""))
        print(f"{'different' if diffs[name] else 'equal':<10} {name}", flush=True)
    different = {name: diff for name, diff in diffs.items() if diff}
    for name, diff in different.items():
        print("", f"== {name}", *diff, sep="\n")
    print(f"\n{len(chosen) - len(different)} equal, {len(different)} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
