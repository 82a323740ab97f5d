"""The other side of an ASGI request: its body, and whether it is still there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Client:
    """Reads what the client sends. ASGI has one channel for the body and for "the client is gone".

    Attributes:
        is_answered: whether an answer to it has begun.
    """

    def __init__(self, receive: Receive) -> None:
        self.is_answered = False
        self._receive = receive
        self._body_is_read = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, as it comes.

        Raises:
            asyncio.CancelledError: the client is gone: whoever reads has nobody left to answer.
        """
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            if body := message.get("body"):
                yield body
            if not message.get("more_body"):
                break
        self._body_is_read.set()

    async def gone(self) -> None:
        """Until the client is gone, asked only once the body is read: two readers would steal from each other."""
        await self._body_is_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
