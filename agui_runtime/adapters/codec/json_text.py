"""JSON values to bytes and back."""

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonValue

_LONG = 20
"""Characters of an integer that may not fit into 64 bits, signed where it is negative."""
_LONG_NUMBER = b"0" * _LONG
_LONG_NEGATIVE = b"-" + b"0" * (_LONG - 1)
_BEFORE_A_NUMBER = b"[:, \t\r\n"
_MAX_IDS = 100
"""So many are looked at; a text with more of them is read slowly, which costs less."""
_DIGITS_ALIKE = bytes(
    ord("0") if byte in b"0123456789" else byte if byte == ord("-") else ord(" ") for byte in range(256)
)
_ALONE = (str, bool, type(None))
"""What has no numbers in it."""


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
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _from_json_slowly(data)
    # orjson makes a double of an integer that 64 bits cannot hold, and says nothing.
    return _from_json_slowly(data) if type(value) not in _ALONE and _has_long_number(data) else value


def _has_long_number(data: bytes | str) -> bool:
    digits = data.encode() if isinstance(data, str) else data
    if len(digits) < _LONG:
        return False
    alike = digits.translate(_DIGITS_ALIKE)
    at = -1
    for _ in range(_MAX_IDS):
        places = [alike.find(_LONG_NUMBER, at + 1), alike.find(_LONG_NEGATIVE, at + 1)]
        found = [place for place in places if place >= 0]
        if not found:
            return False
        at = min(found)
        # What many digits belong to is more often an id within a text than a number.
        if at == 0 or digits[at - 1] in _BEFORE_A_NUMBER:
            return True
    return True


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
