"""Strategies for events, few ids so that they meet."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from agui_runtime.domain import events as e
from agui_runtime.domain.runs import Denied, Failed, Finished, Interrupt, Interrupted, Outcome, Stopped

message_ids = st.sampled_from(["m1", "m2"])
call_ids = st.sampled_from(["c1", "c2"])
owners = st.sampled_from([None, None, None, "s1", "s2", ""])
deltas = st.sampled_from(["", "a", "bc"])
steps = st.sampled_from(["one", "two"])


def owned(kind: Any, *parts: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, *parts, subagent_run_id=owners, **named)


plain_events: st.SearchStrategy[e.Event] = st.one_of(
    owned(e.TextMessageStart, message_ids),
    owned(e.TextMessageContent, message_ids, deltas),
    owned(e.TextMessageEnd, message_ids),
    owned(e.ToolCallStart, call_ids, st.just("search"), st.none() | message_ids),
    owned(e.ToolCallArgs, call_ids, deltas),
    owned(e.ToolCallEnd, call_ids),
    owned(e.ToolCallResult, st.just("r"), call_ids, deltas),
    owned(e.ReasoningStart, message_ids),
    owned(e.ReasoningMessageStart, message_ids),
    owned(e.ReasoningMessageContent, message_ids, deltas),
    owned(e.ReasoningMessageEnd, message_ids),
    owned(e.ReasoningEnd, message_ids),
    owned(e.ReasoningEncryptedValue, st.sampled_from(["message", "tool-call"]), message_ids | call_ids, st.just("x")),
    owned(e.StepStarted, steps),
    owned(e.StepFinished, steps),
    owned(e.StateSnapshot, st.just({})),
    owned(e.ActivitySnapshot, message_ids, st.just("plan"), st.just({}), st.booleans()),
    owned(e.ActivityDelta, message_ids, st.just("plan"), st.just(())),
    owned(e.Custom, st.just("x")),
    owned(e.Raw, st.just({})),
    st.builds(
        e.SubagentStarted,
        st.sampled_from(["s1", "s2", ""]),
        st.just("helper"),
        parent_subagent_run_id=st.sampled_from([None, "s1"]),
    ),
    st.builds(e.SubagentFinished, st.sampled_from(["s1", "s2"])),
    st.builds(e.SubagentError, st.sampled_from(["s1", "s2"]), st.just("broke")),
)
chunks: st.SearchStrategy[e.Event] = st.one_of(
    owned(e.TextMessageChunk, st.none() | message_ids, delta=st.none() | deltas),
    owned(e.ToolCallChunk, st.none() | call_ids, st.sampled_from([None, "search"]), delta=st.none() | deltas),
    owned(e.ReasoningMessageChunk, st.none() | message_ids, st.none() | deltas),
)
boundaries: st.SearchStrategy[e.Event] = st.one_of(
    st.builds(e.RunStarted, st.just("theirs"), st.just("theirs")),
    st.builds(e.RunFinished, st.just("theirs"), st.just("theirs")),
    st.builds(e.RunError, st.just("broke")),
)
# Mostly not boundaries: nothing may follow most of them.
any_event = st.integers(0, 19).flatmap(lambda die: boundaries if die == 0 else chunks if die < 8 else plain_events)

# How each opening may go on: chance alone would hardly ever meet an open stream.
FOLLOWERS: dict[type, Callable[[Any, str | None], list[e.Event]]] = {
    e.TextMessageStart: lambda start, owner: [
        e.TextMessageContent(start.message_id, "a", subagent_run_id=owner),
        e.TextMessageEnd(start.message_id, subagent_run_id=owner),
        e.ToolCallStart("c1", "search", start.message_id, subagent_run_id=owner),
    ],
    e.ToolCallStart: lambda start, owner: [
        e.ToolCallArgs(start.tool_call_id, "a", subagent_run_id=owner),
        e.ToolCallEnd(start.tool_call_id, subagent_run_id=owner),
    ],
    e.ReasoningStart: lambda start, owner: [
        e.ReasoningMessageStart(start.message_id, subagent_run_id=owner),
        e.ReasoningEnd(start.message_id, subagent_run_id=owner),
    ],
    e.ReasoningMessageStart: lambda start, owner: [
        e.ReasoningMessageContent(start.message_id, "a", subagent_run_id=owner),
        e.ReasoningMessageEnd(start.message_id, subagent_run_id=owner),
    ],
    e.StepStarted: lambda start, owner: [e.StepFinished(start.step_name, subagent_run_id=owner)],
    e.SubagentStarted: lambda start, owner: [
        e.SubagentFinished(start.subagent_run_id),
        e.SubagentError(start.subagent_run_id, "broke"),
        e.StepStarted("one", subagent_run_id=start.subagent_run_id),
    ],
    e.TextMessageChunk: lambda start, owner: [e.TextMessageChunk(None, delta="a", subagent_run_id=owner)],
    e.ToolCallChunk: lambda start, owner: [e.ToolCallChunk(None, delta="a", subagent_run_id=owner)],
}


@st.composite
def streams(draw: st.DrawFn, events: st.SearchStrategy[e.Event] = any_event) -> list[e.Event]:
    """What a producer might say: half of it by chance, half of it following something said before."""
    told: list[e.Event] = []
    for _ in range(draw(st.integers(0, 30))):
        openings = [event for event in told if type(event) in FOLLOWERS]
        if openings and draw(st.booleans()):
            opening: Any = draw(st.sampled_from(openings))
            owner = draw(st.sampled_from([opening.subagent_run_id, None]))
            told.append(draw(st.sampled_from(FOLLOWERS[type(opening)](opening, owner))))
        else:
            told.append(draw(events))
    return told


outcomes: st.SearchStrategy[Outcome] = st.sampled_from(
    [Finished(), Interrupted((Interrupt("i"),)), Stopped(), Failed("broke"), Denied("not that")]
)
