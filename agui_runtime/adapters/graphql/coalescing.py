"""Fewer, larger parts for slow links: pieces of one message are joined before they are sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from agui_runtime.adapters.graphql.projection import Change, Closed, Piece


@frozen
class Streaming:
    """How a client wants its pieces.

    Attributes:
        buffer_bytes: a piece is sent when so many bytes of text are ready.
        flush_seconds: or when so much time has passed; 0: when nothing more is ready.
        with_intermediate: whether pieces are sent before their message is complete.
    """

    buffer_bytes: int
    flush_seconds: float
    with_intermediate: bool


def read_streaming(config: Mapping[str, Any] | None) -> Streaming | None:
    """The mutation's ``StreamingConfigInput``; ``None`` where pieces are sent as they come."""
    if config is None or not config["enabled"]:
        return None
    return Streaming(
        max(1, config["bufferSize"]), max(0, config["flushIntervalMs"]) / 1000, config["includeIntermediateResults"]
    )


class Coalescer:
    """Joins pieces, message by message; everything else passes at once, a message's end behind its last piece."""

    def __init__(self, streaming: Streaming) -> None:
        self._streaming = streaming
        self._waiting: dict[tuple[str, str], list[str]] = {}
        self._sizes: dict[tuple[str, str], int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be flushed."""
        return not self._waiting or not self._streaming.with_intermediate

    def add(self, change: Change) -> Sequence[Change]:
        """The changes that may go now."""
        if isinstance(change, Piece):
            key = change.key
            self._waiting.setdefault(key, []).append(change.text)
            self._sizes[key] = self._sizes.get(key, 0) + len(change.text.encode("utf-8", "surrogatepass"))
            if self._streaming.with_intermediate and self._sizes[key] >= self._streaming.buffer_bytes:
                return self._take(key)
            return ()
        if isinstance(change, Closed):
            return (*self._take(change.key), change)
        return (change,)

    def flush(self) -> Sequence[Change]:
        """What waits and may go because time has passed, or nothing more is ready."""
        if self.is_empty:
            return ()
        return [piece for key in tuple(self._waiting) for piece in self._take(key)]

    def _take(self, key: tuple[str, str]) -> Sequence[Piece]:
        pieces = self._waiting.pop(key, [])
        self._sizes.pop(key, None)
        return (Piece(key, "".join(pieces)),) if pieces else ()
