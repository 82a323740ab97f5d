"""What every model takes beside its SDK's own arguments."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from attrs import Attribute, Factory, field, frozen

from agui_runtime.domain.errors import ConfigurationError


def _positive(_: object, attribute: "Attribute[float]", seconds: float) -> None:
    if not seconds > 0:
        raise ConfigurationError(f"The timeout {attribute.name!r} of a model must be more than 0 seconds.")


def _count(_: object, attribute: "Attribute[int]", value: int) -> None:
    if value < 0:
        raise ConfigurationError(f"{attribute.name} of a model must be 0 or more, not {value}.")


def _size(_: object, attribute: "Attribute[int]", value: int) -> None:
    if value < 1:
        raise ConfigurationError(f"The limit {attribute.name!r} of a model must be 1 byte or more, not {value}.")


@frozen
class ModelTimeouts:
    """How long to wait for a provider, in seconds.

    Attributes:
        connect: until a connection stands.
        first_byte: until the answer begins, connecting and retries included.
        idle: the longest silence within the answer; keep-alive comments count as a sign of life.
    """

    connect: float = field(default=10.0, validator=_positive)
    first_byte: float = field(default=120.0, validator=_positive)
    idle: float = field(default=120.0, validator=_positive)


@frozen
class ModelLimits:
    """How much of an answer is read, in bytes as they come from the provider.

    Attributes:
        event_bytes: one event, or an error's body; events are small, but for media that a model makes.
        answer_bytes: all of an answer, keep-alive comments included.
    """

    event_bytes: int = field(default=8 * 1024 * 1024, validator=_size)
    answer_bytes: int = field(default=64 * 1024 * 1024, validator=_size)


def _new_id() -> str:
    return f"ck-{uuid4()}"


@frozen(kw_only=True)
class ModelSettings:
    """What is the same for all providers.

    Attributes:
        allowed_models: the models that a client may ask for by ``forwardedParameters.model``; ``None``: any that the
            key gives access to.
        max_retries: how often the SDK tries again before the answer begins; never after.
        parallel_tool_calls: whether the model may call several tools in one answer.
        options: more arguments for each request, as the provider's API names them, such as ``top_p``;
            they count before what a client asks for.
        new_id: makes ids where the provider gives none, or one that is in use.
    """

    allowed_models: frozenset[str] | None = None
    timeouts: ModelTimeouts = Factory(ModelTimeouts)
    limits: ModelLimits = Factory(ModelLimits)
    max_retries: int = field(default=2, validator=_count)
    parallel_tool_calls: bool = True
    options: dict[str, Any] = Factory(dict[str, Any])
    new_id: Callable[[], str] = _new_id
