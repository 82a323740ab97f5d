"""JSON values to bytes and back."""

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonValue


def to_json(value: JsonValue) -> bytes:
    """Compact UTF-8 JSON.

    Raises:
        InvalidError: the value is no JSON value.
    """
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError:
        # orjson refuses what JavaScript produces daily: half an emoji at the end of a delta. Escaped, it is legal JSON.
        return _to_json_slowly(value)


def from_json(data: bytes | str) -> JsonValue:
    """The value that the JSON text stands for.

    Raises:
        InvalidError: the text is no JSON. Its message quotes nothing of the text.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _from_json_slowly(data)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _to_json_slowly(value: JsonValue) -> bytes:
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidError("The value cannot be written as JSON.") from error


def _from_json_slowly(data: bytes | str) -> JsonValue:
    try:
        return json.loads(data, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InvalidError("The text is not valid JSON.") from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a JSON number")
    return number


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not a JSON number")
