"""The time between a run's beginning and its producer's first sign: it can be stopped then, too."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from agui_runtime.application.iterators import close
from agui_runtime.application.live_run import StopSignal
from agui_runtime.application.producers import Started
from agui_runtime.domain.events import Event

logger = logging.getLogger(__name__)


async def start_or_stop(answering: Coroutine[Any, Any, Started], signal: StopSignal, stop_seconds: float) -> Started:
    """What the producer answers, or a producer that says nothing where the run is stopped before.

    Args:
        answering: the producer's start.
        signal: asks the run to stop.
        stop_seconds: how long a start that is cancelled may take to unwind.

    Raises:
        Exception: the producer's refusal.
    """
    task = asyncio.create_task(answering, name="start of a run")
    try:
        waiting: set[asyncio.Future[Any]] = {task, signal.requested}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=stop_seconds)
            if not task.done():
                logger.warning("A producer that is asked to stop goes on with its start.")
        if task.done() and not task.cancelled():
            return task.result()
        return Started(_nothing())
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_give_back)


async def _nothing() -> AsyncIterator[Event]:
    return
    yield  # pyright: ignore[reportUnreachable]


_late: set["asyncio.Task[None]"] = set()
"""Kept until they are done: the event loop itself keeps no task alive."""


def _give_back(task: "asyncio.Task[Started]") -> None:
    """What came too late is closed again."""
    if task.cancelled() or task.exception() is not None:
        return
    closing = asyncio.create_task(_close(task.result().events), name="end of a late start")
    _late.add(closing)
    closing.add_done_callback(_late.discard)


async def _close(events: AsyncIterator[Event]) -> None:
    try:
        await close(events)
    except Exception:
        logger.warning("A producer that began too late could not be closed.", exc_info=True)
