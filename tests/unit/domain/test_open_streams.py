import pytest

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.open_streams import OpenStreams


def after(*events: e.Event) -> OpenStreams:
    streams = OpenStreams()
    for event in events:
        streams.take(event)
    return streams


STARTS = [
    e.TextMessageStart("x"),
    e.ToolCallStart("x", "search"),
    e.ReasoningStart("x"),
    e.ReasoningMessageStart("x"),
    e.StepStarted("x"),
]


@pytest.mark.parametrize("start", STARTS)
def test_what_is_open_cannot_be_opened(start: e.Event) -> None:
    with pytest.raises(InvalidEventError, match=f"{start.type} came for the .* 'x', which is already open"):
        after(start).take(start)


@pytest.mark.parametrize(
    "event",
    [
        e.TextMessageContent("x", "a"),
        e.TextMessageEnd("x"),
        e.ToolCallArgs("x", "a"),
        e.ToolCallEnd("x"),
        e.ReasoningMessageContent("x", "a"),
        e.ReasoningMessageEnd("x"),
        e.ReasoningEnd("x"),
        e.StepFinished("x"),
    ],
)
def test_what_is_not_open_can_neither_go_on_nor_end(event: e.Event) -> None:
    with pytest.raises(InvalidEventError, match=f"{event.type} came for the .* 'x', which is not open"):
        after().take(event)


def test_ids_are_unique_within_a_kind_only() -> None:
    assert len(after(*STARTS).closers(None)) == len(STARTS)


def test_what_has_ended_may_be_opened_again() -> None:
    assert after(e.TextMessageStart("m"), e.TextMessageEnd("m"), e.TextMessageStart("m")).closers(None)


@pytest.mark.parametrize("owner", ["s1", None])
def test_a_continuation_may_name_its_openers_owner_or_none(owner: str | None) -> None:
    after(e.TextMessageStart("m", subagent_run_id="s1")).take(e.TextMessageContent("m", "a", subagent_run_id=owner))


@pytest.mark.parametrize("opener", ["s1", None, ""])
@pytest.mark.parametrize(
    ("start", "goes_on"),
    [
        (e.TextMessageStart, lambda owner: e.TextMessageContent("x", "a", subagent_run_id=owner)),
        (e.TextMessageStart, lambda owner: e.TextMessageEnd("x", subagent_run_id=owner)),
        (e.ReasoningStart, lambda owner: e.ReasoningEnd("x", subagent_run_id=owner)),
        (e.ReasoningMessageStart, lambda owner: e.ReasoningMessageContent("x", "a", subagent_run_id=owner)),
    ],
)
def test_a_continuation_of_another_owner_is_refused(start: type, goes_on: object, opener: str | None) -> None:
    streams = after(start("x", subagent_run_id=opener))
    with pytest.raises(InvalidEventError, match=r"'s2' for the .* 'x' of another owner"):
        streams.take(goes_on("s2"))  # type: ignore[operator]


def test_an_id_keeps_its_owner_beyond_its_end() -> None:
    streams = after(e.TextMessageStart("m", subagent_run_id="s1"), e.TextMessageEnd("m"))
    with pytest.raises(InvalidEventError, match="of another owner"):
        streams.take(e.TextMessageStart("m", subagent_run_id="s2"))


def test_a_reasoning_and_its_messages_have_one_owner() -> None:
    streams = after(e.ReasoningStart("m", subagent_run_id="s1"))
    with pytest.raises(InvalidEventError, match="of another owner"):
        streams.take(e.ReasoningMessageStart("m", subagent_run_id="s2"))


def test_a_call_belongs_to_the_owner_of_its_parent_message() -> None:
    parent = e.TextMessageStart("m", subagent_run_id="s1")
    streams = after(parent, e.ToolCallStart("c", "search", "m"))
    assert e.ToolCallEnd("c", subagent_run_id="s1", closed_by_runtime=True) in streams.closers(None)
    with pytest.raises(InvalidEventError, match="tool call 'c2', whose parent message is of another owner"):
        streams.take(e.ToolCallStart("c2", "search", "m", subagent_run_id="s2"))


def test_a_call_with_an_unknown_parent_has_its_own_owner() -> None:
    after(e.ToolCallStart("c", "search", "elsewhere", subagent_run_id="s1"))


def test_a_steps_name_is_open_once_per_owner() -> None:
    streams = after(
        e.StepStarted("one"), e.StepStarted("one", subagent_run_id="s1"), e.StepStarted("one", subagent_run_id="")
    )
    with pytest.raises(InvalidEventError, match="already open"):
        streams.take(e.StepStarted("one", subagent_run_id="s1"))


@pytest.mark.parametrize(("opener", "closer"), [(None, "s1"), ("s1", None), ("s1", "s2"), ("", None)])
def test_a_step_is_finished_by_whoever_started_it(opener: str | None, closer: str | None) -> None:
    with pytest.raises(InvalidEventError, match="STEP_FINISHED came for the step 'one', which is not open"):
        after(e.StepStarted("one", subagent_run_id=opener)).take(e.StepFinished("one", subagent_run_id=closer))


def test_owners_and_step_names_that_read_alike_when_joined_are_kept_apart() -> None:
    streams = after(e.StepStarted("b\nc", subagent_run_id="a"))
    with pytest.raises(InvalidEventError, match="not open"):
        streams.take(e.StepFinished("c", subagent_run_id="a\nb"))


def test_an_activity_is_changed_by_its_owner_only() -> None:
    streams = after(e.ActivitySnapshot("a", "plan", {}, subagent_run_id="s1"))
    streams.take(e.ActivityDelta("a", "plan", ()))
    with pytest.raises(InvalidEventError, match="ACTIVITY_DELTA came from the subagent 's2'"):
        streams.take(e.ActivityDelta("a", "plan", (), subagent_run_id="s2"))


@pytest.mark.parametrize(("replace", "taken_over"), [(True, True), (False, False)])
def test_an_activity_is_taken_over_by_replacing_it(replace: bool, taken_over: bool) -> None:
    streams = after(
        e.ActivitySnapshot("a", "plan", {}, subagent_run_id="s1"),
        e.ActivitySnapshot("a", "plan", {}, replace, subagent_run_id="s2"),
    )
    delta = e.ActivityDelta("a", "plan", (), subagent_run_id="s2")
    if taken_over:
        streams.take(delta)
    else:
        with pytest.raises(InvalidEventError, match="of another owner"):
            streams.take(delta)


@pytest.mark.parametrize(
    ("opening", "subtype"),
    [
        (e.ToolCallStart("x", "search", subagent_run_id="s1"), "tool-call"),
        (e.TextMessageStart("x", subagent_run_id="s1"), "message"),
        (e.ReasoningMessageStart("x", subagent_run_id="s1"), "message"),
    ],
)
def test_a_sealed_value_is_for_something_of_the_same_owner(opening: e.Event, subtype: str) -> None:
    streams = after(opening)
    streams.take(e.ReasoningEncryptedValue(subtype, "x", "sealed", subagent_run_id="s1"))
    with pytest.raises(InvalidEventError, match="REASONING_ENCRYPTED_VALUE came from the subagent 's2'"):
        streams.take(e.ReasoningEncryptedValue(subtype, "x", "sealed", subagent_run_id="s2"))


def test_a_sealed_value_for_something_unknown_passes() -> None:
    after(e.ReasoningEncryptedValue("message", "x", "sealed", subagent_run_id="s1"))


@pytest.mark.parametrize("end", [e.SubagentFinished("s1"), e.SubagentError("s1", "broke")])
def test_a_subagents_id_is_never_used_again(end: e.Event) -> None:
    with pytest.raises(InvalidEventError, match="SUBAGENT_STARTED used the subagent id 's1' a second time"):
        after(e.SubagentStarted("s1", "helper"), end).take(e.SubagentStarted("s1", "helper"))


@pytest.mark.parametrize("end", [e.SubagentFinished("s1"), e.SubagentError("s1", "broke")])
def test_only_an_active_subagent_can_end(end: e.Event) -> None:
    with pytest.raises(InvalidEventError, match=f"{end.type} came for the subagent 's1', which is not active"):
        after().take(end)
    with pytest.raises(InvalidEventError, match="which is not active"):
        after(e.SubagentStarted("s1", "helper"), end).take(end)


def test_a_subagents_parent_has_started_though_it_may_be_over() -> None:
    streams = after(e.SubagentStarted("p", "parent"), e.SubagentFinished("p"))
    streams.take(e.SubagentStarted("c", "child", parent_subagent_run_id="p"))
    with pytest.raises(InvalidEventError, match="named the parent 'ghost', which has not started"):
        streams.take(e.SubagentStarted("d", "child", parent_subagent_run_id="ghost"))


def test_subagents_are_closed_last_started_first() -> None:
    streams = after(e.SubagentStarted("p", "parent"), e.SubagentStarted("c", "child", parent_subagent_run_id="p"))
    assert [closer.subagent_run_id for closer in streams.closers(None) if isinstance(closer, e.SubagentError)] == [
        "c",
        "p",
    ]


def test_an_owner_need_not_be_a_subagent_that_was_announced() -> None:
    after(e.TextMessageStart("m", subagent_run_id="never announced"))


@pytest.mark.parametrize("event", [e.Custom("a"), e.StateSnapshot(1), e.ToolCallResult("m", "c", ""), e.Raw({})])
def test_what_opens_nothing_is_always_possible(event: e.Event) -> None:
    assert after(event, event).closers(None) == ()
