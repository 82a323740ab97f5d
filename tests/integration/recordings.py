"""The recordings of the TypeScript runtime: what was sent, what came back, and how answers are compared."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import frozen

from tests.support.graphql_client import Answer
from tests.support.incremental import merge, sse_payloads

FOLDER = Path(__file__).parents[1] / "data" / "graphql" / "recordings"
ENDPOINT_REQUESTS = "remote-endpoint-requests"
"""No exchange with the runtime, but what it sent to its remote endpoint."""

NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != ENDPOINT_REQUESTS))
RECORDED_THREAD = "thread-1"

_COMPARED_HEADERS = frozenset({"content-type", "allow", "accept", "vary", "cache-control", "content-encoding"})
_HOP_HEADERS = frozenset({"host", "connection", "content-length", "transfer-encoding"})
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FORGIVEN_KEYS = frozenset({"stack", "correlationId"})
"""Stack traces, of which TypeScript sends its own, and the id that we add for finding a request in the log."""

_ELIDED = re.compile(r"<(\d+) bytes>")


@frozen
class Normal:
    """An answer without what differs between any two answers: ids, times, framing, traces."""

    status: int
    headers: Mapping[str, str]
    result: Any


@frozen
class Recording:
    """One exchange with the TypeScript runtime."""

    name: str
    content: Mapping[str, Any]

    @property
    def method(self) -> str:
        method: str = self.content["request"]["method"]
        return method

    @property
    def path(self) -> str:
        path: str = self.content["request"]["path"]
        return path

    @property
    def headers(self) -> dict[str, str]:
        """The request's, without those that belong to the connection."""
        given = self.content["request"]["headers"]
        return {name: value for name, value in given if name.lower() not in _HOP_HEADERS}

    def body(self, thread: str) -> bytes | None:
        """The body as it was sent, on a thread of its own: our runtime remembers threads."""
        text = self._body_text()
        return None if text is None else text.replace(f'"{RECORDED_THREAD}"', f'"{thread}"').encode()

    def answer(self) -> Normal:
        """What TypeScript answered."""
        response = self.content["response"]
        headers: dict[str, str] = {name.lower(): value for name, value in response["headers"]}
        text = response.get("body_text") or ""
        if "parts" in response:
            result = merge([part["json"] for part in response["parts"] if "json" in part], whole=False)
        elif headers.get("content-type", "").startswith("text/event-stream"):
            result = merge(sse_payloads(text.encode()))
        else:
            # A text that was too long for the recording is kept as JSON only.
            result = response.get("json", text)
        if headers.get("content-type", "").startswith("text/html"):
            result = _title(text)
        return _normal(response["status"], headers, result)

    def _body_text(self) -> str | None:
        request = self.content["request"]
        text: str | None = request.get("body_text")
        if text is not None and (elided := _ELIDED.fullmatch(text)) is not None:
            return _huge_body(int(elided[1]))
        if text is None and request.get("body") is not None:
            # As JSON.stringify writes it: the recorded Content-Length agrees.
            return json.dumps(request["body"], separators=(",", ":"), ensure_ascii=False)
        return text

    def declared_length(self) -> int | None:
        """The Content-Length that was recorded."""
        given = dict(self.content["request"]["headers"]).get("content-length")
        return None if given is None else int(given)


def recording(name: str) -> Recording:
    """The recording of that name."""
    return Recording(name, json.loads((FOLDER / f"{name}.json").read_text()))


def fresh_thread() -> str:
    """A thread id as long as the recorded one, so that lengths agree too."""
    return uuid4().hex[: len(RECORDED_THREAD)]


def normal(answer: Answer, thread: str) -> Normal:
    """An answer of ours in comparable form."""
    if answer.content_type in {"multipart/mixed", "text/event-stream"}:
        result: Any = answer.result()
    elif answer.content_type in {"application/json", "application/graphql-response+json"}:
        result = answer.json() if answer.body else ""
    else:
        result = _title(answer.text) if answer.content_type == "text/html" else answer.text
    return _normal(answer.status, answer.headers, json.loads(json.dumps(result).replace(thread, RECORDED_THREAD)))


def _normal(status: int, headers: Mapping[str, str], result: Any) -> Normal:
    compared = {
        name: value
        for name, value in headers.items()
        if name in _COMPARED_HEADERS or name.startswith("access-control-")
    }
    return Normal(status, compared, _forgive(result))


def _forgive(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _forgive(item) for key, item in value.items() if key not in _FORGIVEN_KEYS}
    if isinstance(value, list):
        return [_forgive(item) for item in value]
    if isinstance(value, str):
        return _TIME.sub("TIME", _UUID.sub("UUID", value))
    return value


def _title(page: str) -> str:
    """Of a page no more is compared than what it is."""
    found = re.search(r"<title>(.*?)</title>", page)
    assert found is not None, page[:200]
    return found[1]


def _huge_body(size: int) -> str:
    """The body of ``raw-huge-body-8mb``, which its note describes: text-1's with a long system message before."""
    body = json.loads(json.dumps(recording("text-1").content["request"]["body"]))
    system = {
        "id": "sys-1",
        "createdAt": "2025-01-02T03:04:05.678Z",
        "textMessage": {"content": "", "role": "system"},
    }
    body["variables"]["data"]["messages"].insert(0, system)
    bare = len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
    system["textMessage"] = {"content": "x" * (size - bare), "role": "system"}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
