"""What a runtime must be able to do to be ready."""

from collections.abc import Iterable

from agui_runtime.application.check_health import Check, CheckHealth
from agui_runtime.application.ports import Upstream
from agui_runtime.application.run_supervisor import RunSupervisor
from agui_runtime.application.watch_upstreams import WatchUpstreams
from agui_runtime.composition.storage import Storage


def upstreams_of(agents: Iterable[object], elsewhere: Iterable[object], endpoints: Iterable[object]) -> WatchUpstreams:
    """All that the runtime is set up with and that may be down."""
    given = (*agents, *elsewhere, *endpoints)
    return WatchUpstreams(upstream for upstream in given if isinstance(upstream, Upstream))


def check_health_of(storage: Storage | None, supervisor: RunSupervisor, upstreams: WatchUpstreams) -> CheckHealth:
    """The checks of a runtime: it takes runs, and its database answers and has the tables of this version."""

    async def takes_runs() -> None:
        supervisor.check_open()

    checks: dict[str, Check] = {"runs": takes_runs}
    if storage is not None:
        checks["database"] = storage.check
    return CheckHealth(checks, upstreams=upstreams.health)
