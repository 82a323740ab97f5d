"""LangGraph's own events, which agents of type ``langgraph`` stream, as domain events (contract graphql §6).

An endpoint of CopilotKit's SDK sends all that ``astream_events`` gives, messages in LangChain's serial form. Of these
the ones that users see are used: what models stream, what the graph emits by hand, states, questions and errors. The
others tell of the graph's inside, each with the whole state, and are left out, as the TypeScript runtime does.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from agui_runtime.adapters.remote.copilotkit.fields import at, mapping, text
from agui_runtime.adapters.remote.copilotkit.runtime_events import INTERRUPT, question, state_report
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps, is_array, is_object

EMIT_MESSAGES = "copilotkit:emit-messages"
EMIT_CALLS = "copilotkit:emit-tool-calls"


class LangGraphEvents:
    """Made for one stream: remembers what the model at work has opened."""

    def __init__(self) -> None:
        self._message_id: str | None = None
        self._has_text = False
        self._calls: dict[Any, str] = {}

    def events(self, line: JsonObject) -> Sequence[e.Event]:
        """What a line stands for.

        Raises:
            InvalidError: naming the field that does not fit.
        """
        match line.get("event"):
            case "on_chat_model_stream":
                return tuple(self._stream(line))
            case "on_chat_model_end":
                return tuple(self._close())
            case "on_custom_event":
                return _emitted(line)
            case "on_copilotkit_state_sync":
                return (state_report(line, dict(mapping(line, "state"))),)
            case "on_interrupt":
                return (e.Custom(INTERRUPT, line.get("value")),)
            case "on_copilotkit_interrupt":
                return (question(mapping(line, "data")),)
            case "on_copilotkit_error":
                return (_failure(mapping(mapping(line, "data"), "error")),)
            case _:
                return ()

    def _stream(self, line: JsonObject) -> Iterator[e.Event]:
        chunk = at(line, "data", "chunk")
        # LangChain's serial form keeps the fields in "kwargs"; other servers send them bare.
        chunk = at(chunk, "kwargs") or chunk
        if not is_object(chunk):
            return
        message_id = chunk.get("id")
        if isinstance(message_id, str) and message_id != self._message_id:
            yield from self._close()
            self._message_id = message_id
        pieces = chunk.get("tool_call_chunks")
        pieces = [piece for piece in pieces if is_object(piece)] if is_array(pieces) else []
        if not pieces:
            yield from self._close_calls()
        yield from self._text_piece(_text_of(chunk.get("content")), _setting(line, EMIT_MESSAGES))
        for piece in pieces:
            yield from self._call_piece(piece, _setting(line, EMIT_CALLS))
        if at(chunk, "response_metadata", "finish_reason"):
            yield from self._close()

    def _text_piece(self, piece: str, shown: JsonValue) -> Iterator[e.Event]:
        if not piece or not shown or self._message_id is None:
            return
        if not self._has_text:
            self._has_text = True
            yield e.TextMessageStart(self._message_id)
        yield e.TextMessageContent(self._message_id, piece)

    def _call_piece(self, piece: JsonObject, shown: JsonValue) -> Iterator[e.Event]:
        """A first piece has the call's name and id; the later ones its index at most."""
        index, name, call_id, arguments = (piece.get(key) for key in ("index", "name", "id", "args"))
        if name and isinstance(call_id, str) and _shows(shown, str(name)):
            self._calls[index] = call_id
            yield from self._close_text()
            yield e.ToolCallStart(call_id, str(name), self._message_id)
        current = self._calls.get(index)
        if current is not None and isinstance(arguments, str) and arguments:
            yield e.ToolCallArgs(current, arguments)

    def _close(self) -> Iterator[e.Event]:
        yield from self._close_text()
        yield from self._close_calls()

    def _close_text(self) -> Iterator[e.Event]:
        if self._has_text and self._message_id is not None:
            self._has_text = False
            yield e.TextMessageEnd(self._message_id)

    def _close_calls(self) -> Iterator[e.Event]:
        calls, self._calls = self._calls, {}
        for call_id in calls.values():
            yield e.ToolCallEnd(call_id)


def _emitted(line: JsonObject) -> tuple[e.Event, ...]:
    """What the graph emits by hand."""
    match line.get("name"):
        case "copilotkit_manually_emit_message":
            data = mapping(line, "data")
            message_id = text(data, "message_id")
            piece = text(data, "message")
            return (
                e.TextMessageStart(message_id),
                *((e.TextMessageContent(message_id, piece),) if piece else ()),
                e.TextMessageEnd(message_id),
            )
        case "copilotkit_manually_emit_tool_call":
            data = mapping(line, "data")
            call_id = text(data, "id")
            return (
                e.ToolCallStart(call_id, text(data, "name"), call_id),
                e.ToolCallArgs(call_id, dumps(data.get("args"))),
                e.ToolCallEnd(call_id),
            )
        case _:
            return ()


def _failure(error: JsonObject) -> e.RunError:
    """An error that the endpoint reports of itself, in its own words."""
    refused = error.get("status_code") in {401, 403}
    message = f"{error.get('type') or 'Error'}: {error.get('message') or ''}"
    return e.RunError(message, ErrorCode.UNAUTHENTICATED if refused else ErrorCode.AGENT_FAILED)


def _text_of(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    parts = content if is_array(content) else ()
    return "".join(part["text"] for part in parts if is_object(part) and isinstance(part.get("text"), str))


def _setting(line: JsonObject, name: str) -> JsonValue:
    """What a graph's author has set for this model; all is shown by default."""
    found = at(line, "metadata", name)
    return True if found is None else found


def _shows(shown: JsonValue, name: str) -> bool:
    """Whether calls of that tool are shown: all, none, one of that name, or those of a list."""
    if isinstance(shown, str):
        return shown == name
    return name in shown if is_array(shown) else bool(shown)
