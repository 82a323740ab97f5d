"""What is told about a runtime at work, and to whom."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agui_runtime.adapters.http.metrics import metrics_routes
from agui_runtime.adapters.http.router import Route
from agui_runtime.adapters.remote import BreakerState
from agui_runtime.adapters.state_decorators.metered import MeteredStateStore
from agui_runtime.adapters.telemetry.combined import CombinedTelemetry
from agui_runtime.adapters.telemetry.log import LogTelemetry
from agui_runtime.application.ports import StateStore, Telemetry
from agui_runtime.application.run_supervisor import RunSupervisor
from agui_runtime.application.watch_upstreams import WatchUpstreams
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.storage import Storage
from agui_runtime.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from agui_runtime.adapters.telemetry.otel import OpenTelemetry
    from agui_runtime.adapters.telemetry.prometheus import PrometheusTelemetry


def prometheus_of(settings: Settings) -> "PrometheusTelemetry | None":
    """The metrics; ``None`` where nobody wants them.

    Raises:
        ConfigurationError: their library is missing.
    """
    if not settings.metrics:
        return None
    # Imported late: the library is an extra.
    try:
        from agui_runtime.adapters.telemetry.prometheus import PrometheusTelemetry
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("prometheus_client"):
            raise
        text = "AGUI_METRICS is set, but prometheus-client is missing. Install agui-runtime[prometheus]."
        raise ConfigurationError(text) from error
    return PrometheusTelemetry()


def traces_of(settings: Settings) -> "OpenTelemetry | None":
    """The traces; ``None`` where nobody wants them.

    Raises:
        ConfigurationError: their library is missing.
    """
    if not settings.traces:
        return None
    # Imported late: the library is an extra.
    try:
        from agui_runtime.adapters.telemetry.otel import OpenTelemetry
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("opentelemetry"):
            raise
        text = "AGUI_TRACES is set, but opentelemetry-api is missing. Install agui-runtime[otel]."
        raise ConfigurationError(text) from error
    return OpenTelemetry()


def telemetry_of(prometheus: Telemetry | None, traces: Telemetry | None, own: Iterable[Telemetry]) -> Telemetry:
    """The log, metrics and traces where they are wanted, and the host's own."""
    chosen = [telemetry for telemetry in (prometheus, traces) if telemetry is not None]
    return CombinedTelemetry([LogTelemetry(), *chosen, *own])


def metered(store: StateStore, telemetry: Telemetry, settings: Settings, own: Iterable[Telemetry]) -> StateStore:
    """The store, its decorators included, with its operations measured where anybody but the log is told of it."""
    return MeteredStateStore(store, telemetry) if settings.metrics or settings.traces or tuple(own) else store


def metrics_routes_of(
    prometheus: "PrometheusTelemetry | None",
    supervisor: RunSupervisor,
    storage: Storage | None,
    upstreams: WatchUpstreams,
) -> Sequence[Route]:
    """``/metrics``, with the gauges of what the runtime holds now; nothing where nobody wants it."""
    if prometheus is None:
        return ()
    prometheus.watch("agui_live_runs", "Runs that are live in this process.", lambda: supervisor.live_runs)
    prometheus.watch("agui_leases", "Leases that this process keeps.", lambda: supervisor.leases)
    _watch_upstreams(prometheus, upstreams)
    if storage is not None:
        database = storage.database
        prometheus.watch("agui_database_connections", "Open connections.", lambda: database.connections[0])
        prometheus.watch("agui_database_connections_free", "Those nobody uses now.", lambda: database.connections[1])
        prometheus.watch("agui_database_waiting", "Operations that wait for a connection.", lambda: database.waiting)
        most = database.settings.max_connections
        prometheus.watch("agui_database_connections_max", "Most that may be open.", lambda: most)
    return metrics_routes(prometheus.render)


def _watch_upstreams(prometheus: "PrometheusTelemetry", upstreams: WatchUpstreams) -> None:
    def up() -> Iterable[tuple[Sequence[str], float]]:
        return [((each.name,), float(not each.problem)) for each in upstreams.health() if each.asked]

    def breakers() -> Iterable[tuple[Sequence[str], float]]:
        known = upstreams.health()
        return [((each.name, state), float(each.breaker == state)) for each in known for state in BreakerState]

    meaning = "Whether what was last asked of an agent or endpoint elsewhere went well."
    prometheus.watch_each("agui_remote_up", meaning, ("peer",), up)
    meaning = "1 for the state that a circuit breaker is in, 0 for the others."
    prometheus.watch_each("agui_remote_breaker", meaning, ("peer", "state"), breakers)
