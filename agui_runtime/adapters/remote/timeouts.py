"""How long a remote agent may take."""

from typing import Any

from attrs import field, frozen

from agui_runtime.domain.errors import ConfigurationError


def _positive(_: object, attribute: Any, seconds: float | None) -> None:
    if seconds is not None and not seconds > 0:
        raise ConfigurationError(f"The timeout {attribute.name!r} must be more than 0 seconds.")


@frozen
class RemoteTimeouts:
    """How long to wait for a remote agent, in seconds.

    Attributes:
        connect: until the connection stands, TLS included; also for what makes a request's credentials.
        first_byte: until the response's headers are there, connecting included, for each attempt.
        idle: the longest silence within the response; keep-alive comments count as a sign of life.
        linger: how long the response may stay open after the run's last event. The agent may still tidy up behind it,
            and a connection cut then would cancel that.
        total: the whole run with all attempts; ``None`` leaves it to the runtime's own limit on runs.
    """

    connect: float = field(default=10.0, validator=_positive)
    first_byte: float = field(default=60.0, validator=_positive)
    idle: float = field(default=120.0, validator=_positive)
    linger: float = field(default=2.0, validator=_positive)
    total: float | None = field(default=None, validator=_positive)
