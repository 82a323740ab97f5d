"""An answer's bytes, counted below the SDK: an SDK holds a whole event before anybody can ask how large it is."""

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx2

from agui_runtime.adapters.llm.faults import timeout_fault, too_large, unreadable
from agui_runtime.adapters.llm.settings import ModelSettings

NOT_COMPRESSED = {"Accept-Encoding": "identity"}
"""Goes out with every request: what is unpacked above us could not be counted here."""

_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LONGEST_END = 4


class AnswerBody(httpx2.AsyncByteStream):
    """The body of one response, read within its limits.

    Args:
        response: whose body it is; not read yet.
        provider: its name, for people.
        settings: how much, and how long a silence.

    Raises:
        AgentError: while it is read: an event, or all of it, is larger than its limit (``LIMIT_EXCEEDED``), or it is
            compressed, which nobody asked for.
        TimedOutError: while it is read: it fell silent.
    """

    def __init__(self, response: httpx2.Response, provider: str, settings: ModelSettings) -> None:
        self._body: Any = response.stream
        self._provider = provider
        self._limits = settings.limits
        self._idle = settings.timeouts.idle
        self._is_compressed = response.headers.get("Content-Encoding", "identity").lower() != "identity"
        is_stream = "event-stream" in response.headers.get("Content-Type", "")
        self._what = "an event" if is_stream else "a response"
        # Bedrock's binary stream has no ends that could be seen here; in its frames nothing is larger than 16 MiB.
        self._counts_events = is_stream or response.status_code >= 400
        self._total = 0
        self._event = 0
        self._tail = b""

    @property
    def elapsed(self) -> Any:
        """How long it took, as the HTTP client measures it."""
        return getattr(self._body, "elapsed", None)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        if self._is_compressed:
            raise unreadable(self._provider)
        chunks = aiter(self._body)
        while True:
            silence = asyncio.timeout(self._idle)
            try:
                async with silence:
                    chunk = await anext(chunks, None)
            except TimeoutError as error:
                if not silence.expired():
                    raise
                raise timeout_fault(self._provider, self._idle, begun=True) from error
            if chunk is None:
                return
            self._count(chunk)
            yield chunk

    async def aclose(self) -> None:
        """Close the connection, or give it back."""
        await self._body.aclose()

    def _count(self, chunk: bytes) -> None:
        self._total += len(chunk)
        if self._total > self._limits.answer_bytes:
            raise too_large(self._provider, "a response", "answer_bytes", self._limits.answer_bytes)
        if not self._counts_events:
            return
        seen, known = self._tail + chunk, len(self._tail)
        begins = 0
        for found in _EVENT_END.finditer(seen):
            ends = found.end() - known
            if ends > 0:
                self._hold(ends - begins)
                self._event, begins = 0, ends
        self._hold(len(chunk) - begins)
        self._tail = seen[1 - _LONGEST_END :]

    def _hold(self, count: int) -> None:
        self._event += count
        if self._event > self._limits.event_bytes:
            raise too_large(self._provider, self._what, "event_bytes", self._limits.event_bytes)


def watch(response: object, provider: str, settings: ModelSettings) -> None:
    """Put the limits around a response that has not been read; once is enough.

    An SDK client that a host made over the older httpx reads its responses without them.
    """
    if isinstance(response, httpx2.Response) and not isinstance(response.stream, AnswerBody):
        response.stream = AnswerBody(response, provider, settings)
