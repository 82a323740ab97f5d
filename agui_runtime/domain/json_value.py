"""JSON as a domain value: what may be stored and sent, checked once at the border."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, compress, islice, repeat
from operator import is_, methodcaller
from typing import Any, TypeGuard

from agui_runtime.domain.errors import ErrorCode, InvalidError

JsonValue = Any
"""``None``, ``bool``, ``int``, ``float`` (finite), ``str``, or lists and string-keyed mappings of these.

An alias of ``Any``: a recursive union makes every access a cast, and ``check_json`` is what gives the guarantee.
"""

JsonObject = Mapping[str, JsonValue]

MAX_INTEGER_BITS = 4096
"""Longer integers are refused: Python itself declines to write very long ones in decimal."""

# Asked of every value there is; the abstract classes below are ten times slower to ask.
_PLAIN_SCALARS = frozenset({type(None), bool, str})
_SCALARS = _PLAIN_SCALARS | {int, float}
_ORDINARY = _SCALARS | {dict, list}
_VALUES = methodcaller("values")
_MANY = 100_000
"""Values on one level: what contains itself a few times has more of them with each."""


def dumps(value: JsonValue) -> str:
    """JSON text as JavaScript's ``JSON.stringify`` writes it: compact, keys in order, no ASCII escapes.

    Raises:
        TypeError: the value is no JSON value.
        ValueError: a number is not finite, or the value contains itself.
        RecursionError: it is nested deeper than Python can follow.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)


def is_object(value: JsonValue) -> TypeGuard[JsonObject]:
    """Whether it is a JSON object."""
    return isinstance(value, dict) or isinstance(value, Mapping)  # noqa: SIM101 - a dict is by far the fastest to ask


def is_array(value: JsonValue) -> TypeGuard[Sequence[JsonValue]]:
    """Whether it is a JSON array."""
    return isinstance(value, list) or (
        isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)
    )


def is_same(left: JsonValue, right: JsonValue) -> bool:
    """JSON equality: unlike Python's, ``true`` is not ``1``; like JSON's, ``1`` is ``1.0`` and keys have no order."""
    if left is right:
        return True
    if is_object(left) and is_object(right):
        return left.keys() == right.keys() and all(is_same(value, right[key]) for key, value in left.items())
    if is_array(left) and is_array(right):
        return len(left) == len(right) and all(map(is_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def copy_of(value: JsonValue) -> JsonValue:
    """The same value as new dicts and lists, that may be changed freely."""
    if type(value) in _SCALARS:
        return value
    if is_object(value):
        return {key: copy_of(item) for key, item in value.items()}
    if is_array(value):
        return [copy_of(item) for item in value]
    return value


def check_json(value: JsonValue, *, name: str, max_depth: int) -> None:
    """Refuse what is no JSON value, or is nested deeper than ``max_depth``: ``{}`` has depth 1, ``{"a": []}`` has 2.

    Raises:
        InvalidError: naming the field, as ``name.key[0]``, and what is wrong with it.
    """
    # Nearly every value is good, and of Python's own types: a third of the time of looking for what is wrong with it.
    if not _is_ordinary(value, max_depth):
        _find_fault(value, name, max_depth)


def _is_ordinary(value: JsonValue, max_depth: int) -> bool:
    """Whether it is JSON of dicts, lists and scalars, none of a subclass. Level by level, each at C's speed."""
    items: list[Any] = [value]
    for _ in range(max_depth + 1):
        kinds = list(map(type, items))
        found = set(kinds)
        if len(items) > _MANY or not found <= _ORDINARY or not _are_numbers(items, kinds, found):
            return False
        objects, arrays = _of(dict, items, kinds, found), _of(list, items, kinds, found)
        if not objects and not arrays:
            return True
        if not set(map(type, islice(chain.from_iterable(objects), _MANY + 1))) <= {str}:
            return False
        below = chain(chain.from_iterable(map(_VALUES, objects)), chain.from_iterable(arrays))
        items = list(islice(below, _MANY + 1))
    return False


def _are_numbers(items: list[Any], kinds: list[type], found: set[type]) -> bool:
    if float in found and not all(map(math.isfinite, _of(float, items, kinds, found))):
        return False
    return int not in found or max(map(int.bit_length, _of(int, items, kinds, found))) <= MAX_INTEGER_BITS


def _of(kind: type, items: list[Any], kinds: list[type], found: set[type]) -> list[Any]:
    """The items of exactly that type."""
    return list(compress(items, map(is_, kinds, repeat(kind)))) if kind in found else []


def _find_fault(value: JsonValue, name: str, max_depth: int) -> None:
    # A list of what is left instead of recursion: a value that contains itself must end in the depth error.
    pending: list[tuple[JsonValue, _Place, int]] = [(value, (None, name), 1)]
    while pending:
        item, place, depth = pending.pop()
        if type(item) in _SCALARS:
            _check_scalar(item, place)
        elif is_object(item) or is_array(item):
            if depth > max_depth:
                raise InvalidError(
                    f"{_path(place)} is nested deeper than {max_depth} levels.",
                    code=ErrorCode.LIMIT_EXCEEDED,
                    details={"limit": "depth", "maximum": max_depth},
                )
            pending.extend((child, (place, key), depth + 1) for key, child in _children(item, place))
        else:
            _check_scalar(item, place)


_Place = tuple[Any, str | int]
"""A parent's place (``None`` at the top) and the key or index in it: a path is written only when it is needed."""


def _children(container: JsonValue, place: _Place) -> Iterator[tuple[str | int, JsonValue]]:
    if not is_object(container):
        yield from ((index, item) for index, item in enumerate(container) if type(item) not in _PLAIN_SCALARS)
        return
    for key, item in container.items():
        if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance] - what is checked may be anything
            raise InvalidError(f"{_path(place)} has the key {key!r}; JSON keys are strings.")
        if type(item) not in _PLAIN_SCALARS:
            yield key, item


def _check_scalar(item: JsonValue, place: _Place) -> None:
    if isinstance(item, float):
        if not math.isfinite(item):
            raise InvalidError(f"{_path(place)} is {item!r}, which is not a JSON number.")
    elif isinstance(item, int):
        if item.bit_length() > MAX_INTEGER_BITS:
            raise InvalidError(f"{_path(place)} is an integer of more than {MAX_INTEGER_BITS} bits.")
    elif item is not None and not isinstance(item, str):
        raise InvalidError(f"{_path(place)} is a {type(item).__name__}, which is not a JSON value.")


def _path(place: _Place) -> str:
    parts: list[str] = []
    while place[0] is not None:
        place, step = place
        parts.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join((str(place[1]), *reversed(parts)))


def _plain(value: JsonValue) -> JsonValue:
    if is_object(value):
        return dict(value)
    if is_array(value):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is not a JSON value")
