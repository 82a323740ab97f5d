"""JSON to events, messages and run inputs: AG-UI 0.0.42 to 1.0 (contract agui §5, §6), and what we stored ourselves.

Unknown keys are ignored and ``null`` means absent. Nothing else is forgiven: a fault names its path.
"""

from collections.abc import Callable
from typing import Any

from attrs import asdict, frozen
from cattrs import Converter

from agui_runtime.adapters.codec.converter import MismatchError, add_class, expected, json_object, structure
from agui_runtime.adapters.codec.events import AGUI_EVENT_CLASSES, EVENT_CLASSES
from agui_runtime.adapters.codec.parts import text_of_result
from agui_runtime.adapters.codec.runs import run_converter
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.messages import Message
from agui_runtime.domain.runs import Interrupt, RunInput

RAW_SOURCE = "ag-ui"
"""The source of a RAW event that holds an AG-UI event we do not know."""

_TEXT_ROLES = ("assistant", "user", "system", "developer")
_SUBTYPES = ("message", "tool-call")


def decode_messages(value: JsonValue) -> tuple[Message, ...]:
    """AG-UI messages.

    Raises:
        InvalidError: naming what does not fit and where.
    """
    return structure(_WIRE, value, tuple[Message, ...], name="message list")


def decode_stored_messages(value: JsonValue) -> tuple[Message, ...]:
    """Messages as ``encode_stored_messages`` wrote them.

    Raises:
        InvalidError: naming what does not fit and where.
    """
    return structure(_STORED, value, tuple[Message, ...], name="message list")


def decode_run_input(value: JsonValue) -> RunInput:
    """A RunAgentInput. Tools, context, state and properties may be absent, as in AG-UI 1.0 (contract agui §4).

    Raises:
        InvalidError: naming what does not fit and where.
    """
    decoded = structure(_WIRE, value, RunInput, name="run input")
    if value.get("messages") is None:
        raise InvalidError("The run input is invalid: required field missing @ $.messages.")
    return decoded


def decode_stored_run_input(value: JsonValue) -> RunInput:
    """A run input as ``encode_stored_run_input`` wrote it.

    Raises:
        InvalidError: naming what does not fit and where.
    """
    return structure(_STORED, value, RunInput, name="run input")


def decode_stored_event(value: JsonValue) -> e.Event:
    """An event as ``encode_stored_event`` wrote it.

    Raises:
        InvalidError: naming what does not fit and where.
    """
    name = type_of(value)
    cls = EVENT_CLASSES.get(name)
    if cls is None:
        raise InvalidError(f"The stored event is invalid: unknown type {name!r}.")
    return structure(_STORED, value, cls, name=f"{name} event")  # type: ignore[return-value]


def decode_event(value: JsonValue) -> e.Event:
    """One AG-UI event. A type that we do not know becomes a RAW event, so that it is not lost.

    Raises:
        InvalidError: naming what does not fit and where.
    """
    name = type_of(value)
    cls = AGUI_EVENT_CLASSES.get(name)
    if cls is None:
        return e.Raw(value, RAW_SOURCE)
    return structure(_WIRE, value, cls, name=f"{name} event")  # type: ignore[return-value]


def type_of(value: JsonValue) -> str:
    """An event's type.

    Raises:
        InvalidError: it has none.
    """
    if not isinstance(value, dict):
        raise InvalidError(f"The event is invalid: {expected('an object', value)} @ $.")
    name: Any = json_object(value).get("type")
    if not isinstance(name, str):
        raise InvalidError(f"The event is invalid: {expected('a string', name)} @ $.type.")
    return name


@frozen
class _Outcome:
    type: str
    interrupts: tuple[Interrupt, ...] = ()


@frozen
class _RunFinishedShape(e.BaseEvent):
    """RUN_FINISHED as the wire nests it."""

    thread_id: str
    run_id: str
    result: JsonValue = None
    outcome: _Outcome | None = None
    usage: tuple[JsonObject, ...] = ()


def _interrupts(outcome: _Outcome | None) -> tuple[Interrupt, ...]:
    if outcome is None or outcome.type != "interrupt":
        return ()
    if not outcome.interrupts:
        raise MismatchError("expected at least one interrupt")
    return outcome.interrupts


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if value is not None and value not in allowed:
            raise MismatchError(f"expected one of {', '.join(allowed)}")
        return value

    return hook


def _converter(*, stored: bool) -> Converter:
    converter = run_converter(stored=stored)
    add_class(converter, _Outcome, stored=stored)
    add_class(converter, _RunFinishedShape, stored=stored)

    def run_finished(value: Any, _: Any) -> e.RunFinished:
        shape = converter.structure(value, _RunFinishedShape)
        fields = asdict(shape, recurse=False)
        interrupts = _interrupts(fields.pop("outcome"))
        return e.RunFinished(**fields, interrupts=interrupts)

    special: dict[type, dict[str, Callable[[Any, Any], Any]]] = {
        e.TextMessageStart: {"role": _one_of(_TEXT_ROLES)},
        e.TextMessageChunk: {"role": _one_of(_TEXT_ROLES)},
        e.ToolCallResult: {"content": lambda value, _: text_of_result(converter, value)},
        e.ReasoningEncryptedValue: {"subtype": _one_of(_SUBTYPES)},
    }
    for cls in EVENT_CLASSES.values():
        if cls is not e.RunFinished:
            add_class(converter, cls, stored=stored, **special.get(cls, {}))
    converter.register_structure_hook(e.RunFinished, run_finished)
    return converter


_WIRE = _converter(stored=False)
_STORED = _converter(stored=True)
