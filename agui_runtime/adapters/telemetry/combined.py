"""Several telemetries as one, none of which can harm what it measures."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager

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

    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:
        """Time what runs inside, in each of them."""
        return _Spans(self._telemetries, name, attributes)


class _Spans:
    """One span in each telemetry. Every request and run has one: a generator would cost twice as much."""

    def __init__(self, telemetries: Sequence[Telemetry], name: str, attributes: dict[str, str]) -> None:
        self._telemetries = telemetries
        self._name = name
        self._attributes = attributes
        self._open: list[tuple[Telemetry, AbstractContextManager[None]]] = []

    def __enter__(self) -> None:
        for telemetry in self._telemetries:
            try:
                span = telemetry.span(self._name, **self._attributes)
                span.__enter__()
            except Exception:
                logger.exception(_REFUSED, type(telemetry).__name__, self._name)
            else:
                self._open.append((telemetry, span))

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        for telemetry, span in reversed(self._open):
            _end(telemetry, span, self._name, error)


def _end(telemetry: Telemetry, span: AbstractContextManager[None], name: str, error: BaseException | None) -> None:
    try:
        span.__exit__(None if error is None else type(error), error, None if error is None else error.__traceback__)
    except Exception as raised:
        # A span made of a generator lets the error that it was given through: that is no fault of the telemetry's.
        if raised is not error:
            logger.exception(_REFUSED, type(telemetry).__name__, name)
