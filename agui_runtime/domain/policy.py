"""Limits as values, and the checks that name the limit broken."""

from enum import StrEnum

from attrs import frozen

from agui_runtime.domain.errors import ErrorCode, InvalidError, TimedOutError
from agui_runtime.domain.json_value import JsonObject, check_json, dumps, is_object


@frozen
class StateLimits:
    """How large one agent's state may be, and how many of them one thread may have."""

    max_bytes: int = 1024 * 1024
    max_depth: int = 64
    max_per_thread: int = 100


class BusyPolicy(StrEnum):
    """What becomes of a request for a run on a thread where another one is live."""

    REJECT = "reject"
    """It is refused, unless the other one is being stopped, and ends within ``busy_seconds``."""
    INTERRUPT = "interrupt"
    """The other one is stopped first."""


@frozen
class RunLimits:
    """How large and how long one run may be.

    Attributes:
        max_events: events, the terminal ones not counted.
        max_bytes: characters of text, arguments and results together.
        max_seconds: from start to end.
        idle_seconds: longest silence of its agent or model; 0 for any.
        tool_seconds: one server-side tool call, unless the tool says otherwise.
        stop_seconds: how long a stopped agent may take to unwind before its run is sealed.
        busy_seconds: how long a new run waits for a stopping one on the same thread.
        lease_seconds: how long a run outlives a process that no longer renews its lease.
    """

    max_events: int = 100_000
    max_bytes: int = 16 * 1024 * 1024
    max_seconds: float = 600.0
    idle_seconds: float = 0.0
    tool_seconds: float = 60.0
    stop_seconds: float = 5.0
    busy_seconds: float = 2.0
    lease_seconds: float = 30.0


@frozen
class AdmissionLimits:
    """How many runs may be live at a time.

    Attributes:
        max_runs: in one process.
        max_runs_per_caller: of one caller in one process, where callers are known.
    """

    max_runs: int = 1000
    max_runs_per_caller: int = 20


def check_state(values: JsonObject, limits: StateLimits, *, name: str = "state") -> None:
    """Refuse a state that is no JSON object, too deep or too large.

    Raises:
        InvalidError: naming the field or the limit.
    """
    if not is_object(values):  # pyright: ignore[reportUnnecessaryIsInstance] - hosts and wires pass anything
        raise InvalidError(f"{name} must be a JSON object, not {type(values).__name__}.")
    check_json(values, name=name, max_depth=limits.max_depth)
    size = len(dumps(values).encode("utf-8", "surrogatepass"))
    if size > limits.max_bytes:
        raise InvalidError(
            f"{name} has {size} bytes; the limit is {limits.max_bytes}.",
            code=ErrorCode.LIMIT_EXCEEDED,
            details={"limit": "state_bytes", "maximum": limits.max_bytes, "actual": size},
        )


def check_usage(events: int, size: int, limits: RunLimits) -> None:
    """Refuse a run that has become too large, with so many events and so many bytes of output.

    Raises:
        InvalidError: with ``LIMIT_EXCEEDED``, naming the limit.
    """
    if events > limits.max_events:
        raise InvalidError(
            f"The run was cut: it has more than {limits.max_events} events, the limit of one run.",
            code=ErrorCode.LIMIT_EXCEEDED,
            details={"limit": "run_events", "maximum": limits.max_events},
        )
    if size > limits.max_bytes:
        raise InvalidError(
            f"The run was cut: it has more than {limits.max_bytes} bytes of output, the limit of one run.",
            code=ErrorCode.LIMIT_EXCEEDED,
            details={"limit": "run_bytes", "maximum": limits.max_bytes},
        )


def out_of_time(limits: RunLimits, *, is_silent: bool) -> TimedOutError:
    """What a run is told that took too long, or in which nothing came for too long."""
    if is_silent:
        broken, limit = f"nothing came for {limits.idle_seconds:g} seconds, the longest silence", "run_idle_seconds"
    else:
        broken, limit = f"it took longer than {limits.max_seconds:g} seconds, the limit", "run_seconds"
    return TimedOutError(f"The run was cut: {broken} of one run.", details={"limit": limit})
