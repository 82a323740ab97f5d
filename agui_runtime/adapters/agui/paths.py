"""Which operation a path names: the last segments decide, as in the TypeScript runtime (contract agui §1)."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

from attrs import Factory, frozen

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_IDS = frozenset({"agentId", "threadId", "memoryId"})

_PATTERNS: Sequence[tuple[str, str]] = (
    ("info", "info"),
    ("inspector-metadata", "inspector/metadata"),
    ("inspector-learning", "inspector/learning"),
    ("transcribe", "transcribe"),
    ("cpk-debug-events", "debug-events"),
    ("agent/agentId/run", "agent/run"),
    ("agent/agentId/suggest", "agent/suggest"),
    ("agent/agentId/connect", "agent/connect"),
    ("agent/agentId/stop/threadId", "agent/stop"),
    ("threads/subscribe", "threads/subscribe"),
    ("threads/threadId/messages", "threads/messages"),
    ("threads/threadId/events", "threads/events"),
    ("threads/threadId/state", "threads/state"),
    ("threads/threadId/archive", "threads/archive"),
    ("threads/clear", "threads/clear"),
    ("threads/threadId", "threads/update"),
    ("threads", "threads/list"),
    ("memories/recall", "memories"),
    ("memories/subscribe", "memories"),
    ("memories/memoryId", "memories"),
    ("memories", "memories"),
    ("annotate", "annotate"),
)
"""In the order in which they are tried: ``x/threads/info`` is the runtime's information, not a thread."""

_SEGMENTS = tuple((tuple(pattern.split("/")), operation) for pattern, operation in _PATTERNS)


@frozen
class Target:
    """An operation, with the ids that its path names."""

    operation: str
    ids: Mapping[str, str] = Factory(dict[str, str])


def target_of(path: str) -> Target | None:
    """What a percent-encoded path below the base path names; ``None`` where it names nothing."""
    segments = [segment for segment in path.split("/") if segment]
    for pattern, operation in _SEGMENTS:
        if len(segments) >= len(pattern):
            tail = segments[-len(pattern) :]
            if all(name in _IDS or name == given for name, given in zip(pattern, tail, strict=True)):
                return _with_ids(operation, pattern, tail)
    return None


def _with_ids(operation: str, pattern: Sequence[str], tail: Sequence[str]) -> Target | None:
    ids: dict[str, str] = {}
    for name, given in zip(pattern, tail, strict=True):
        if name in _IDS:
            decoded = _decoded(given)
            if not decoded:
                return None
            ids[name] = decoded
    return Target(operation, ids)


def _decoded(segment: str) -> str | None:
    if _BROKEN_ESCAPE.search(segment):
        return None
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return None
