"""JSON bytes of what a response carries."""

import json
from typing import Any

import orjson


def json_bytes(value: Any) -> bytes:
    """Compact UTF-8 JSON of values that are JSON already."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # Models cut emoji in two: half of a surrogate pair has no UTF-8, but JSON can escape it.
        return json.dumps(value, separators=(",", ":")).encode()
