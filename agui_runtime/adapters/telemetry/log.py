"""Telemetry into the log, at level DEBUG: for development, and where no collector is set up."""

import logging
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter

logger = logging.getLogger("agui_runtime.telemetry")


class LogTelemetry:
    """Writes each measurement as one line."""

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        """Add to a counter."""
        logger.debug("%s +%d %s", name, value, attributes)

    def observe(self, name: str, value: float, **attributes: str) -> None:
        """Record a value."""
        logger.debug("%s %.6f %s", name, value, attributes)

    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:
        """Time what runs inside."""
        return _timed(name, attributes) if logger.isEnabledFor(logging.DEBUG) else _UNTIMED


_UNTIMED = nullcontext()


@contextmanager
def _timed(name: str, attributes: dict[str, str]) -> Generator[None]:
    started = perf_counter()
    try:
        yield
    finally:
        logger.debug("span %s %.6f %s", name, perf_counter() - started, attributes)
