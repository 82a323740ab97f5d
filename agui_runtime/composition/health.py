"""What a runtime must be able to do to be ready."""

from agui_runtime.application.check_health import Check, CheckHealth
from agui_runtime.application.run_supervisor import RunSupervisor
from agui_runtime.composition.storage import Storage


def check_health_of(storage: Storage | None, supervisor: RunSupervisor) -> CheckHealth:
    """The checks of a runtime: it takes runs, and its database answers and has the tables of this version."""

    async def takes_runs() -> None:
        supervisor.check_open()

    checks: dict[str, Check] = {"runs": takes_runs}
    if storage is not None:
        checks["database"] = storage.check
    return CheckHealth(checks)
