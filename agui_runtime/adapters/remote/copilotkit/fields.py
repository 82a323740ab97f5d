"""Reading one line of a remote endpoint: what is missing or of another type is named."""

from typing import Any, TypeVar

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object

T = TypeVar("T")


def text(line: JsonObject, key: str) -> str:
    """A string.

    Raises:
        InvalidError: it is none.
    """
    return _of_type(line, key, str, "a string")


def optional_text(line: JsonObject, key: str) -> str | None:
    """A string, or ``None`` where there is none."""
    value = line.get(key)
    return value if isinstance(value, str) and value else None


def flag(line: JsonObject, key: str, *, default: bool) -> bool:
    """A truth value."""
    value = line.get(key)
    return value if isinstance(value, bool) else default


def mapping(line: JsonObject, key: str) -> JsonObject:
    """An object.

    Raises:
        InvalidError: it is none.
    """
    value = line.get(key)
    if not is_object(value):
        raise InvalidError(f"The field {key!r} must be an object.")
    return value


def at(value: JsonValue, *path: str) -> Any:
    """What lies at the end of a path of keys; ``None`` where the path ends before."""
    for key in path:
        if not is_object(value):
            return None
        value = value.get(key)
    return value


def _of_type(line: JsonObject, key: str, kind: type[T], name: str) -> T:
    value = line.get(key)
    if not isinstance(value, kind):
        raise InvalidError(f"The field {key!r} must be {name}.")
    return value
