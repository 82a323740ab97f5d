r"""States as the text of a ``json`` column, and back.

The column keeps the text as it came: the order of keys, how numbers are written, ``\u0000``. PostgreSQL itself takes
any text but two things, U+0000 and lone surrogates. The first is an escape in JSON anyhow; the second is made one here.
Two surrogates that make a pair come back as the character they stand for, which in JSON they are.
"""

import json
import re
from typing import Any

import orjson

from agui_runtime.domain.errors import CorruptError
from agui_runtime.domain.identity import StateKey
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps, is_object

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_text(values: JsonObject) -> tuple[str, int]:
    """The text to store, and its size in bytes as limits count it, which is before surrogates are escaped.

    The values have been checked.
    """
    try:
        data = orjson.dumps(values, default=dict)
    except TypeError:
        # What orjson refuses: integers beyond 64 bits, lone surrogates, very deep nesting.
        return _to_text_slowly(values)
    return data.decode(), len(data)


def from_text(text: str, key: StateKey) -> JsonObject:
    """The state that the text stands for.

    Raises:
        CorruptError: it is no JSON object; naming the key.
    """
    try:
        values: JsonValue = json.loads(text, parse_constant=_refuse)
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


def _to_text_slowly(values: JsonObject) -> tuple[str, int]:
    text = dumps(values)
    return _SURROGATE.sub(_escape, text), len(text.encode("utf-8", "surrogatepass"))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
