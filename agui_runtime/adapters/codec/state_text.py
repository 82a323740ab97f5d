"""A state as JSON text, checked by the domain's rule (``check_state``) without writing the text twice."""

import orjson
from attrs import frozen

from agui_runtime.domain.json_value import JsonObject, check_json, dumps, is_object
from agui_runtime.domain.policy import StateLimits, check_state


@frozen
class StateText:
    """A state that was checked.

    Attributes:
        text: compact JSON, keys in order.
        size: its bytes in UTF-8; a lone surrogate counts as 3.
        is_unusual: it may read back as something else than was given, and may have lone surrogates in it.
    """

    text: str
    size: int
    is_unusual: bool


def checked_text(values: JsonObject, limits: StateLimits) -> StateText:
    """The text to store.

    Raises:
        InvalidError: the values are no JSON object, or break a limit; naming the field or the limit.
    """
    data = _written(values, limits)
    # The limit counts numbers as Python writes them, which is longer by a quarter at most (1e-06 for 1e-6).
    if data is None or len(data) > limits.max_bytes * 3 // 4:
        check_state(values, limits)
        text = dumps(values)
        return StateText(text, len(text.encode("utf-8", "surrogatepass")), is_unusual=True)
    return StateText(data.decode(), len(data), is_unusual=False)


def _written(values: JsonObject, limits: StateLimits) -> bytes | None:
    if not is_object(values):  # pyright: ignore[reportUnnecessaryIsInstance] - hosts and wires pass anything
        return None
    check_json(values, name="state", max_depth=limits.max_depth)
    try:
        return orjson.dumps(values)
    except TypeError:
        # What orjson refuses: integers beyond 64 bits, lone surrogates, other mappings and sequences, deep nesting.
        return None
