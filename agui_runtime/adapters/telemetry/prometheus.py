"""Telemetry for Prometheus, in a registry of its own: a host's metrics are the host's, and two runtimes are two."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from attrs import frozen
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Upper bounds in seconds: of what a server does, and of what an agent does."""

Samples = Iterable[tuple[Sequence[str], float]]
"""The labels' values, and the value."""


@frozen
class _Metric:
    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = FAST


COUNTED: Mapping[str, _Metric] = {
    "runs": _Metric("agui_runs", "Runs that ended.", ("outcome",)),
    "chunks": _Metric("agui_chunks", "Pieces of text, reasoning and tool arguments that runs produced."),
    "graphql.fallbacks": _Metric("agui_graphql_fallbacks", "Streams without a compiled plan.", ("reason",)),
    "remote.retries": _Metric("agui_remote_retries", "Requests to remote agents sent again.", ("peer",)),
    "remote.refused": _Metric("agui_remote_refused", "Requests kept from remote agents that keep failing.", ("peer",)),
}
TIMED: Mapping[str, _Metric] = {
    "request": _Metric("agui_request_seconds", "From request to the answer's head.", ("method", "route", "status")),
    "run": _Metric("agui_run_seconds", "Length of runs.", ("outcome",), SLOW),
    "run.first_chunk": _Metric("agui_first_chunk_seconds", "From a run's start to its first chunk.", (), SLOW),
    "state": _Metric("agui_state_operation_seconds", "Operations of the state store.", ("operation", "outcome")),
}


class _Watched(Collector):
    def __init__(self, name: str, meaning: str, labels: Sequence[str], read: Callable[[], Samples]) -> None:
        self._name, self._meaning, self._labels, self._read = name, meaning, labels, read

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(self._name, self._meaning, labels=self._labels)
        for values, value in self._read():
            family.add_metric(values, value)
        yield family


class PrometheusTelemetry:
    """Counts and times what the tables of this module name; other names are other telemetries' business.

    The tables keep labels few: no id of a thread, a run or a caller is ever one.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._counters = {
            name: Counter(metric.name, metric.help, metric.labels, registry=self._registry)
            for name, metric in COUNTED.items()
        }
        self._histograms = {
            name: Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=self._registry)
            for name, metric in TIMED.items()
        }

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        """Add to a counter.

        Raises:
            ValueError: the attributes are not the metric's labels.
        """
        counter = self._counters.get(name)
        if counter is not None:
            (counter.labels(**attributes) if attributes else counter).inc(value)

    def observe(self, name: str, value: float, **attributes: str) -> None:
        """Record a duration in seconds.

        Raises:
            ValueError: the attributes are not the metric's labels.
        """
        family, _, operation = name.partition(".")
        if family == "state":
            name, attributes = family, {**attributes, "operation": operation}
        histogram = self._histograms.get(name)
        if histogram is not None:
            (histogram.labels(**attributes) if attributes else histogram).observe(value)

    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the port's names
        """Nothing: what is to be timed here is observed."""
        return nullcontext()

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody asks."""
        Gauge(name, meaning, registry=self._registry).set_function(read)

    def watch_each(self, name: str, meaning: str, labels: Sequence[str], read: Callable[[], Samples]) -> None:
        """Gauges of one name, a value for each set of labels, that are read when somebody asks."""
        self._registry.register(_Watched(name, meaning, labels, read))

    def render(self, accept: str) -> tuple[str, bytes]:
        """All metrics as text, in the form that an ``Accept`` header asks for: the content type, and the text."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)
