"""Runs of events that every script needs: a whole message, a whole tool call."""

from collections.abc import Iterable

from agui_runtime.domain.events import (
    Event,
    TextMessageContent,
    TextMessageEnd,
    TextMessageStart,
    ToolCallArgs,
    ToolCallEnd,
    ToolCallStart,
)


def say(message_id: str, pieces: Iterable[str], *, parent_message_id: str | None = None) -> tuple[Event, ...]:
    """A whole text message of the assistant, one content event for each piece."""
    return (
        TextMessageStart(message_id, parent_message_id=parent_message_id),
        *(TextMessageContent(message_id, piece) for piece in pieces),
        TextMessageEnd(message_id),
    )


def call(
    tool_call_id: str, name: str, pieces: Iterable[str], *, parent_message_id: str | None = None
) -> tuple[Event, ...]:
    """A whole tool call, one arguments event for each piece of their JSON text."""
    return (
        ToolCallStart(tool_call_id, name, parent_message_id),
        *(ToolCallArgs(tool_call_id, piece) for piece in pieces),
        ToolCallEnd(tool_call_id),
    )


def chunks(count: int) -> tuple[str, ...]:
    """That many short pieces of text, each different from the others."""
    return tuple(f"chunk{index} " for index in range(count))
