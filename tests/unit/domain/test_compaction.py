"""Compaction: fewer events that mean the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.compaction import compact, fold_state, rising
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.runs import Outcome, RunInput
from tests.unit.domain.event_streams import any_event, outcomes, streams
from tests.unit.domain.stream_checker import check_stream

STARTED = e.RunStarted("t", "r")
DONE = e.RunFinished("t", "r")
BASE = {"kept": 1, "count": 0}


def replace(path: str, value: Any) -> e.StateDelta:
    return e.StateDelta(({"op": "replace", "path": path, "value": value},))


def shrunk(*events: e.Event, base: Any = None) -> list[e.Event]:
    return [part.event for part in compact(events, {} if base is None else base)]


# What is folded


def test_the_deltas_of_a_message_become_one() -> None:
    pieces = [e.TextMessageContent("m", word) for word in ("a", "b", "c")]
    events = shrunk(STARTED, e.TextMessageStart("m"), *pieces, e.TextMessageEnd("m"), DONE)
    assert events == [
        STARTED,
        e.TextMessageStart("m"),
        e.TextMessageContent("m", "abc"),
        e.TextMessageEnd("m"),
        DONE,
    ]


def test_the_pieces_of_a_calls_arguments_become_one() -> None:
    pieces = [e.ToolCallArgs("c", piece) for piece in ('{"a"', ":1}")]
    events = shrunk(e.ToolCallStart("c", "search"), *pieces, e.ToolCallEnd("c"), DONE)
    assert events[1] == e.ToolCallArgs("c", '{"a":1}')
    assert len(events) == 4


def test_all_state_events_become_one_snapshot_before_the_end() -> None:
    events = shrunk(e.StateSnapshot({"count": 0}), e.Custom("x"), replace("/count", 2), e.Custom("y"), DONE)
    assert events == [e.Custom("x"), e.Custom("y"), e.StateSnapshot({"count": 2}), DONE]


def test_deltas_are_folded_from_the_state_that_the_run_began_with() -> None:
    assert shrunk(replace("/count", 2), DONE, base=BASE) == [e.StateSnapshot({"kept": 1, "count": 2}), DONE]


def test_a_delta_that_does_not_apply_is_skipped_and_the_others_are_not() -> None:
    events = [replace("/count", 1), replace("/missing/deep", 1), replace("/kept", 2)]
    assert shrunk(*events, DONE, base=BASE)[0] == e.StateSnapshot({"kept": 2, "count": 1})


def test_a_state_that_is_no_object_is_kept_as_it_is() -> None:
    assert shrunk(e.StateSnapshot([1]), DONE) == [e.StateSnapshot([1]), DONE]


def test_a_run_without_state_events_gets_no_snapshot() -> None:
    assert shrunk(STARTED, e.Custom("x"), DONE, base=BASE) == [STARTED, e.Custom("x"), DONE]


def test_what_came_inside_an_open_message_moves_behind_its_end() -> None:
    events = shrunk(
        e.TextMessageStart("m"),
        e.TextMessageContent("m", "a"),
        e.Custom("x"),
        e.TextMessageContent("m", "b"),
        e.TextMessageEnd("m"),
    )
    assert [event.type for event in events][-2:] == ["TEXT_MESSAGE_END", "CUSTOM"]


def test_interleaved_messages_stay_in_the_order_in_which_they_opened() -> None:
    one, two = e.TextMessageStart("one"), e.TextMessageStart("two")
    events = [one, two, e.TextMessageContent("two", "2"), e.TextMessageContent("one", "1")]
    ends: list[e.Event] = [e.TextMessageEnd("two"), e.TextMessageEnd("one")]
    folded = shrunk(*events, *ends)
    assert [getattr(event, "message_id", "") for event in folded] == ["one"] * 3 + ["two"] * 3


def test_a_conversation_told_anew_in_the_middle_of_a_message_stays_between_its_pieces() -> None:
    told = e.MessagesSnapshot((m.AssistantMessage(id="m", content="new "),))
    raw = [e.TextMessageStart("m"), e.TextMessageContent("m", "old"), told, e.TextMessageContent("m", "more")]
    assert fold_messages(shrunk(*raw, e.TextMessageEnd("m")))[0].content == "new more"  # type: ignore[union-attr]


def test_reasoning_activities_steps_and_raw_events_are_kept_as_they_are() -> None:
    events: list[e.Event] = [
        e.ReasoningStart("r"),
        e.ReasoningMessageStart("r"),
        e.ReasoningMessageContent("r", "a"),
        e.ReasoningMessageContent("r", "b"),
        e.ReasoningMessageEnd("r"),
        e.ReasoningEnd("r"),
        e.StepStarted("s"),
        e.ActivitySnapshot("x", "plan", {}),
        e.Raw({}),
        e.StepFinished("s"),
        DONE,
    ]
    assert shrunk(*events) == events


def test_of_an_agents_reports_only_the_newest_counts() -> None:
    old, new, other = (e.AgentStateMessage(name, {"n": n}) for name, n in (("a", 1), ("a", 2), ("b", 3)))
    assert shrunk(old, other, new, DONE) == [other, new, DONE]


def test_a_message_that_the_runtime_closed_stays_known_as_incomplete() -> None:
    closed = e.TextMessageEnd("m", closed_by_runtime=True)
    assert shrunk(e.TextMessageStart("m"), closed, e.RunError("broke"))[1] == closed


def test_what_a_guardrail_denied_is_left_out_but_for_the_edit() -> None:
    edit = e.MessagesSnapshot((m.UserMessage(id="u", content="x"),), is_edit=True)
    denial = e.RunError("not that", ErrorCode.GUARDRAIL_DENIED)
    said = [e.TextMessageStart("m"), e.TextMessageContent("m", "secret"), e.TextMessageEnd("m"), e.StateSnapshot({})]
    assert shrunk(STARTED, edit, *said, denial) == [STARTED, edit, denial]


def test_a_merged_piece_says_nothing_of_single_ones() -> None:
    pieces = [e.TextMessageContent("m", "a", raw_event={"n": n}, timestamp=n) for n in (1, 2)]
    assert shrunk(e.TextMessageStart("m"), *pieces)[1] == e.TextMessageContent("m", "aa", timestamp=1)


# Whatever a run said

thoroughly = settings(max_examples=150)
paths = st.sampled_from(["/kept", "/count", "/new", "/new/deep"])
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove"]), "path": paths, "value": st.integers(0, 3)}
)
state_events: st.SearchStrategy[e.Event] = st.one_of(
    st.builds(e.StateSnapshot, st.sampled_from([{}, {"kept": 2}, [1], None])),
    st.builds(e.StateDelta, st.lists(operations, min_size=1, max_size=2).map(tuple)),
    st.builds(e.AgentStateMessage, st.sampled_from(["a", "b"]), st.just({})),
    st.builds(
        e.MessagesSnapshot,
        st.lists(st.sampled_from(["m1", "m2"]), unique=True).map(
            lambda ids: tuple(m.AssistantMessage(id=each, content="told") for each in ids)
        ),
        is_edit=st.booleans(),
    ),
)
told = streams(st.one_of(any_event, state_events))


def logged(events: list[e.Event], outcome: Outcome) -> list[e.Event]:
    """What the log keeps of a producer that said this: what the lifecycle let pass, closed and ended."""
    lifecycle, kept = Lifecycle(), list[e.Event]()
    for event in events:
        try:
            kept.extend(lifecycle.feed(event))
        except InvalidEventError:
            continue
    question = m.UserMessage(id="u", content="?")
    started = e.RunStarted("t", "r", input=RunInput(ThreadId("t"), RunId("r"), messages=(question,), state=BASE))
    return [started, *kept, *lifecycle.finalize(outcome, thread_id="t", run_id="r")]


@thoroughly
@given(told, outcomes)
def test_compacting_changes_no_conversation(events: list[e.Event], outcome: Outcome) -> None:
    raw = logged(events, outcome)
    assert fold_messages(shrunk(*raw, base=BASE)) == fold_messages(raw)


@thoroughly
@given(told, outcomes)
def test_compacting_changes_no_state(events: list[e.Event], outcome: Outcome) -> None:
    raw = logged(events, outcome)
    folded = shrunk(*raw, base=BASE)
    denied = isinstance(raw[-1], e.RunError) and raw[-1].code == ErrorCode.GUARDRAIL_DENIED
    assert fold_state(folded, BASE) == (BASE if denied else fold_state(raw, BASE))
    assert sum(isinstance(event, e.StateSnapshot | e.StateDelta) for event in folded) <= 1


@thoroughly
@given(told, outcomes)
def test_a_compacted_run_is_a_valid_run(events: list[e.Event], outcome: Outcome) -> None:
    check_stream(shrunk(*logged(events, outcome), base=BASE)[1:])


@thoroughly
@given(told, outcomes)
def test_compacting_again_changes_nothing(events: list[e.Event], outcome: Outcome) -> None:
    once = shrunk(*logged(events, outcome), base=BASE)
    assert shrunk(*once, base=BASE) == once


@thoroughly
@given(told, outcomes)
def test_numbers_rise_and_end_with_the_runs_last(events: list[e.Event], outcome: Outcome) -> None:
    raw = logged(events, outcome)
    parts = compact(raw, BASE)
    numbers = rising([part.source for part in parts], len(raw) - 1)
    assert len(numbers) == len(parts)
    assert numbers[0] >= 0
    assert list(numbers) == sorted(set(numbers))
    assert numbers[-1] == len(raw) - 1


@pytest.mark.parametrize("count", [1, 50])
def test_a_run_of_text_shrinks_to_its_bones(count: int) -> None:
    pieces = [e.TextMessageContent("m", "x")] * count
    assert len(shrunk(STARTED, e.TextMessageStart("m"), *pieces, e.TextMessageEnd("m"), DONE)) == 5
