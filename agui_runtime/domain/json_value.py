"""JSON as a domain value: what may be stored and sent, checked once at the border."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from agui_runtime.domain.errors import ErrorCode, InvalidError

JsonValue = Any
"""``None``, ``bool``, ``int``, ``float`` (finite), ``str``, or lists and string-keyed mappings of these.

An alias of ``Any``: a recursive union makes every access a cast, and ``check_json`` is what gives the guarantee.
"""

JsonObject = Mapping[str, JsonValue]


def dumps(value: JsonValue) -> str:
    """JSON text as JavaScript's ``JSON.stringify`` writes it: compact, keys in order, no ASCII escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def check_json(value: JsonValue, *, name: str, max_depth: int) -> None:
    """Refuse what is no JSON value, or is nested deeper than ``max_depth``.

    Raises:
        InvalidError: naming the field, as ``name.key[0]``, and what is wrong with it.
    """
    _check(value, name, max_depth, max_depth)


def _check(value: JsonValue, path: str, depth_left: int, max_depth: int) -> None:
    if value is None or isinstance(value, bool | int | str):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidError(f"{path} is {value!r}, which is not a JSON number.")
        return
    if depth_left <= 0:
        raise InvalidError(
            f"{path} is nested deeper than {max_depth} levels.",
            code=ErrorCode.LIMIT_EXCEEDED,
            details={"limit": "depth", "maximum": max_depth},
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidError(f"{path} has the key {key!r}; JSON keys are strings.")
            _check(item, f"{path}.{key}", depth_left - 1, max_depth)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]", depth_left - 1, max_depth)
    else:
        raise InvalidError(f"{path} is a {type(value).__name__}, which is not a JSON value.")
