"""The strict converter: nothing is coerced, ``null`` means absent, and faults come with their path."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast, get_args, get_origin

from attrs import NOTHING, fields
from cattrs import BaseValidationError, ClassValidationError, Converter, IterableValidationError, IterableValidationNote
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from agui_runtime.adapters.codec.names import side_fields, wire_name
from agui_runtime.domain.errors import AguiError, InvalidError
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.json_value import JsonObject

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

MAX_FAULTS = 5
"""How many faults a message names: enough to repair a request, too few to fill a log."""


class MismatchError(ValueError):
    """A value that does not fit; its text says what was expected and never quotes the value."""


def expected(what: str, value: Any) -> MismatchError:
    """The fault of finding another JSON type."""
    return MismatchError(f"expected {what}, not {_json_type(value)}")


def json_object(value: Any) -> dict[str, Any]:
    """The value, which must be a JSON object.

    Raises:
        MismatchError: it is something else.
    """
    if not isinstance(value, dict):
        raise expected("an object", value)
    return cast("dict[str, Any]", value)


def string(value: Any) -> str:
    """The value, which must be a string.

    Raises:
        MismatchError: it is something else.
    """
    if not isinstance(value, str):
        raise expected("a string", value)
    return value


def strict_converter() -> Converter:
    """A converter for JSON values. Classes are added with ``add_class``."""
    converter = Converter(detailed_validation=True)
    converter.register_structure_hook(str, lambda value, _: string(value))
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(bool, _boolean)
    converter.register_structure_hook(datetime, _time)
    for name in (ThreadId, RunId, AgentName):
        converter.register_structure_hook(name, _identifier)
    converter.register_structure_hook_func(lambda cls: cls == JsonObject, lambda value, _: json_object(value))
    converter.register_structure_hook_factory(_is_homogeneous_tuple, _tuple_hook)
    return converter


def add_class(converter: Converter, cls: type, *, stored: bool, **hooks: Hook) -> None:
    """Teach ``converter`` the attrs class ``cls``.

    Args:
        converter: what learns.
        cls: an attrs class; the classes of its fields must be known already.
        stored: whether side fields are read; on the wire they are keys like any unknown one, and ignored.
        hooks: how to read a field's value, by attribute name.
    """
    hidden = frozenset[str]() if stored else side_fields(cls)
    overrides = {
        attribute.name: override(
            rename=wire_name(attribute.name),
            omit=True if attribute.name in hidden or not attribute.init else None,
            struct_hook=hooks.get(attribute.name),
        )
        for attribute in fields(cls)
    }
    read = cast("Hook", make_dict_structure_fn(cls, converter, **overrides))  # type: ignore[arg-type]
    required = {wire_name(attribute.name) for attribute in fields(cls) if attribute.default is NOTHING}

    def hook(value: Any, target: Any) -> Any:
        given = json_object(value)
        if None in given.values():
            given = {key: item for key, item in given.items() if item is not None or key in required}
        return read(given, target)

    converter.register_structure_hook(cls, hook)


def structure(converter: Converter, value: Any, cls: type[T], *, name: str) -> T:
    """The value as a ``cls``.

    Raises:
        InvalidError: naming ``name`` and the faults with their paths, as ``required field missing @ $.a[0].b``.
    """
    try:
        return converter.structure(value, cls)
    except (BaseValidationError, MismatchError, AguiError) as error:
        faults = _faults(error, "$")
        raise InvalidError(
            f"The {name} is invalid: {'; '.join(faults[:MAX_FAULTS])}.",
            details={"faults": faults[:MAX_FAULTS]},
        ) from error


def _faults(error: BaseException, path: str) -> list[str]:
    # cattrs.transform_error writes paths with Python's attribute names; clients know the wire's.
    if isinstance(error, ClassValidationError | IterableValidationError):
        found: list[str] = []
        with_notes, without = error.group_exceptions()
        for inner, note in with_notes:
            step = f"[{note.index}]" if isinstance(note, IterableValidationNote) else f".{wire_name(note.name)}"
            found.extend(_faults(inner, path + step))
        for inner in without:
            found.extend(_faults(inner, path))
        return found
    return [f"{_text(error)} @ {path}"]


def _text(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    if isinstance(error, AguiError):
        return error.message.rstrip(".")
    return str(error) if isinstance(error, MismatchError) else "invalid value"


def _json_type(value: Any) -> str:
    for cls, name in ((bool, "a boolean"), (str, "a string"), (dict, "an object"), (list, "an array")):
        if isinstance(value, cls):
            return name
    return "null" if value is None else "a number"


def _identifier(value: Any, cls: type[T]) -> T:
    return cls(value)  # type: ignore[call-arg]


def _integer(value: Any, _: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("a number", value)
    try:
        return int(value)
    except (OverflowError, ValueError) as error:
        raise MismatchError("expected a finite number") from error


def _boolean(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise expected("a boolean", value)
    return value


def _time(value: Any, _: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(string(value))
    except MismatchError:
        raise
    except ValueError as error:
        raise MismatchError("expected an ISO 8601 time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_homogeneous_tuple(cls: Any) -> bool:
    return get_origin(cls) is tuple and get_args(cls)[1:] == (...,)


def _tuple_hook(cls: Any, converter: Any) -> Hook:
    structure_items = homogenous_tuple_structure_factory(cls, converter)

    def hook(value: Any, target: Any) -> Any:
        # Iterating a string or an object would make nonsense of it without a fault.
        if not isinstance(value, list):
            raise expected("an array", value)
        return structure_items(value, target)

    return hook
