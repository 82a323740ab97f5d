"""The recordings of the TypeScript AG-UI runtime: what was sent, what came back, and how answers are compared."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import frozen

from tests.support.agui_client import events_of
from tests.support.graphql_client import Answer

FOLDER = Path(__file__).parents[2] / "data" / "agui" / "recordings"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))

MINTED = "an id of ours"

_COMPARED_HEADERS = frozenset({"content-type", "allow", "cache-control"})
_FRESH = re.compile(r"\.fresh-[0-9a-f]{8}")
_MINTED = re.compile(r"ck-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ENVELOPE_ELSEWHERE = "single_route_envelope_against_multi_route_runtime"
_OURS_ALONE = frozenset({"correlationId", "nextCursor"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_STREAMED = "text/event-stream"


@frozen
class Normal:
    """An answer without what differs between any two answers."""

    status: int
    headers: Mapping[str, str]
    result: Any


@frozen
class Exchange:
    """One request, and what TypeScript answered to it."""

    content: Mapping[str, Any]

    @property
    def label(self) -> str:
        return str(self.content.get("label") or "")

    @property
    def method(self) -> str:
        return str(self.content["request"]["method"])

    @property
    def path(self) -> str:
        return str(self.content["request"]["path"])

    @property
    def headers(self) -> dict[str, str]:
        """The request's, without those that belong to the connection or to the encoding of the answer."""
        given: Mapping[str, str] = self.content["request"]["headers"]
        return {name: value for name, value in given.items() if name not in {"accept-encoding", "connection"}}

    @property
    def body(self) -> bytes | None:
        """As it was sent: JSON as ``JSON.stringify`` writes it."""
        body = self.content["request"].get("body")
        if body is None or isinstance(body, str):
            return None if body is None else body.encode()
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def is_for_another_mount(self) -> bool:
        """TypeScript serves one transport on a path and refuses the other; we serve both."""
        response = self.content["response"]
        is_probe = self.path.endswith("-single/info") and response["status"] == 405
        return is_probe or _ENVELOPE_ELSEWHERE in (response.get("body_text") or "")

    def answer(self) -> Normal:
        """What TypeScript answered."""
        response = self.content["response"]
        text = response.get("body_text") or ""
        headers: Mapping[str, str] = response["headers"]
        if headers.get("content-type", "").startswith(_STREAMED):
            result: Any = _recorded_events(text)
        elif headers.get("content-type", "").startswith("application/json"):
            result = json.loads(text)
        else:
            result = text
        return normal_of(response["status"], headers, result)


@frozen
class Recording:
    """A scenario: exchanges in order, on threads of its own."""

    name: str
    exchanges: Sequence[Exchange]


def recording(name: str) -> Recording:
    """The recording of that name, its threads renamed: our runtime remembers them from test to test."""
    text = (FOLDER / f"{name}.json").read_text()
    fresh = uuid4().hex[:8]
    for thread in sorted(set(re.findall(r'threadId\\?": ?\\?"([^"\\]+)', text)), key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(thread)}(?![\w-])", f"{thread}.fresh-{fresh}", text)
    return Recording(name, [Exchange(each) for each in json.loads(text)["exchanges"]])


def normal(answer: Answer) -> Normal:
    """An answer of ours in comparable form."""
    if answer.content_type == _STREAMED and not answer.body.startswith(b":\n\nevent: "):
        result: Any = events_of(answer)
    elif answer.content_type == "application/json":
        result = answer.json()
    else:
        result = answer.text
    return normal_of(answer.status, answer.headers, result)


def normal_of(status: int, headers: Mapping[str, str], result: Any) -> Normal:
    compared = {name: value for name, value in headers.items() if name in _COMPARED_HEADERS}
    plain = _plain(result)
    if isinstance(plain, list):
        return Normal(status, compared, [_event(event) for event in plain])
    return Normal(status, compared, plain)


def _recorded_events(text: str) -> list[Any]:
    frames = (frame for frame in text.split("\n\n") if frame.startswith("data: "))
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    """What is absent means the same as what stands there: a success, an empty state, no properties."""
    told = dict(event)
    if told.get("outcome") == {"type": "success"} and told["type"] == "RUN_FINISHED":
        del told["outcome"]
    if isinstance(told.get("input"), dict):
        told["input"] = {"state": {}, "forwardedProps": {}, **told["input"]}
    return told


def _plain(value: Any) -> Any:
    """Without times, this run's own names of threads, ids of ours, and what continues a list or finds a request."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key not in _OURS_ALONE}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return _MINTED.sub(MINTED, _FRESH.sub("", _TIME.sub("TIME", value)))
    return value
