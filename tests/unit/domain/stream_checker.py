"""An independent reading of the protocol's rules for one run (contract agui §5): what a strict client would refuse."""

from collections.abc import Iterable

from agui_runtime.domain import events as e

OPENERS = {
    e.TextMessageStart: "text",
    e.ToolCallStart: "call",
    e.ReasoningStart: "reasoning",
    e.ReasoningMessageStart: "reasoning text",
    e.StepStarted: "step",
}
CONTINUERS = {
    e.TextMessageContent: "text",
    e.ToolCallArgs: "call",
    e.ReasoningMessageContent: "reasoning text",
}
CLOSERS = {
    e.TextMessageEnd: "text",
    e.ToolCallEnd: "call",
    e.ReasoningEnd: "reasoning",
    e.ReasoningMessageEnd: "reasoning text",
    e.StepFinished: "step",
}
CHUNKS = (e.TextMessageChunk, e.ToolCallChunk, e.ReasoningMessageChunk)


def check_stream(stream: Iterable[e.Event]) -> None:
    """Refuse, with an AssertionError, what is no run from behind its RUN_STARTED to its end."""
    events = list(stream)
    assert events, "a run has an end"
    assert [event for event in events if isinstance(event, e.TERMINAL)] == [events[-1]], "one end, and last"
    opened: dict[tuple[str, str, str | None], str | None] = {}
    subagents: dict[str, str] = {}
    for event in events:
        assert not isinstance(event, CHUNKS), f"{event} leaked"
        assert not isinstance(event, e.RunStarted), f"{event} leaked"
        _check_subagent(event, subagents)
        if type(event) in OPENERS:
            key = _key(OPENERS[type(event)], event)
            assert key not in opened, f"{event} opens what is open"
            opened[key] = _owner(event)
        elif type(event) in CONTINUERS | CLOSERS:
            key = _key((CONTINUERS | CLOSERS)[type(event)], event)
            assert key in opened, f"{event} is for nothing open"
            assert _owner(event) in {None, opened[key]} or _inherits(events, event), f"{event} is another owner's"
            if type(event) in CLOSERS:
                del opened[key]
    assert not opened, f"the run ends with {opened} open"
    assert "active" not in subagents.values(), f"the run ends with {subagents}"


def _check_subagent(event: e.Event, subagents: dict[str, str]) -> None:
    if isinstance(event, e.SubagentStarted):
        assert event.subagent_run_id not in subagents, f"{event} uses an id again"
        assert event.parent_subagent_run_id is None or event.parent_subagent_run_id in subagents, f"{event}: no parent"
        subagents[event.subagent_run_id] = "active"
    elif isinstance(event, e.SubagentFinished | e.SubagentError):
        assert subagents.get(event.subagent_run_id) == "active", f"{event} is for nothing active"
        subagents[event.subagent_run_id] = "over"


def _inherits(events: list[e.Event], event: e.Event) -> bool:
    """Whether an opener without a tag got this owner earlier: by its first opening, or by its parent message."""
    call_id = getattr(event, "tool_call_id", None)
    ids = {_id(event)} | {
        start.parent_message_id
        for start in events
        if isinstance(start, e.ToolCallStart) and start.tool_call_id == call_id
    }
    return any(_id(other) in ids and _owner(other) == _owner(event) for other in events if type(other) in OPENERS)


def _key(kind: str, event: e.Event) -> tuple[str, str, str | None]:
    return (kind, _id(event), _owner(event) if kind == "step" else None)


def _id(event: e.Event) -> str:
    for name in ("message_id", "tool_call_id", "step_name"):
        if hasattr(event, name):
            return str(getattr(event, name))
    return ""


def _owner(event: e.Event) -> str | None:
    owner: str | None = getattr(event, "subagent_run_id", None)
    return owner
