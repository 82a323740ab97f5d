"""Several telemetries as one, none of which can harm what it measures."""

import logging
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager

from agui_runtime.application.ports import Telemetry

logger = logging.getLogger(__name__)

_REFUSED = "%s refused %s."


class CombinedTelemetry:
    """Tells each of them everything. What one raises is logged, and the others are told all the same."""

    def __init__(self, telemetries: Sequence[Telemetry]) -> None:
        self._telemetries = telemetries

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        """Add to a counter."""
        for telemetry in self._telemetries:
            try:
                telemetry.count(name, value, **attributes)
            except Exception:
                logger.exception(_REFUSED, type(telemetry).__name__, name)

    def observe(self, name: str, value: float, **attributes: str) -> None:
        """Record a duration in seconds, or a size."""
        for telemetry in self._telemetries:
            try:
                telemetry.observe(name, value, **attributes)
            except Exception:
                logger.exception(_REFUSED, type(telemetry).__name__, name)

    @contextmanager
    def span(self, name: str, **attributes: str) -> Generator[None]:
        """Time what runs inside, in each of them."""
        open_spans: list[tuple[Telemetry, AbstractContextManager[None]]] = []
        for telemetry in self._telemetries:
            try:
                span = telemetry.span(name, **attributes)
                span.__enter__()
            except Exception:
                logger.exception(_REFUSED, type(telemetry).__name__, name)
            else:
                open_spans.append((telemetry, span))
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            for telemetry, span in reversed(open_spans):
                _end(telemetry, span, name, error)


def _end(telemetry: Telemetry, span: AbstractContextManager[None], name: str, error: BaseException | None) -> None:
    try:
        span.__exit__(None if error is None else type(error), error, None if error is None else error.__traceback__)
    except Exception as raised:
        # A span made of a generator lets the error that it was given through: that is no fault of the telemetry's.
        if raised is not error:
            logger.exception(_REFUSED, type(telemetry).__name__, name)
