"""Run inputs, interrupts and their answers to JSON and back (contract agui §4, §10)."""

from typing import Any

from cattrs import Converter

from agui_runtime.adapters.codec.converter import MismatchError, add_class, strict_converter, string
from agui_runtime.adapters.codec.encoding import encode_time, object_encoder
from agui_runtime.adapters.codec.messages import add_messages, encode_messages, encode_stored_messages
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.runs import ContextEntry, Interrupt, Resume, RunInput
from agui_runtime.domain.tools import Tool

encode_tool = object_encoder(Tool, {}, stored=False, always=frozenset({"description", "parameters"}))
"""A tool as AG-UI names it."""

encode_interrupt = object_encoder(Interrupt, {}, stored=False, values={"expires_at": encode_time})
"""An interrupt; ``value`` goes along as an extra key, which every AG-UI client lets pass (contract agui §5)."""

encode_stored_interrupt = object_encoder(Interrupt, {}, stored=True, values={"expires_at": encode_time})
"""An interrupt with all that the domain knows of it."""

_encode_resume = object_encoder(Resume, {}, stored=False)
_STATUSES = ("resolved", "cancelled")


def encode_run_input(run_input: RunInput) -> dict[str, JsonValue]:
    """A RunAgentInput as every AG-UI version since 0.0.42 takes it.

    The answer to an interrupt without an id goes as LangGraph's ``command.resume`` (one-model §3).
    """
    out = _encode_common(run_input, encode_messages(run_input.messages))
    resume = [_encode_resume(answer) for answer in run_input.resume if answer.interrupt_id is not None]
    if resume:
        out["resume"] = resume
    out["forwardedProps"] = _with_command(run_input)
    return out


def encode_stored_run_input(run_input: RunInput) -> dict[str, JsonValue]:
    """A run input with all that the domain knows of it."""
    out = _encode_common(run_input, encode_stored_messages(run_input.messages))
    if run_input.agent_name is not None:
        out["agentName"] = run_input.agent_name
    if run_input.resume:
        out["resume"] = [{"interruptId": None, **_encode_resume(answer)} for answer in run_input.resume]
    return out


def run_converter(*, stored: bool) -> Converter:
    """A converter that reads messages, run inputs and interrupts."""
    converter = strict_converter()
    add_messages(converter, stored=stored)
    for cls in (Tool, ContextEntry, Interrupt):
        add_class(converter, cls, stored=stored)
    if stored:
        add_class(converter, Resume, stored=stored, status=_status)
    else:
        add_class(converter, Resume, stored=stored, status=_status, interrupt_id=_named)
    add_class(converter, RunInput, stored=stored)
    return converter


def _encode_common(run_input: RunInput, messages: list[JsonValue]) -> dict[str, JsonValue]:
    out: dict[str, JsonValue] = {"threadId": run_input.thread_id, "runId": run_input.run_id}
    if run_input.parent_run_id is not None:
        out["parentRunId"] = run_input.parent_run_id
    return out | {
        "state": run_input.state,
        "messages": messages,
        "tools": [encode_tool(tool) for tool in run_input.tools],
        "context": [{"description": entry.description, "value": entry.value} for entry in run_input.context],
        "forwardedProps": run_input.forwarded_props,
    }


def _with_command(run_input: RunInput) -> JsonObject:
    props = run_input.forwarded_props
    answer = next((answer for answer in run_input.resume if answer.interrupt_id is None), None)
    # A command that the client wrote itself says more than we can.
    if answer is None or "command" in props:
        return props
    return {**props, "command": {"resume": answer.payload}}


def _status(value: Any, _: Any) -> str:
    if value not in _STATUSES:
        raise MismatchError(f"expected {' or '.join(_STATUSES)}")
    return str(value)


def _named(value: Any, _: Any) -> str:
    # Only the stored form may leave the id open; on the wire it says which question is answered.
    return string(value)
