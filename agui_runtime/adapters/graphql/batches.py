"""A run's batches, cut to what one turn may take, and with turns of their own for what waits for time to pass."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from agui_runtime.application.values import LogEntry

Batch = Sequence[LogEntry]

MAX_BATCH = 1024
"""Events shown in one turn and one part: a slow client's backlog must not hold up the others."""


async def slices(batches: AsyncIterator[Batch]) -> AsyncGenerator[Batch, None]:
    """The same events; closing it closes ``batches``."""
    try:
        async for batch in batches:
            if len(batch) <= MAX_BATCH:
                yield batch
                continue
            for start in range(0, len(batch), MAX_BATCH):
                yield batch[start : start + MAX_BATCH]
                await asyncio.sleep(0)
    finally:
        await _close(batches)


async def with_deadlines(
    batches: AsyncIterator[Batch], seconds: Callable[[], float | None]
) -> AsyncGenerator[Batch, None]:
    """The same batches, and an empty one whenever none has come for so many ``seconds()``; ``None``: it may take long.

    Closing it closes ``batches``.
    """
    coming: asyncio.Future[Batch] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(batches))
            await asyncio.wait({coming}, timeout=seconds())
            if not coming.done():
                yield ()
                continue
            batch = coming.result()
            coming = None
            if not batch:
                return
            yield batch
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await _close(batches)


async def _next(batches: AsyncIterator[Batch]) -> Batch:
    """The next batch, an empty one at the end: a task cannot raise ``StopAsyncIteration``."""
    try:
        return await anext(batches)
    except StopAsyncIteration:
        return ()


async def _close(batches: AsyncIterator[Batch]) -> None:
    aclose: Callable[[], Awaitable[Any]] | None = getattr(batches, "aclose", None)
    if aclose is not None:
        await aclose()
