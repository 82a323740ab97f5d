"""Events to JSON (contract agui §5): one encoder per event type, compiled when this module is imported."""

from functools import lru_cache
from typing import Any

from agui_runtime.adapters.codec.encoding import Encoder, Value, object_encoder
from agui_runtime.adapters.codec.json_text import to_json
from agui_runtime.adapters.codec.messages import encode_messages, encode_stored_messages
from agui_runtime.adapters.codec.runs import (
    encode_interrupt,
    encode_run_input,
    encode_stored_interrupt,
    encode_stored_run_input,
)
from agui_runtime.domain import events as e
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.runs import Interrupt

EVENT_CLASSES: dict[str, type[e.BaseEvent]] = {cls.type.value: cls for cls in e.Event.__args__}
"""Every event of the domain by its wire name."""

AGUI_EVENT_CLASSES = {name: cls for name, cls in EVENT_CLASSES.items() if cls is not e.AgentStateMessage}
"""Those that AG-UI knows."""


def encode_event(event: e.Event) -> dict[str, JsonValue]:
    """An event as AG-UI's clients take it: absent fields are absent, an agent's state report is a STATE_SNAPSHOT."""
    return _WIRE[type(event)](event)


def piece_bytes(event: e.Event) -> bytes | None:
    """What ``encode_event`` gives, as JSON; ``None`` where it is no piece, or one with more than its text.

    Pieces are almost all of a run's events, so they have a way of their own to bytes.
    """
    if not isinstance(event, e.PIECES):
        return None
    if event.timestamp is not None or event.raw_event is not None or event.metadata is not None:
        return None
    if event.subagent_run_id is not None:
        return None
    stream = event.tool_call_id if isinstance(event, e.ToolCallArgs) else event.message_id
    return b"%b%b}" % (_piece_head(event.type, stream), to_json(event.delta))


@lru_cache(maxsize=1024)
def _piece_head(kind: e.EventType, stream: str) -> bytes:
    """All but the text: a stream's pieces have it in common."""
    id_name = "toolCallId" if kind is e.EventType.TOOL_CALL_ARGS else "messageId"
    return b'{"type":"%b","%b":%b,"delta":' % (kind.value.encode(), id_name.encode(), to_json(stream))


def encode_stored_event(event: e.Event) -> dict[str, JsonValue]:
    """An event with all that the domain knows of it."""
    return _STORED[type(event)](event)


def _encode_state_message(event: e.AgentStateMessage) -> dict[str, JsonValue]:
    return encode_event(
        e.StateSnapshot(event.state, timestamp=event.timestamp, raw_event=event.raw_event, metadata=event.metadata)
    )


def _encode_outcome(interrupts: tuple[Interrupt, ...]) -> dict[str, JsonValue]:
    return {"type": "interrupt", "interrupts": [encode_interrupt(interrupt) for interrupt in interrupts]}


def _encode_stored_outcome(interrupts: tuple[Interrupt, ...]) -> dict[str, JsonValue]:
    return {"type": "interrupt", "interrupts": [encode_stored_interrupt(interrupt) for interrupt in interrupts]}


def _encoder(cls: type[e.BaseEvent], *, stored: bool) -> Encoder:
    head = {"type": cls.type.value}
    if cls is e.ReasoningMessageStart:
        head["role"] = "reasoning"
    if cls is e.ToolCallResult:
        head["role"] = "tool"
    values: dict[str, Value] = {
        "input": encode_stored_run_input if stored else encode_run_input,
        "messages": encode_stored_messages if stored else encode_messages,
        "interrupts": _encode_stored_outcome if stored else _encode_outcome,
        "usage": list,
    }
    if cls in {e.StateDelta, e.ActivityDelta}:
        values |= {"delta": list, "patch": list}
    # A custom event's value may be null, but never absent (contract agui §12).
    always = frozenset({"value"}) if cls is e.Custom else frozenset[str]()
    return object_encoder(cls, head, stored=stored, values=values, names={"interrupts": "outcome"}, always=always)


_WIRE: dict[Any, Encoder] = {cls: _encoder(cls, stored=False) for cls in EVENT_CLASSES.values()}
_WIRE[e.AgentStateMessage] = _encode_state_message
_STORED: dict[Any, Encoder] = {cls: _encoder(cls, stored=True) for cls in EVENT_CLASSES.values()}
