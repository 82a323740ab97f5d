"""Incremental GraphQL results as the 2022 draft has them: the framing, read strictly, and urql's way to merge them.

The framing is that of contract graphql §5, byte for byte; the merge is ``mergeResultPatch`` of @urql/core 5, but for
one thing: where urql would write into a place that is not there yet, this one fails.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

OPENING = b"\r\n---"
TERMINATOR = b"--\r\n"
_PART_HEAD = re.compile(rb"\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: (\d+)\r\n\r\n")

Payload = dict[str, Any]


class PartReader:
    """Takes the bytes of a body as they come and gives the payloads that are complete.

    Attributes:
        is_over: the terminator has come.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._bytes = b""
        self._begun = False

    def feed(self, data: bytes) -> list[Payload]:
        """The payloads that these bytes complete.

        Raises:
            AssertionError: the framing is another than the contract's.
        """
        self._bytes += data
        if not self._begun:
            if len(self._bytes) < len(OPENING):
                return []
            assert self._bytes.startswith(OPENING), self._bytes[:80]
            self._bytes = self._bytes[len(OPENING) :]
            self._begun = True
        return list(self._parts())

    def _parts(self) -> Iterator[Payload]:
        while self._bytes:
            assert not self.is_over, f"after the terminator: {self._bytes[:80]!r}"
            if self._bytes == TERMINATOR:
                self.is_over = True
                self._bytes = b""
                return
            head = _PART_HEAD.match(self._bytes)
            if head is None:
                assert len(self._bytes) < 200, f"no part: {self._bytes[:200]!r}"
                return
            end = head.end() + int(head[1])
            if len(self._bytes) < end + len(OPENING):
                return
            assert self._bytes[end : end + len(OPENING)] == OPENING, "a part's closing delimiter comes with it"
            yield json.loads(self._bytes[head.end() : end])
            self._bytes = self._bytes[end + len(OPENING) :]


def parts_of(body: bytes) -> list[Payload]:
    """The payloads of a whole multipart body.

    Raises:
        AssertionError: the framing is another than the contract's, or the terminator is missing.
    """
    reader = PartReader()
    payloads = reader.feed(body)
    assert reader.is_over, body[-80:]
    return payloads


def sse_payloads(body: bytes) -> list[Payload]:
    """The payloads of a GraphQL event stream.

    Raises:
        AssertionError: the framing is another than the contract's.
    """
    text = body.decode()
    assert text.startswith(":\n\n"), text[:80]
    assert text.endswith("event: complete\ndata:\n\n"), text[-80:]
    events = text.removeprefix(":\n\n").removesuffix("event: complete\ndata:\n\n").split("\n\n")
    return [json.loads(event.removeprefix("event: next\ndata: ")) for event in events if event]


def merge(payloads: Sequence[Payload], *, whole: bool = True) -> Payload:
    """What a client has after all payloads: ``data`` and, where there were any, ``errors``.

    Args:
        payloads: the first one and what followed.
        whole: the response is expected to have ended.

    Raises:
        AssertionError: an entry came before what it belongs to, a list has a hole, or the end was not said.
    """
    first = copy.deepcopy(payloads[0])
    if whole and (len(payloads) > 1 or "hasNext" in first):
        assert [payload["hasNext"] for payload in payloads] == [True] * (len(payloads) - 1) + [False]
    merged = {key: value for key, value in first.items() if key != "hasNext"}
    for entry in entries_of(payloads[1:]):
        merged.setdefault("errors", []).extend(entry.get("errors", ()))
        _apply(merged, entry)
    if not merged.get("errors", True):
        del merged["errors"]
    return merged


def entries_of(payloads: Iterable[Payload]) -> Iterator[Payload]:
    """The entries of later payloads, in order."""
    for payload in payloads:
        yield from payload.get("incremental", ())


def _apply(merged: Payload, entry: Mapping[str, Any]) -> None:
    *above, last = ("data", *entry["path"])
    place: Any = merged
    for step in above:
        place = place[step]
    if entry.get("items") is not None:
        for offset, item in enumerate(entry["items"]):
            assert len(place) == last + offset, f"{entry['path']} leaves a hole"
            place.append(copy.deepcopy(item))
    elif entry.get("data") is not None:
        _deep_merge(place[last], entry["data"])


def _deep_merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _deep_merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)
