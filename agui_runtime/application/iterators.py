"""Async iterators that have something to give back."""

from collections.abc import AsyncIterator, Awaitable, Callable


async def close(iterator: AsyncIterator[object]) -> None:
    """Close an iterator that can be closed, and with it the outside call under it."""
    aclose: Callable[[], Awaitable[None]] | None = getattr(iterator, "aclose", None)
    if aclose is not None:
        await aclose()
