"""What a chunk event stands for: an opening, a piece and an end (contract agui §5)."""

from typing import Any

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidEventError

Chunk = e.TextMessageChunk | e.ToolCallChunk | e.ReasoningMessageChunk
Opening = e.TextMessageStart | e.ToolCallStart | e.ReasoningMessageStart
Piece = e.TextMessageContent | e.ToolCallArgs | e.ReasoningMessageContent
End = e.TextMessageEnd | e.ToolCallEnd | e.ReasoningMessageEnd


def continues(chunk: Chunk, opening: Opening) -> bool:
    """Whether the chunk goes on with the stream of this opening: it is of its kind and names its id or none."""
    match chunk, opening:
        case e.TextMessageChunk(message_id=given), e.TextMessageStart(message_id=current):
            return given in {None, current}
        case e.ToolCallChunk(tool_call_id=given), e.ToolCallStart(tool_call_id=current):
            return given in {None, current}
        case e.ReasoningMessageChunk(message_id=given), e.ReasoningMessageStart(message_id=current):
            return given in {None, current}
        case _:
            return False


def opening_of(chunk: Chunk) -> Opening:
    """The event that opens the chunk's stream.

    Raises:
        InvalidEventError: the chunk lacks the id, or the call's name, that only the first one must have.
    """
    common: dict[str, Any] = {"subagent_run_id": chunk.subagent_run_id, "timestamp": chunk.timestamp}
    if not chunk.delta:
        common |= {"raw_event": chunk.raw_event, "metadata": chunk.metadata}
    match chunk:
        case e.TextMessageChunk(message_id=str(given), role=role, name=name):
            return e.TextMessageStart(given, role or "assistant", name, **common)
        case e.ToolCallChunk(tool_call_id=str(given), tool_call_name=str(name), parent_message_id=parent):
            return e.ToolCallStart(given, name, parent, **common)
        case e.ReasoningMessageChunk(message_id=str(given)):
            return e.ReasoningMessageStart(given, **common)
        case _:
            needed = "toolCallId and toolCallName" if isinstance(chunk, e.ToolCallChunk) else "messageId"
            raise InvalidEventError(f"The first {chunk.type} of a stream needs {needed}.")


def pieces_of(chunk: Chunk, opening: Opening) -> tuple[Piece, ...]:
    """The piece that the chunk adds to its stream; none without text, since old clients refuse empty ones (§6)."""
    if not chunk.delta:
        return ()
    common: dict[str, Any] = {
        "subagent_run_id": chunk.subagent_run_id if chunk.subagent_run_id is not None else opening.subagent_run_id,
        "timestamp": chunk.timestamp,
        "raw_event": chunk.raw_event,
        "metadata": chunk.metadata,
    }
    match opening:
        case e.TextMessageStart(message_id=stream):
            return (e.TextMessageContent(stream, chunk.delta, **common),)
        case e.ToolCallStart(tool_call_id=stream):
            return (e.ToolCallArgs(stream, chunk.delta, **common),)
        case e.ReasoningMessageStart(message_id=stream):
            return (e.ReasoningMessageContent(stream, chunk.delta, **common),)


def end_of(opening: Opening) -> End:
    """The event that ends the stream of this opening."""
    owner = opening.subagent_run_id
    match opening:
        case e.TextMessageStart(message_id=stream):
            return e.TextMessageEnd(stream, subagent_run_id=owner)
        case e.ToolCallStart(tool_call_id=stream):
            return e.ToolCallEnd(stream, subagent_run_id=owner)
        case e.ReasoningMessageStart(message_id=stream):
            return e.ReasoningMessageEnd(stream, subagent_run_id=owner)
