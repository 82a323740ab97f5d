"""Telemetry for OpenTelemetry, through its API alone: which collector there is, if any, is the host's to say."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider, get_tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agui_runtime._version import __version__

CALLERS_TRACE = frozenset({"traceparent", "tracestate"})
_KINDS = {"request": SpanKind.SERVER, "remote.call": SpanKind.CLIENT}


class OpenTelemetry:
    """Makes spans. What is counted and timed is for metrics; within a span of the same name it adds its attributes.

    No span carries what anybody said: attributes are those of the port, and of an error the class alone.

    Args:
        provider: of tracers; the process's own by default.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer = get_tracer("agui_runtime", __version__, provider)
        self._propagator = TraceContextTextMapPropagator()
        self._open: ContextVar[tuple[str, Span] | None] = ContextVar("open span", default=None)

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        """Nothing: counters are for metrics."""

    def observe(self, name: str, value: float, **attributes: str) -> None:  # noqa: ARG002 - spans time themselves
        """Attributes for the open span, if it is of this name."""
        found = self._open.get()
        if found is not None and found[0] == name:
            found[1].set_attributes(_named(attributes))

    @contextmanager
    def span(self, name: str, **attributes: str) -> Generator[None]:
        """A span below the current one, or below the caller's where the attributes have its ``traceparent``."""
        callers = {key: value for key, value in attributes.items() if key in CALLERS_TRACE}
        own = {key: value for key, value in attributes.items() if key not in CALLERS_TRACE}
        with self._tracer.start_as_current_span(
            f"agui.{name}",
            context=self._propagator.extract(callers) if callers else None,
            kind=_KINDS.get(name, SpanKind.INTERNAL),
            attributes=_named(own),
            # An error's message and traceback may hold what users said.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            token = self._open.set((name, span))
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                if isinstance(error, Exception):
                    span.set_status(StatusCode.ERROR)
                raise
            finally:
                self._open.reset(token)


def _named(attributes: dict[str, str]) -> dict[str, str]:
    return {f"agui.{key}": value for key, value in attributes.items()}
