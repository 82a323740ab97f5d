r"""States as the text of a ``json`` column, and back.

The column keeps the text as it came: the order of keys, how numbers are written, ``\u0000``. PostgreSQL itself takes
any text but two things, U+0000 and lone surrogates. The first is an escape in JSON anyhow; the second is made one here.
Two surrogates that make a pair come back as the character they stand for, which in JSON they are.
"""

import json
import math
import re
from typing import Any

from agui_runtime.adapters.codec.state_text import StateText
from agui_runtime.domain.errors import CorruptError
from agui_runtime.domain.identity import StateKey
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_text(checked: StateText) -> str:
    """The text to store."""
    # Looking for surrogates costs as much as all the rest.
    return _SURROGATE.sub(_escape, checked.text) if checked.is_unusual else checked.text


def from_text(text: str, key: StateKey) -> JsonObject:
    """The state that the text stands for.

    Raises:
        CorruptError: it is no JSON object; naming the key.
    """
    try:
        values: JsonValue = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise corrupt(key, "it is not JSON that can be read") from error
    if not is_object(values):
        raise corrupt(key, f"it is a {type(values).__name__}, not an object")
    return values


def corrupt(key: StateKey, reason: str) -> CorruptError:
    """What is stored under the key cannot be read."""
    return CorruptError(
        f"The stored state of {key.agent_name} in thread {key.thread_id} cannot be read: {reason}.",
        details={"thread_id": key.thread_id, "agent_name": key.agent_name, "reason": reason},
    )


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a JSON number")
    return number
