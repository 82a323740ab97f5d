"""Sends the same requests to two servers as they are, and shows where the answers differ.

python -m tests.integration.compare_raw graphql URL_A URL_B
python -m tests.integration.compare_raw agui URL_A URL_B

``tests.clients.compare`` looks at what a client makes of an answer; this looks at the answer itself: statuses,
headers, forms, refusals, and what is told again on a thread. URL_A is the TypeScript peer's (``tests/peers``), URL_B
our conformance host's, both without a path. Ends with 1 where anything differs; docs/compatibility.md and
docs/compatibility-agui.md have what differs on purpose.
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from attrs import frozen

from tests.clients.compare import AGENT, MODEL
from tests.integration.agui.deviations import RULES
from tests.integration.agui.recordings import normal as agui_normal
from tests.integration.recordings import normal as graphql_normal
from tests.support.graphql_client import CLIENT_ACCEPT, Answer, ask, chat, document

PATH = "/api/copilotkit"
JSON = {"content-type": "application/json"}
CLIENT = {**JSON, "accept": CLIENT_ACCEPT}
BAD_VALUES: Sequence[Any] = ("x", 7, 1.5, True, None, [], ["x"], {}, {"surprise": 1})
ACCEPTED = (
    "*/*",
    "application/json",
    "application/graphql-response+json",
    "multipart/mixed",
    "text/event-stream",
    "text/xml",
)
AGUI_SCENES = (
    "text:3", "chunks", "tool", "backend-tool", "state", "delta-only", "snapshot", "interrupt", "legacy-interrupt",
    "reasoning", "activity", "subagent", "steps", "custom", "error-before", "error-mid", "error-event", "no-finish",
    "echo-input", "anything else",
)  # fmt: skip
"""Those of the peer but ``delta-only:replace``, which kills it."""


@frozen
class Step:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None


Case = tuple[str, Sequence[Step]]


def graphql_cases(thread: str) -> Iterator[Case]:
    """Scenes in every form, and every field with every wrong value."""
    scenes: dict[str, Any] = {f"model {text}": chat(text, thread=thread) for text in MODEL}
    scenes |= {f"agent {text}": chat(text, thread=thread, agent="echo") for text in AGENT}
    for name, body in scenes.items():
        yield name, [Step("POST", PATH, CLIENT, body)]
    documents: dict[str, Any] = {
        "a scene": chat("text:2", thread=thread),
        "hello": {"query": "{ hello }"},
        "no JSON": b"{",
        "no query": {},
        "no document": {"query": "{ hello"},
        "an unknown field": {"query": "{ nobody }"},
        "no variables": {"query": document()},
        "two operations": {"query": "{ hello } { hello }"},
        "a batch": [],
    }
    for accept in ACCEPTED:
        for name, body in documents.items():
            yield f"{name} as {accept}", [Step("POST", PATH, {**JSON, "accept": accept}, body)]
        yield f"PUT as {accept}", [Step("PUT", PATH, {**JSON, "accept": accept}, {})]
        yield f"a mutation by GET as {accept}", [Step("GET", f"{PATH}?query=mutation%7Bx%7D", {"accept": accept})]
    good = _every_field(thread)
    for place in _places(good):
        for value in BAD_VALUES:
            yield f"{_path(place)} is {json.dumps(value)}", [Step("POST", PATH, CLIENT, _with(good, place, value))]


def agui_cases(thread: str) -> Iterator[Case]:
    """Scenes, run and told again; and every field with every wrong value."""
    agent = f"{PATH}/agent/default"
    for scene in AGUI_SCENES:
        connect = Step("POST", f"{agent}/connect", JSON, _run_input("", thread, messages=[]))
        yield scene, [Step("POST", f"{agent}/run", JSON, _run_input(scene, thread)), connect]
        yield f"suggest {scene}", [Step("POST", f"{agent}/suggest", JSON, _run_input(scene, thread)), connect]
    good = _run_input("echo-input", thread)
    for place in _places(good):
        for value in BAD_VALUES:
            yield (
                f"{_path(place)} is {json.dumps(value)}",
                [Step("POST", f"{agent}/run", JSON, _with(good, place, value))],
            )


def _run_input(text: str, thread: str, **changes: Any) -> dict[str, Any]:
    return {
        "threadId": thread,
        "runId": f"{thread}-run",
        "messages": [{"id": f"{thread}-user", "role": "user", "content": text}],
        "state": {},
        "tools": [],
        "context": [{"description": "d", "value": "v"}],
        "forwardedProps": {},
        **changes,
    }


def _every_field(thread: str) -> dict[str, Any]:
    action = {"name": "a", "description": "d", "jsonSchema": '{"type": "object"}', "available": "enabled"}
    return chat(
        "inspect",
        thread=thread,
        agent="echo",
        runId="r",
        agentStates=[{"agentName": "echo", "state": "{}", "config": "{}"}],
        frontend={"url": "u", "actions": [action]},
        forwardedParameters={"model": "m", "maxTokens": 1, "stop": ["a"], "temperature": 1},
        metaEvents=[{"name": "LangGraphInterruptEvent", "value": "q", "response": "yes"}],
        context=[{"description": "d", "value": "v"}],
    )


def _places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if place:
        yield place
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _places(child, (*place, key))


def _path(place: Sequence[str | int]) -> str:
    return ".".join(map(str, place))


def _with(value: Any, place: Sequence[str | int], new: Any) -> Any:
    copied = json.loads(json.dumps(value))
    target = copied
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = new
    return copied


def _shown(answer: Answer, wire: str, thread: str, *, is_theirs: bool) -> Any:
    if wire == "graphql":
        shown = graphql_normal(answer, thread)
    else:
        shown = agui_normal(answer)
        for rule in RULES if is_theirs else ():
            shown = rule.ours(shown)
    result = shown.result
    if isinstance(result, dict):
        # Faults of a body are told in words of our own.
        result = {key: value for key, value in result.items() if key != "details"}
    return {"status": shown.status, "headers": dict(shown.headers), "result": result}


def _lines(base: str, wire: str, steps: Sequence[Step], thread: str, *, is_theirs: bool) -> list[str]:
    lines: list[str] = []
    for step in steps:
        try:
            answer = ask(base + step.path, step.body, method=step.method, headers=step.headers)
            told = _shown(answer, wire, thread, is_theirs=is_theirs)
        except (AssertionError, TimeoutError, OSError) as error:
            told = {"no answer": type(error).__name__}
        text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).replace(thread, "THREAD")
        lines += [f"{step.method} {step.path}", *text.splitlines()]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.integration.compare_raw", description=__doc__)
    parser.add_argument("wire", choices=("graphql", "agui"))
    parser.add_argument("url_a")
    parser.add_argument("url_b")
    parser.add_argument("--only", default="", help="a pattern that names of cases must have in them")
    given = parser.parse_args()
    cases_of = graphql_cases if given.wire == "graphql" else agui_cases
    names = [name for name, _ in cases_of("thread") if re.search(given.only, name)]
    groups: dict[str, list[str]] = {}
    for name in names:
        sides: list[list[str]] = []
        for base in (given.url_a, given.url_b):
            # A server that stores must not remember the case before.
            thread = uuid4().hex[:8]
            steps = dict(cases_of(thread))[name]
            sides.append(_lines(base, given.wire, steps, thread, is_theirs=base == given.url_a))
        diff = list(difflib.unified_diff(*sides, given.url_a, given.url_b, n=1, lineterm=""))[2:]
        if diff:
            groups.setdefault("\n".join(diff), []).append(name)
    for diff, alike in sorted(groups.items(), key=lambda group: -len(group[1])):
        print("", f"== {len(alike)}: {'; '.join(alike)}", diff, sep="\n")
    different = sum(map(len, groups.values()))
    print(f"\n{len(names) - different} equal, {different} different in {len(groups)} ways")
    return 1 if groups else 0


if __name__ == "__main__":
    sys.exit(main())
