"""Limits on what a request may bring."""

import asyncio
from collections.abc import AsyncIterator

from attrs import frozen


@frozen
class HttpLimits:
    """How large a body may be, in bytes, and how long it may take to come, in seconds."""

    max_body_bytes: int = 10 * 1024 * 1024
    body_seconds: float = 30.0


class BodyTooLargeError(Exception):
    """The request's body is over the limit."""


class BodyTooSlowError(Exception):
    """The request's body did not come in time."""


async def read_body(chunks: AsyncIterator[bytes], declared: str | None, limits: HttpLimits) -> bytes:
    """The whole body.

    Raises:
        BodyTooLargeError: it is over the limit; at most the limit was read.
        BodyTooSlowError: it took too long.
    """
    if declared is not None and declared.isdecimal() and int(declared) > limits.max_body_bytes:
        raise BodyTooLargeError
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in chunks:
                size += len(chunk)
                if size > limits.max_body_bytes:
                    raise BodyTooLargeError
                pieces.append(chunk)
    except TimeoutError as error:
        raise BodyTooSlowError from error
    return b"".join(pieces)
