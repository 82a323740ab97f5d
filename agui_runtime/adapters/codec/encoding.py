"""Builds the functions that turn attrs values into JSON objects: what is absent in the value is absent on the wire."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import Attribute, fields

from agui_runtime.adapters.codec.names import side_fields, wire_name

Encoder = Callable[[Any], dict[str, Any]]
Value = Callable[[Any], Any]
_Field = tuple[str, str, Value | None]


def encode_time(moment: datetime) -> str:
    """ISO 8601 in UTC, with ``Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def object_encoder(
    cls: type,
    head: Mapping[str, str],
    *,
    stored: bool,
    values: Mapping[str, Value] | None = None,
    names: Mapping[str, str] | None = None,
    always: frozenset[str] = frozenset(),
) -> Encoder:
    """A function that encodes instances of ``cls``.

    Args:
        cls: an attrs class. A field whose default is ``None``, false or empty is left out where it has that value.
        head: what every object begins with.
        stored: whether side fields go along.
        values: how to encode a field's value, where it is not a JSON value itself.
        names: wire names that are not the attribute's own.
        always: fields that the wire requires although the domain has a default.
    """
    hidden = frozenset[str]() if stored else side_fields(cls)
    required: list[_Field] = []
    unless_none: list[_Field] = []
    unless_empty: list[_Field] = []
    groups = {"always": required, "none": unless_none, "empty": unless_empty}
    for attribute in fields(cls):
        name = attribute.name
        if attribute.init and name not in hidden:
            group = "always" if name in always else _left_out(attribute)
            groups[group].append(((names or {}).get(name) or wire_name(name), name, (values or {}).get(name)))

    def encode(instance: Any) -> dict[str, Any]:
        out: dict[str, Any] = {**head}
        for key, name, value_of in required:
            value = getattr(instance, name)
            out[key] = value if value_of is None else value_of(value)
        for key, name, value_of in unless_none:
            value = getattr(instance, name)
            if value is not None:
                out[key] = value if value_of is None else value_of(value)
        for key, name, value_of in unless_empty:
            value = getattr(instance, name)
            if value:
                out[key] = value if value_of is None else value_of(value)
        return out

    return encode


def _left_out(attribute: "Attribute[Any]") -> str:
    if attribute.default is None:
        return "none"
    return "empty" if attribute.default in ((), False, "") else "always"
