import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.lifecycle import STOP_RESULT, Lifecycle, outcome_of, replay_open, terminal_event
from agui_runtime.domain.runs import Denied, Failed, Finished, Interrupt, Interrupted, Outcome, Stopped
from tests.unit.domain.event_streams import outcomes, plain_events, streams
from tests.unit.domain.stream_checker import check_stream

INTERRUPT = Interrupt("i1", value="sure?")
FAILED = Failed("broke", "SOME_CODE")
ALL_OUTCOMES = [Finished(), Interrupted((INTERRUPT,)), Stopped(), FAILED, Denied("not that")]


def fed(lifecycle: Lifecycle, events: Iterable[e.Event]) -> list[e.Event]:
    return [piece for event in events for piece in lifecycle.feed(event)]


def end(lifecycle: Lifecycle, outcome: Outcome) -> list[e.Event]:
    return list(lifecycle.finalize(outcome, thread_id="t", run_id="r"))


# Whatever a producer says

thoroughly = settings(max_examples=300)


@thoroughly
@given(streams(), outcomes)
def test_whatever_is_fed_what_leaves_is_a_whole_run(events: list[e.Event], outcome: Outcome) -> None:
    lifecycle = Lifecycle()
    left: list[e.Event] = []
    for event in events:
        try:
            left.extend(lifecycle.feed(event))
        except InvalidEventError as error:
            assert event.type in error.message  # noqa: PT017 - a refusal is one of two good outcomes here
    check_stream([*left, *end(lifecycle, outcome)])


@thoroughly
@given(streams(), outcomes)
def test_whatever_is_fed_the_end_of_the_stream_completes_it(events: list[e.Event], outcome: Outcome) -> None:
    lifecycle, left = Lifecycle(), list[e.Event]()
    for event in events:
        try:
            left.extend(lifecycle.feed(event))
        except InvalidEventError:
            break
    check_stream([*left, *lifecycle.end_of_stream(), *end(lifecycle, outcome)])


@thoroughly
@given(streams(), outcomes)
def test_an_impossible_event_is_as_if_it_was_never_fed(events: list[e.Event], outcome: Outcome) -> None:
    tried, spared = Lifecycle(), Lifecycle()
    for event in events:
        try:
            pieces = tried.feed(event)
        except InvalidEventError:
            continue
        assert spared.feed(event) == pieces
    assert tried.ending == spared.ending
    assert end(tried, outcome) == end(spared, outcome)


@thoroughly
@given(streams(plain_events))
def test_what_is_possible_and_no_chunk_passes_unchanged(events: list[e.Event]) -> None:
    lifecycle = Lifecycle()
    for event in events:
        try:
            pieces = lifecycle.feed(event)
        except InvalidEventError:
            continue
        assert len(pieces) == 1
        assert pieces[0] is event


@thoroughly
@given(streams(), outcomes)
def test_a_run_is_finalized_the_same_however_often_it_is_asked(events: list[e.Event], outcome: Outcome) -> None:
    lifecycle = accepted(events)[0]
    assert end(lifecycle, outcome) == end(lifecycle, outcome)


@thoroughly
@given(streams())
def test_a_log_of_what_left_knows_what_is_open(events: list[e.Event]) -> None:
    lifecycle, left = accepted(events)
    assert end(replay_open(left), Failed("lost")) == end(lifecycle, Failed("lost"))


def accepted(events: Iterable[e.Event]) -> tuple[Lifecycle, list[e.Event]]:
    lifecycle, left = Lifecycle(), list[e.Event]()
    for event in events:
        try:
            left.extend(lifecycle.feed(event))
        except InvalidEventError:
            continue
    return lifecycle, left


# The run's own boundary


def test_the_producers_run_started_is_taken_and_dropped() -> None:
    assert fed(Lifecycle(), [e.RunStarted("x", "y"), e.Custom("a")]) == [e.Custom("a")]


@pytest.mark.parametrize("first", [e.Custom("a"), e.RunStarted("x", "y"), e.TextMessageChunk("m", delta="a")])
def test_run_started_is_refused_behind_anything(first: e.Event) -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(first)
    with pytest.raises(InvalidEventError, match="RUN_STARTED must be a run's first event"):
        lifecycle.feed(e.RunStarted("x", "y"))


def test_a_producer_need_not_say_that_the_run_started() -> None:
    assert fed(Lifecycle(), [e.Custom("a")]) == [e.Custom("a")]


@pytest.mark.parametrize("ending", [e.RunFinished("x", "y", result=1), e.RunError("broke", "CODE")])
def test_the_producers_ending_is_kept_and_does_not_leave(ending: Any) -> None:
    lifecycle = Lifecycle()
    assert lifecycle.ending is None
    assert lifecycle.feed(ending) == ()
    assert lifecycle.ending == ending


@pytest.mark.parametrize("ending", [e.RunFinished("x", "y"), e.RunError("broke")])
@pytest.mark.parametrize(
    "late",
    [e.Custom("a"), e.TextMessageChunk("m"), e.RunStarted("x", "y"), e.RunFinished("x", "y"), e.RunError("late")],
)
def test_nothing_may_follow_the_ending(ending: e.Event, late: e.Event) -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(ending)
    with pytest.raises(InvalidEventError, match=f"{late.type} came after {ending.type}"):
        lifecycle.feed(late)
    assert lifecycle.ending == ending


@pytest.mark.parametrize(
    ("opening", "named"),
    [
        (e.TextMessageStart("m1"), "text message 'm1'"),
        (e.ToolCallStart("c1", "search"), "tool call 'c1'"),
        (e.ReasoningStart("m1"), "reasoning 'm1'"),
        (e.ReasoningMessageStart("m1"), "reasoning message 'm1'"),
        (e.StepStarted("one"), "step 'one'"),
        (e.StepStarted("one", subagent_run_id="s1"), "step 'one'"),
        (e.SubagentStarted("s1", "helper"), "subagent 's1'"),
    ],
)
def test_run_finished_is_refused_while_something_is_open(opening: e.Event, named: str) -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(opening)
    with pytest.raises(InvalidEventError, match=f"RUN_FINISHED came while the {named} was still"):
        lifecycle.feed(e.RunFinished("x", "y"))
    assert lifecycle.ending is None


def test_run_error_may_come_at_any_time() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.TextMessageStart("m1"))
    lifecycle.feed(e.RunError("broke"))
    assert end(lifecycle, outcome_of(lifecycle.ending))[-1] == e.RunError("broke", ErrorCode.AGENT_FAILED)


# The terminal event


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Finished({"a": 1}, ({"tokens": 3},)), e.RunFinished("t", "r", result={"a": 1}, usage=({"tokens": 3},))),
        (Interrupted((INTERRUPT,), ({"tokens": 3},)), e.RunFinished("t", "r", None, (INTERRUPT,), ({"tokens": 3},))),
        (Stopped(), e.RunFinished("t", "r")),
        (Failed("broke", "CODE", ({"tokens": 3},)), e.RunError("broke", "CODE", ({"tokens": 3},))),
        (Failed("broke"), e.RunError("broke", "INTERNAL")),
        (Denied("not that"), e.RunError("not that", "GUARDRAIL_DENIED")),
    ],
)
def test_each_outcome_has_its_terminal_event(outcome: Outcome, event: e.Event) -> None:
    assert terminal_event(outcome, thread_id="t", run_id="r") == event
    assert end(Lifecycle(), outcome) == [event]


def test_the_terminal_event_has_the_runs_own_ids_whatever_the_producer_said() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.RunFinished("theirs", "theirs"))
    assert end(lifecycle, Finished()) == [e.RunFinished("t", "r")]


def test_what_the_producer_sent_along_with_its_ending_goes_along() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.RunFinished("x", "y", timestamp=5, raw_event={"a": 1}, metadata={"b": 2}))
    expected = e.RunFinished("t", "r", timestamp=5, raw_event={"a": 1}, metadata={"b": 2})
    assert end(lifecycle, Finished()) == [expected]


def test_what_came_with_one_ending_does_not_go_along_with_another() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.RunFinished("x", "y", metadata={"b": 2}))
    assert end(lifecycle, FAILED) == [e.RunError("broke", "SOME_CODE")]


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (None, Failed("Run ended without emitting a terminal event", "INCOMPLETE_STREAM")),
        (e.RunError("broke"), Failed("broke", "AGENT_FAILED")),
        (e.RunError("broke", ""), Failed("broke", "AGENT_FAILED")),
        (e.RunError("broke", "CODE", ({"tokens": 3},)), Failed("broke", "CODE", ({"tokens": 3},))),
        (e.RunFinished("t", "r", result=0, usage=({"tokens": 3},)), Finished(0, ({"tokens": 3},))),
        (e.RunFinished("t", "r", interrupts=(INTERRUPT,)), Interrupted((INTERRUPT,))),
    ],
)
def test_each_ending_of_an_agent_means_an_outcome(ending: Any, outcome: Outcome) -> None:
    assert outcome_of(ending) == outcome


# What finalize closes


@pytest.mark.parametrize("outcome", ALL_OUTCOMES)
def test_all_that_is_open_is_closed_last_opened_first_and_marked(outcome: Outcome) -> None:
    lifecycle = Lifecycle()
    fed(
        lifecycle,
        [
            e.SubagentStarted("s1", "helper"),
            e.StepStarted("one"),
            e.TextMessageStart("m1", subagent_run_id="s1"),
            e.ReasoningStart("m2"),
            e.ReasoningMessageStart("m2"),
        ],
    )
    assert end(lifecycle, outcome)[:-1] == [
        e.ReasoningMessageEnd("m2", closed_by_runtime=True),
        e.ReasoningEnd("m2", closed_by_runtime=True),
        e.TextMessageEnd("m1", closed_by_runtime=True, subagent_run_id="s1"),
        e.StepFinished("one", closed_by_runtime=True),
        e.SubagentError("s1", "The run ended before this subagent did."),
    ]


@pytest.mark.parametrize("outcome", [Finished(), Interrupted((INTERRUPT,)), Denied("not that")])
def test_an_open_call_gets_no_result_unless_the_run_failed_or_was_stopped(outcome: Outcome) -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.ToolCallStart("c1", "search"))
    assert end(lifecycle, outcome)[:-1] == [e.ToolCallEnd("c1", closed_by_runtime=True)]


def test_a_stopped_runs_open_call_gets_the_result_that_clients_know() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.ToolCallStart("c1", "search", subagent_run_id="s1"))
    assert end(lifecycle, Stopped())[:-1] == [
        e.ToolCallEnd("c1", closed_by_runtime=True, subagent_run_id="s1"),
        e.ToolCallResult("c1-result", "c1", STOP_RESULT, closed_by_runtime=True, subagent_run_id="s1"),
    ]
    assert STOP_RESULT == '{"status":"stopped","reason":"stop_requested","message":"Run stopped by user"}'


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(Failed('it "broke"', "CODE"), "run_failed"), (outcome_of(None), "missing_terminal_event")],
)
def test_a_failed_runs_open_call_gets_a_result_that_says_why(outcome: Failed, reason: str) -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.ToolCallStart("c1", "search"))
    result = end(lifecycle, outcome)[1]
    assert isinstance(result, e.ToolCallResult)
    assert json.loads(result.content) == {"status": "error", "reason": reason, "message": outcome.message}


def test_a_call_that_got_to_its_end_is_the_frontends_and_gets_no_result() -> None:
    lifecycle = Lifecycle()
    fed(lifecycle, [e.ToolCallStart("c1", "search"), e.ToolCallEnd("c1")])
    assert end(lifecycle, Stopped()) == [e.RunFinished("t", "r")]


# Chunks


def test_chunks_are_the_stream_they_stand_for() -> None:
    lifecycle = Lifecycle()
    left = fed(
        lifecycle,
        [
            e.TextMessageChunk("m1", "user", "Hel", "Ann"),
            e.TextMessageChunk(delta="lo"),
            e.TextMessageChunk("m1", delta="!"),
            e.ToolCallChunk("c1", "search", "m1", '{"q":'),
            e.ToolCallChunk(delta="1}"),
            e.ToolCallChunk("c2", "find"),
            e.ReasoningMessageChunk("m2", "hm"),
            e.ReasoningMessageChunk("m3", "so"),
        ],
    )
    assert [*left, *lifecycle.end_of_stream()] == [
        e.TextMessageStart("m1", "user", "Ann"),
        e.TextMessageContent("m1", "Hel"),
        e.TextMessageContent("m1", "lo"),
        e.TextMessageContent("m1", "!"),
        e.TextMessageEnd("m1"),
        e.ToolCallStart("c1", "search", "m1"),
        e.ToolCallArgs("c1", '{"q":'),
        e.ToolCallArgs("c1", "1}"),
        e.ToolCallEnd("c1"),
        e.ToolCallStart("c2", "find"),
        e.ToolCallEnd("c2"),
        e.ReasoningMessageStart("m2"),
        e.ReasoningMessageContent("m2", "hm"),
        e.ReasoningMessageEnd("m2"),
        e.ReasoningMessageStart("m3"),
        e.ReasoningMessageContent("m3", "so"),
        e.ReasoningMessageEnd("m3"),
    ]
    assert lifecycle.end_of_stream() == ()


@pytest.mark.parametrize(
    "event",
    [
        e.Custom("a"),
        e.StateSnapshot({}),
        e.StateDelta(()),
        e.StepStarted("one"),
        e.TextMessageStart("m2"),
        e.ToolCallStart("c1", "search"),
        e.ToolCallResult("r", "c0", ""),
        e.MessagesSnapshot(()),
        e.AgentStateMessage("a", {}),
        e.SubagentStarted("s1", "helper"),
        e.ReasoningStart("m3"),
    ],
)
def test_any_other_event_ends_a_chunk_stream(event: e.Event) -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.TextMessageChunk("m1", delta="a"))
    assert lifecycle.feed(event) == (e.TextMessageEnd("m1"), event)


@pytest.mark.parametrize(
    "event",
    [
        e.Raw({}),
        e.ActivitySnapshot("a1", "plan", {}),
        e.ActivityDelta("a1", "plan", ()),
        e.ReasoningEncryptedValue("message", "m1", "x"),
    ],
)
def test_what_belongs_to_no_message_leaves_a_chunk_stream_open(event: e.Event) -> None:
    left = fed(Lifecycle(), [e.TextMessageChunk("m1", delta="a"), event, e.TextMessageChunk(delta="b")])
    assert left[2:] == [event, e.TextMessageContent("m1", "b")]


@pytest.mark.parametrize("ending", [e.RunFinished("x", "y"), e.RunError("broke")])
def test_the_producers_ending_ends_a_chunk_stream(ending: e.Event) -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.TextMessageChunk("m1", delta="a"))
    assert lifecycle.feed(ending) == (e.TextMessageEnd("m1"),)


@pytest.mark.parametrize(
    ("chunk", "needed"),
    [
        (e.TextMessageChunk(delta="a"), "TEXT_MESSAGE_CHUNK of a stream needs messageId"),
        (e.ReasoningMessageChunk(delta="a"), "REASONING_MESSAGE_CHUNK of a stream needs messageId"),
        (e.ToolCallChunk(tool_call_name="search"), "TOOL_CALL_CHUNK of a stream needs toolCallId and toolCallName"),
        (e.ToolCallChunk("c1", delta="{}"), "TOOL_CALL_CHUNK of a stream needs toolCallId and toolCallName"),
    ],
)
def test_a_first_chunk_that_names_too_little_is_refused(chunk: e.Event, needed: str) -> None:
    with pytest.raises(InvalidEventError, match=needed):
        Lifecycle().feed(chunk)


def test_a_chunk_of_another_kind_does_not_continue_a_stream_without_an_id() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.TextMessageChunk("m1", delta="a"))
    with pytest.raises(InvalidEventError, match="REASONING_MESSAGE_CHUNK"):
        lifecycle.feed(e.ReasoningMessageChunk(delta="b"))
    assert lifecycle.feed(e.TextMessageChunk(delta="c")) == (e.TextMessageContent("m1", "c"),)


def test_an_impossible_event_leaves_a_chunk_stream_open() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.ToolCallChunk("c1", "search", delta="{"))
    with pytest.raises(InvalidEventError, match="TEXT_MESSAGE_END"):
        lifecycle.feed(e.TextMessageEnd("m9"))
    assert lifecycle.feed(e.ToolCallChunk(delta="}")) == (e.ToolCallArgs("c1", "}"),)


def test_a_chunk_may_not_open_what_is_open() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.TextMessageStart("m1"))
    with pytest.raises(InvalidEventError, match=r"TEXT_MESSAGE_CHUNK was refused: .* 'm1', which is already open"):
        lifecycle.feed(e.TextMessageChunk("m1", delta="a"))


def test_a_piece_of_a_chunk_stream_belongs_to_its_opener() -> None:
    left = fed(Lifecycle(), [e.TextMessageChunk("m1", delta="a", subagent_run_id="s1"), e.TextMessageChunk(delta="b")])
    assert left[-1] == e.TextMessageContent("m1", "b", subagent_run_id="s1")


def test_a_chunk_of_another_owner_is_refused() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.TextMessageChunk("m1", delta="a", subagent_run_id="s1"))
    with pytest.raises(InvalidEventError, match="'s2' for the text message 'm1' of another owner"):
        lifecycle.feed(e.TextMessageChunk("m1", delta="b", subagent_run_id="s2"))


def test_what_came_with_a_chunk_goes_along_once() -> None:
    extras: dict[str, Any] = {"raw_event": {"a": 1}, "metadata": {"b": 2}}
    with_text = fed(Lifecycle(), [e.TextMessageChunk("m1", delta="a", timestamp=5, **extras)])
    without = fed(Lifecycle(), [e.TextMessageChunk("m1", timestamp=5, **extras)])
    assert with_text == [
        e.TextMessageStart("m1", timestamp=5),
        e.TextMessageContent("m1", "a", timestamp=5, **extras),
    ]
    assert without == [e.TextMessageStart("m1", timestamp=5, **extras)]


def test_a_chunk_stream_cut_by_a_stop_is_marked_and_its_call_gets_a_result() -> None:
    lifecycle = Lifecycle()
    lifecycle.feed(e.ToolCallChunk("c1", "search", delta='{"q'))
    assert end(lifecycle, Stopped())[:-1] == [
        e.ToolCallEnd("c1", closed_by_runtime=True),
        e.ToolCallResult("c1-result", "c1", STOP_RESULT, closed_by_runtime=True),
    ]


@pytest.mark.parametrize("outcome", [Finished(), Interrupted((INTERRUPT,))])
def test_a_chunk_stream_needs_no_end_of_its_own_to_be_complete(outcome: Outcome) -> None:
    lifecycle = Lifecycle()
    fed(lifecycle, [e.StepStarted("one"), e.TextMessageChunk("m1", delta="a")])
    assert end(lifecycle, outcome)[:-1] == [e.TextMessageEnd("m1"), e.StepFinished("one", closed_by_runtime=True)]


# Sealing


def test_a_log_with_an_impossible_order_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="TEXT_MESSAGE_END"):
        replay_open([e.RunStarted("t", "r"), e.TextMessageEnd("m1")])
