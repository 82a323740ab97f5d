"""Signing keys of an identity provider (RFC 7517), fetched when needed and kept for a while."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

import aiohttp
import jwt
import orjson

from agui_runtime.domain.errors import UnavailableError

logger = logging.getLogger(__name__)

MAX_BYTES = 1024 * 1024


class KeySet:
    """The keys behind a URL.

    They are fetched anew when they are old, and when a token names a key that is not among them, but not more often
    than the pause allows: anybody can send tokens that name unknown keys. Keys that cannot be fetched anew stay good
    until they are too old: a provider that is away for a moment locks nobody out.

    Args:
        url: where they are.
        fresh_seconds: how long they are taken as they are.
        stale_seconds: how long they are good when they cannot be fetched anew.
        pause_seconds: the shortest time between two fetches.
        seconds: how long one fetch may take.
        now: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        fresh_seconds: float = 300.0,
        stale_seconds: float = 86_400.0,
        pause_seconds: float = 10.0,
        seconds: float = 5.0,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._url = url
        self._fresh_seconds = fresh_seconds
        self._stale_seconds = stale_seconds
        self._pause_seconds = pause_seconds
        self._seconds = seconds
        self._now = now
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._fetch: asyncio.Task[None] | None = None

    async def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key of that id, the only key where none is named; ``None`` where there is none.

        Raises:
            UnavailableError: no keys are known, and they cannot be fetched.
        """
        if self._age() > self._fresh_seconds or self._find(key_id) is None:
            await self._refresh()
        if self._age() > self._stale_seconds:
            raise UnavailableError("Whether you are signed in cannot be checked now. Please try again in a moment.")
        return self._find(key_id)

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._now() - self._fetched_at

    async def _refresh(self) -> None:
        """Fetch, unless that was just done. All who wait, wait for the same fetch; whoever leaves leaves it running."""
        if self._fetch is None or self._fetch.done():
            if self._asked_at is not None and self._now() - self._asked_at < self._pause_seconds:
                return
            self._asked_at = self._now()
            self._fetch = asyncio.create_task(self._try(), name="fetch of signing keys")
        await asyncio.shield(self._fetch)

    async def _try(self) -> None:
        try:
            document = await self._get()
            self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(document).keys if _is_for_signing(key)}
            self._fetched_at = self._now()
        except (aiohttp.ClientError, TimeoutError, ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            logger.warning("The signing keys at %s could not be fetched: %r", self._url, error)

    async def _get(self) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url) as response:
            response.raise_for_status()
            body = await response.content.read(MAX_BYTES + 1)
            while len(body) <= MAX_BYTES and (more := await response.content.read(MAX_BYTES)):
                body += more
        if len(body) > MAX_BYTES:
            raise ValueError(f"There are more than {MAX_BYTES} bytes of keys.")
        document: dict[str, Any] = orjson.loads(body)
        return document


def _is_for_signing(key: jwt.PyJWK) -> bool:
    return key.public_key_use in {None, "sig"}
