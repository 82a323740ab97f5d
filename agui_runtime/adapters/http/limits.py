"""Limits on what a client may bring, and on how long it may take."""

import asyncio
from collections.abc import AsyncIterator

from attrs import frozen


@frozen
class HttpLimits:
    """What a client may do to a connection.

    Attributes:
        max_body_bytes: how large a request's body may be.
        body_seconds: how long it may take to come.
        write_seconds: how long a streamed answer may wait for its client to read; 0 for ever.
    """

    max_body_bytes: int = 10 * 1024 * 1024
    body_seconds: float = 30.0
    write_seconds: float = 60.0


class BodyTooLargeError(Exception):
    """The request's body is over the limit."""


class BodyTooSlowError(Exception):
    """The request's body did not come in time."""


class BodyBrokenError(Exception):
    """The request's body is not in the encoding that its headers tell. Hosts raise it where they read the body."""


async def read_body(body: bytes | AsyncIterator[bytes], declared: str | None, limits: HttpLimits) -> bytes:
    """The whole body, which may have come already.

    Raises:
        BodyTooLargeError: it is over the limit; at most the limit was read.
        BodyTooSlowError: it took too long.
    """
    if declared is not None and declared.isdecimal() and int(declared) > limits.max_body_bytes:
        raise BodyTooLargeError
    if isinstance(body, bytes):
        if len(body) > limits.max_body_bytes:
            raise BodyTooLargeError
        return body
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in body:
                size += len(chunk)
                if size > limits.max_body_bytes:
                    raise BodyTooLargeError
                pieces.append(chunk)
    except TimeoutError as error:
        raise BodyTooSlowError from error
    return b"".join(pieces)
