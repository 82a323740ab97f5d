"""LangGraph's events as domain events."""

from typing import Any

import pytest

from agui_runtime.adapters.remote.copilotkit.langgraph_events import LangGraphEvents
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidError


def chunk(content: Any = "", message_id: str = "m", metadata: dict[str, Any] | None = None, **fields: Any) -> Any:
    kwargs = {"content": content, "id": message_id, **fields}
    return {"event": "on_chat_model_stream", "data": {"chunk": {"lc": 1, "kwargs": kwargs}}, "metadata": metadata or {}}


def piece(args: str = "", name: str | None = None, call_id: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"name": name, "args": args, "id": call_id, "index": index}


def all_of(*lines: Any) -> list[e.Event]:
    translator = LangGraphEvents()
    return [event for line in lines for event in translator.events(line)]


END = {"event": "on_chat_model_end", "data": {}}


def test_a_model_s_text_is_one_message() -> None:
    assert all_of(chunk("a"), chunk("b"), END) == [
        e.TextMessageStart("m"),
        e.TextMessageContent("m", "a"),
        e.TextMessageContent("m", "b"),
        e.TextMessageEnd("m"),
    ]


def test_a_finish_reason_ends_the_message() -> None:
    last = chunk("", response_metadata={"finish_reason": "stop"})
    assert all_of(chunk("a"), last)[-1] == e.TextMessageEnd("m")
    assert all_of(chunk("a"), last, END).count(e.TextMessageEnd("m")) == 1


def test_a_new_id_is_a_new_message() -> None:
    events = all_of(chunk("a", "m1"), chunk("b", "m2"))
    assert events[2:4] == [e.TextMessageEnd("m1"), e.TextMessageStart("m2")]


def test_a_message_without_text_is_none() -> None:
    assert all_of(chunk(""), END) == []


def test_parts_of_text_are_joined_and_others_left_out() -> None:
    content = [{"type": "text", "text": "a"}, {"type": "tool_use", "id": "x"}, {"type": "text", "text": "b"}]
    assert all_of(chunk(content))[1] == e.TextMessageContent("m", "ab")


def test_a_chunk_whose_fields_are_bare_is_read_too() -> None:
    line = {"event": "on_chat_model_stream", "data": {"chunk": {"content": "a", "id": "m"}}}
    assert all_of(line) == [e.TextMessageStart("m"), e.TextMessageContent("m", "a")]


def test_a_call_streams_its_arguments_and_ends_with_what_follows() -> None:
    events = all_of(
        chunk(tool_call_chunks=[piece("", "f", "c1")]),
        chunk(tool_call_chunks=[piece('{"x":')]),
        chunk(tool_call_chunks=[piece("1}")]),
        chunk(""),
    )
    assert events == [
        e.ToolCallStart("c1", "f", "m"),
        e.ToolCallArgs("c1", '{"x":'),
        e.ToolCallArgs("c1", "1}"),
        e.ToolCallEnd("c1"),
    ]


def test_parallel_calls_are_told_apart_by_their_index() -> None:
    events = all_of(
        chunk(tool_call_chunks=[piece("", "f", "c1", 0), piece("", "g", "c2", 1)]),
        chunk(tool_call_chunks=[piece("1", index=1), piece("0", index=0)]),
        chunk("", response_metadata={"finish_reason": "tool_calls"}),
    )
    assert events[2:] == [
        e.ToolCallArgs("c2", "1"),
        e.ToolCallArgs("c1", "0"),
        e.ToolCallEnd("c1"),
        e.ToolCallEnd("c2"),
    ]


def test_a_text_ends_where_a_call_begins() -> None:
    events = all_of(chunk("so"), chunk(tool_call_chunks=[piece("", "f", "c1")]))
    assert events[2:] == [e.TextMessageEnd("m"), e.ToolCallStart("c1", "f", "m")]


@pytest.mark.parametrize(
    ("shown", "seen"), [(True, 1), (False, 0), ("f", 1), ("g", 0), (["f", "g"], 1), (["g"], 0), ([], 0)]
)
def test_a_graph_s_author_decides_which_calls_are_shown(shown: Any, seen: int) -> None:
    metadata = {"copilotkit:emit-tool-calls": shown}
    events = all_of(
        chunk(metadata=metadata, tool_call_chunks=[piece("", "f", "c")]),
        chunk(metadata=metadata, tool_call_chunks=[piece("{}")]),
    )
    assert len([event for event in events if isinstance(event, e.ToolCallStart)]) == seen
    assert len([event for event in events if isinstance(event, e.ToolCallArgs)]) == seen


def test_a_graph_s_author_may_hide_messages() -> None:
    assert all_of(chunk("secret", metadata={"copilotkit:emit-messages": False}), END) == []


def test_a_state_is_reported_as_it_is() -> None:
    line = {
        "event": "on_copilotkit_state_sync",
        "thread_id": "t",
        "agent_name": "a",
        "node_name": "n",
        "run_id": "r",
        "active": False,
        "running": False,
        "state": {"x": 1},
    }
    assert all_of(line) == [e.AgentStateMessage("a", {"x": 1}, "n", "t", "r", active=False, running=False)]


@pytest.mark.parametrize(("status", "code"), [(401, ErrorCode.UNAUTHENTICATED), (500, ErrorCode.AGENT_FAILED)])
def test_an_error_is_told_in_the_endpoint_s_words(status: int, code: ErrorCode) -> None:
    error = {"type": "RateLimitError", "message": "slow down", "status_code": status}
    assert all_of({"event": "on_copilotkit_error", "data": {"error": error}}) == [
        e.RunError("RateLimitError: slow down", code)
    ]


def test_what_tells_of_the_graph_s_inside_is_left_out() -> None:
    assert all_of({"event": "on_chain_start", "data": {}}, {"event": "on_custom_event", "name": "mine"}, {}) == []


@pytest.mark.parametrize(
    "line",
    [
        {"event": "on_copilotkit_state_sync", "agent_name": "a", "state": "text"},
        {"event": "on_copilotkit_state_sync", "state": {}},
        {"event": "on_copilotkit_interrupt"},
        {"event": "on_copilotkit_error", "data": {}},
        {"event": "on_custom_event", "name": "copilotkit_manually_emit_message", "data": {}},
        {"event": "on_custom_event", "name": "copilotkit_manually_emit_tool_call", "data": {"id": "c"}},
    ],
)
def test_what_is_missing_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match="The field"):
        all_of(line)


@pytest.mark.parametrize("data", [None, {}, {"chunk": None}, {"chunk": "x"}, {"chunk": {"kwargs": {"id": 1}}}])
def test_a_chunk_of_no_known_shape_is_nothing(data: Any) -> None:
    assert all_of({"event": "on_chat_model_stream", "data": data}) == []
