"""A run's batches as SSE bytes: one write for each batch that is not very long (contract agui §1)."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from agui_runtime.adapters.agui.projection import Projection
from agui_runtime.adapters.codec.json_text import to_json
from agui_runtime.adapters.http import sse
from agui_runtime.adapters.http.exchange import Headers, Response, StreamedBody
from agui_runtime.adapters.http.keep_alive import KeepAlive
from agui_runtime.application.cursors import CursorTexts
from agui_runtime.application.failures import failure_of
from agui_runtime.application.iterators import close
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AguiError

logger = logging.getLogger(__name__)

Batches = AsyncIterator[Sequence[LogEntry]]

MAX_BATCH = 1024
"""Entries framed at once: a slow reader's backlog is kept as entries, which all readers share, and not as bytes."""

_HEADERS: Headers = (("content-type", sse.CONTENT_TYPE), ("cache-control", "no-cache"))


def stream_answer(body: bytes | StreamedBody, keep_alive_seconds: float) -> Response:
    """A stream of events, whatever ``Accept`` says (contract agui §1)."""
    keep_alive = KeepAlive(sse.KEEP_ALIVE, keep_alive_seconds) if keep_alive_seconds else None
    return Response(200, _HEADERS, body, keep_alive)


def lone_error(error: AguiError, correlation_id: str) -> bytes:
    """The whole stream of a run that was refused: clients show its message to the user (contract agui §3)."""
    (told,) = Projection().project(e.RunError(error.message, error.code))
    return sse.event(to_json({**told, "correlationId": correlation_id}))


class EventStream:
    """The events of a run. Closing it stops nothing: the run does not belong to the request (design §4).

    Args:
        batches: the run's entries, to its terminal event.
        projection: what clients see of them.
        correlation_id: finds the request in the log.
        with_ids: whether events carry their place in the thread's log, for a later ``Last-Event-ID``.

    Attributes:
        is_over: it was read to its end.
    """

    def __init__(self, batches: Batches, projection: Projection, correlation_id: str, *, with_ids: bool = True) -> None:
        self._batches = batches
        self._projection = projection
        self._correlation_id = correlation_id
        self._cursors = CursorTexts() if with_ids else None
        self._ended = False
        self.is_over = False
        self._pieces = self._frame()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        """Give the cursor back."""
        await self._pieces.aclose()

    async def _frame(self) -> AsyncGenerator[bytes, None]:
        try:
            async for batch in self._batches:
                for start in range(0, len(batch), MAX_BATCH):
                    part = batch if len(batch) <= MAX_BATCH else batch[start : start + MAX_BATCH]
                    if piece := b"".join(map(self._entry, part)):
                        yield piece
        except Exception as error:
            # The log is away, or what it holds cannot be shown: the client must not wait for an end that never comes.
            logger.exception("A run could not be shown to its client; request %s.", self._correlation_id)
            if not self._ended:
                yield lone_error(failure_of(error), self._correlation_id)
        finally:
            await close(self._batches)
        self.is_over = True

    def _entry(self, entry: LogEntry) -> bytes:
        cursor = None if self._cursors is None else self._cursors.of(entry)
        piece = self._projection.piece(entry.event)
        if piece is not None:
            return sse.event(piece, cursor)
        self._ended = isinstance(entry.event, e.TERMINAL)
        told = self._projection.project(entry.event)
        if not told:
            return b""
        # Only the last has the id: a client that saw a part of an entry gets all of it again.
        *first, last = map(to_json, told)
        return b"".join(map(sse.event, first)) + sse.event(last, cursor)
