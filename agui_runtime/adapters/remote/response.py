"""The body of one response of a remote agent, read within its limits."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from agui_runtime.domain.errors import AgentError, ErrorCode, TimedOutError

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""A state at its limit with every character escaped, or a conversation with a few images; half of a run's limit."""

MAX_STREAM_BYTES = 64 * 1024 * 1024
"""Four times what a run may say: the rest is JSON around it and what frameworks send beside it."""


class Deadline:
    """When a whole run must be over.

    Args:
        peer: whose run it is, as errors name it.
        seconds: from now on; ``None`` for never.
    """

    def __init__(self, peer: str, seconds: float | None) -> None:
        self._peer = peer
        self._seconds = seconds
        self.at = None if seconds is None else asyncio.get_running_loop().time() + seconds

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """Cut what runs inside at that moment.

        Raises:
            TimedOutError: it was cut.
        """
        limit = asyncio.timeout_at(self.at)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self.error() from error

    def is_before(self, moment: float) -> bool:
        """Whether it comes before that moment of the loop's clock."""
        return self.at is not None and self.at < moment

    def error(self) -> TimedOutError:
        """What to say when it has passed."""
        return TimedOutError(f"The {self._peer} did not finish within {self._seconds:g} seconds.")


class ResponseReader:
    """Reads a response chunk by chunk.

    Args:
        peer: whose response it is, as errors name it.
        response: with its headers read.
        idle: the longest silence, in seconds.
        max_bytes: how large it may be.
        deadline: when all must be over.
    """

    def __init__(
        self, peer: str, response: aiohttp.ClientResponse, *, idle: float, max_bytes: int, deadline: Deadline
    ) -> None:
        self.peer = peer
        self._response = response
        self._idle = idle
        self._max_bytes = max_bytes
        self._deadline = deadline
        self._bytes = 0
        self._ends_at: float | None = None

    def end_within(self, seconds: float) -> None:
        """All that matters was read: what comes later, or breaks, is the stream's end."""
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + seconds

    def close(self) -> None:
        """Cut the connection, so that the agent sees that nobody listens."""
        self._response.close()

    async def chunk(self) -> bytes:
        """What has arrived; empty at the end.

        Raises:
            TimedOutError: it was silent for too long, or took too long as a whole.
            AgentError: it broke off, or is too large.
        """
        silent_at = asyncio.get_running_loop().time() + self._idle
        if self._deadline.is_before(silent_at):
            silent_at = self._deadline.at or silent_at
        try:
            async with asyncio.timeout_at(silent_at if self._ends_at is None else self._ends_at):
                chunk = await self._response.content.readany()
        except TimeoutError as error:
            if self._ends_at is not None:
                return b""
            if self._deadline.is_before(asyncio.get_running_loop().time()):
                raise self._deadline.error() from error
            raise TimedOutError(f"The {self.peer} was silent for {self._idle:g} seconds.") from error
        except (aiohttp.ClientError, OSError) as error:
            if self._ends_at is not None:
                return b""
            raise AgentError(f"The stream of the {self.peer} broke off.") from error
        self._bytes += len(chunk)
        if self._bytes > self._max_bytes:
            raise too_large(self.peer, "a response", "stream_bytes", self._max_bytes)
        return chunk

    async def whole(self) -> bytes:
        """All of it.

        Raises:
            TimedOutError: as ``chunk``.
            AgentError: as ``chunk``.
        """
        chunks: list[bytes] = []
        while chunk := await self.chunk():
            chunks.append(chunk)
        return b"".join(chunks)


def too_large(peer: str, what: str, limit: str, maximum: int) -> AgentError:
    """The error for what is larger than its limit."""
    return AgentError(
        f"The {peer} sent {what} of more than {maximum} bytes.",
        code=ErrorCode.LIMIT_EXCEEDED,
        details={"limit": limit, "maximum": maximum},
    )
