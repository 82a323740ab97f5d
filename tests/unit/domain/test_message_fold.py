import time
from collections.abc import Iterable

import pytest

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.message_fold import MessageFold, identity_of

USER = m.UserMessage(id="u1", content="hi")


def fold(*events: e.Event, sent: Iterable[m.Message] = ()) -> tuple[m.Message, ...]:
    conversation = MessageFold()
    conversation.take_input(sent)
    conversation.apply(events)
    return conversation.messages()


def ids(messages: Iterable[m.Message]) -> list[str]:
    return [message.id for message in messages]


# Text


def test_pieces_of_a_message_are_joined_in_order() -> None:
    told = fold(e.TextMessageStart("m"), e.TextMessageContent("m", "Hel"), e.TextMessageContent("m", "lo"))
    assert told == (m.AssistantMessage(id="m", content="Hello"),)


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("user", m.UserMessage),
        ("system", m.SystemMessage),
        ("developer", m.DeveloperMessage),
        ("??", m.AssistantMessage),
    ],
)
def test_a_message_is_of_the_role_it_was_opened_with(role: str, kind: type) -> None:
    (message,) = fold(e.TextMessageStart("m", role, "Ann"), e.TextMessageContent("m", "x"))
    assert isinstance(message, kind)
    assert (message.name, m.text_of(getattr(message, "content", None))) == ("Ann", "x")


def test_a_message_that_said_nothing_is_still_there() -> None:
    assert fold(e.TextMessageStart("m"), e.TextMessageEnd("m")) == (m.AssistantMessage(id="m", content=""),)


def test_messages_may_be_told_in_turns() -> None:
    told = fold(
        e.TextMessageStart("a"),
        e.TextMessageStart("b"),
        e.TextMessageContent("a", "1"),
        e.TextMessageContent("b", "2"),
        e.TextMessageContent("a", "3"),
    )
    assert [m.text_of(message.content) for message in told if isinstance(message, m.AssistantMessage)] == ["13", "2"]


def test_a_message_opened_twice_goes_on() -> None:
    told = fold(*[e.TextMessageStart("m"), e.TextMessageContent("m", "a"), e.TextMessageEnd("m")] * 2)
    assert told == (m.AssistantMessage(id="m", content="aa"),)


def test_text_for_a_message_nobody_knows_is_left_out() -> None:
    assert fold(e.TextMessageContent("m", "x")) == ()


# Calls


def test_a_call_joins_its_parent_message() -> None:
    told = fold(
        e.TextMessageStart("m"),
        e.TextMessageContent("m", "Let me see."),
        e.ToolCallStart("c1", "search", "m"),
        e.ToolCallArgs("c1", '{"q":'),
        e.ToolCallArgs("c1", "1}"),
        e.ToolCallStart("c2", "find", "m"),
    )
    calls = (m.ToolCall("c1", "search", '{"q":1}'), m.ToolCall("c2", "find", ""))
    assert told == (m.AssistantMessage(id="m", content="Let me see.", tool_calls=calls),)


@pytest.mark.parametrize(("parent", "expected"), [("p", "p"), (None, "c1")])
def test_a_call_without_a_message_makes_one(parent: str | None, expected: str) -> None:
    told = fold(e.ToolCallStart("c1", "search", parent))
    assert told == (m.AssistantMessage(id=expected, tool_calls=(m.ToolCall("c1", "search", ""),)),)


def test_text_may_come_after_the_call_that_made_its_message() -> None:
    (message,) = fold(e.ToolCallStart("c1", "search", "m"), e.TextMessageStart("m"), e.TextMessageContent("m", "x"))
    assert isinstance(message, m.AssistantMessage)
    assert (message.content, len(message.tool_calls)) == ("x", 1)


def test_a_call_whose_parent_is_no_assistants_message_makes_its_own() -> None:
    told = fold(e.ToolCallStart("c1", "search", "u1"), sent=[USER])
    assert told == (USER, m.AssistantMessage(id="c1", tool_calls=(m.ToolCall("c1", "search", ""),)))


def test_a_call_never_costs_a_message_that_has_its_id() -> None:
    told = fold(e.ToolCallStart("u1", "search"), e.ToolCallArgs("u1", "{}"), sent=[USER])
    assert told == (USER, m.AssistantMessage(id="u1", tool_calls=(m.ToolCall("u1", "search", "{}"),)))


def test_a_call_opened_twice_is_one_call() -> None:
    events = [e.ToolCallStart("c1", "search"), e.ToolCallArgs("c1", "a"), e.ToolCallEnd("c1")]
    (message,) = fold(*events, *events)
    assert isinstance(message, m.AssistantMessage)
    assert message.tool_calls == (m.ToolCall("c1", "search", "aa"),)


def test_a_call_id_used_again_later_gets_its_own_arguments() -> None:
    told = fold(
        e.ToolCallStart("c1", "search", "a"),
        e.ToolCallArgs("c1", "1"),
        e.ToolCallStart("c1", "search", "b"),
        e.ToolCallArgs("c1", "2"),
    )
    arguments = [message.tool_calls[0].arguments for message in told if isinstance(message, m.AssistantMessage)]
    assert arguments == ["1", "2"]


def test_the_result_of_a_call_id_used_again_stands_behind_the_newest_call() -> None:
    told = fold(
        e.ToolCallStart("c1", "search", "a"),
        e.ToolCallResult("r1", "c1", "old"),
        e.ToolCallStart("c1", "search", "b"),
        e.ToolCallResult("r2", "c1", "new"),
    )
    assert ids(told) == ["a", "b", "r2"]


def test_a_call_that_is_known_keeps_what_is_known_of_it() -> None:
    known = m.AssistantMessage(id="m", tool_calls=(m.ToolCall("c", "search", '{"q":1}'),))
    assert fold(e.ToolCallStart("c", "search", "m"), e.ToolCallEnd("c"), sent=[known]) == (known,)


def test_arguments_of_a_call_nobody_knows_are_left_out() -> None:
    assert fold(e.ToolCallArgs("c1", "{}")) == ()


# Results


def test_a_result_is_a_tool_message() -> None:
    assert fold(e.ToolCallResult("r", "c", "found")) == (m.ToolMessage(id="r", tool_call_id="c", content="found"),)


def test_a_result_stands_behind_its_call_though_it_came_later() -> None:
    told = fold(
        e.ToolCallStart("c1", "search", "a"),
        e.ToolCallStart("c2", "find", "a"),
        e.TextMessageStart("b"),
        e.ToolCallResult("r2", "c2", ""),
        e.ToolCallResult("r1", "c1", ""),
    )
    assert ids(told) == ["a", "r2", "r1", "b"]


def test_a_result_with_the_id_of_its_calls_message_costs_neither() -> None:
    told = fold(e.ToolCallStart("c1", "search"), e.ToolCallResult("c1", "c1", "found"))
    assert [type(message) for message in told] == [m.AssistantMessage, m.ToolMessage]


def test_a_calls_newest_result_counts() -> None:
    told = fold(e.ToolCallResult("r1", "c", "old"), e.ToolCallResult("r2", "c", "new"))
    assert told == (m.ToolMessage(id="r2", tool_call_id="c", content="new"),)


# Reasoning


def test_reasoning_is_a_message_with_its_sealed_form() -> None:
    told = fold(
        e.ReasoningStart("r"),
        e.ReasoningMessageStart("r"),
        e.ReasoningMessageContent("r", "h"),
        e.ReasoningMessageContent("r", "m"),
        e.ReasoningMessageEnd("r"),
        e.ReasoningEncryptedValue("message", "r", "sealed"),
        e.ReasoningEnd("r"),
    )
    assert told == (m.ReasoningMessage(id="r", content="hm", encrypted_value="sealed"),)


def test_a_sealed_value_for_something_else_is_left_out() -> None:
    assert fold(e.ReasoningEncryptedValue("message", "u1", "x"), sent=[USER]) == (USER,)
    assert fold(e.ReasoningEncryptedValue("tool-call", "c", "x")) == ()


# Activities


def test_an_activity_is_set_patched_and_replaced() -> None:
    told = fold(
        e.ActivitySnapshot("a", "plan", {"steps": [1]}),
        e.ActivityDelta("a", "plan", ({"op": "add", "path": "/steps/-", "value": 2},)),
    )
    assert told == (m.ActivityMessage(id="a", activity_type="plan", content={"steps": [1, 2]}),)
    assert fold(e.ActivitySnapshot("a", "plan", 1), e.ActivitySnapshot("a", "list", 2)) == (
        m.ActivityMessage(id="a", activity_type="list", content=2),
    )


def test_a_patch_may_change_what_kind_of_activity_it_is() -> None:
    told = fold(e.ActivitySnapshot("a", "plan", {}), e.ActivityDelta("a", "list", ()))
    assert told == (m.ActivityMessage(id="a", activity_type="list", content={}),)


def test_an_activity_that_does_not_replace_leaves_what_is_there() -> None:
    told = fold(e.ActivitySnapshot("a", "plan", 1, replace=False), e.ActivitySnapshot("a", "plan", 2, replace=False))
    assert told == (m.ActivityMessage(id="a", activity_type="plan", content=1),)


def test_a_patch_that_does_not_apply_is_skipped() -> None:
    told = fold(e.ActivitySnapshot("a", "plan", {}), e.ActivityDelta("a", "plan", ({"op": "remove", "path": "/x"},)))
    assert told == (m.ActivityMessage(id="a", activity_type="plan", content={}),)


def test_a_patch_of_what_is_no_activity_is_skipped() -> None:
    assert fold(e.ActivityDelta("u1", "plan", ()), e.ActivityDelta("x", "plan", ()), sent=[USER]) == (USER,)


def test_text_does_not_touch_an_activity() -> None:
    told = fold(e.ActivitySnapshot("a", "plan", {}), e.TextMessageStart("a"), e.TextMessageContent("a", "x"))
    assert told == (m.ActivityMessage(id="a", activity_type="plan", content={}),)


# Snapshots


def test_a_snapshot_replaces_by_id_drops_what_it_omits_and_appends_what_is_new() -> None:
    changed = m.UserMessage(id="u2", content="changed")
    new = m.AssistantMessage(id="a", content="new")
    told = fold(e.MessagesSnapshot((new, changed)), sent=[USER, m.UserMessage(id="u2", content="old")])
    assert told == (changed, new)


def test_a_snapshot_keeps_the_asides_that_agents_leave_out() -> None:
    asides = (m.ReasoningMessage(id="r", content="hm"), m.ActivityMessage(id="x", activity_type="plan", content={}))
    assert fold(e.MessagesSnapshot((USER,)), sent=[USER, *asides]) == (USER, *asides)


def test_a_snapshot_with_reasoning_of_its_own_replaces_reasoning_alone() -> None:
    activity = m.ActivityMessage(id="x", activity_type="plan", content={})
    new = m.ReasoningMessage(id="r2", content="so")
    told = fold(e.MessagesSnapshot((USER, new)), sent=[USER, m.ReasoningMessage(id="r", content="hm"), activity])
    assert told == (USER, activity, new)


def test_an_edit_drops_asides_too() -> None:
    asides = (m.ReasoningMessage(id="r", content="hm"), m.ActivityMessage(id="x", activity_type="plan", content={}))
    assert fold(e.MessagesSnapshot((USER,), is_edit=True), sent=[USER, *asides]) == (USER,)


def test_text_goes_on_behind_a_snapshot_in_the_middle_of_a_message() -> None:
    snapshot = e.MessagesSnapshot((m.AssistantMessage(id="m", content="Hel"),))
    told = fold(e.TextMessageStart("m"), e.TextMessageContent("m", "Hel"), snapshot, e.TextMessageContent("m", "lo"))
    assert told == (m.AssistantMessage(id="m", content="Hello"),)


def test_arguments_go_on_behind_a_snapshot_in_the_middle_of_a_call() -> None:
    snapshot = e.MessagesSnapshot((m.AssistantMessage(id="m", tool_calls=(m.ToolCall("c", "search", "{"),)),))
    (told,) = fold(e.ToolCallStart("c", "search", "m"), e.ToolCallArgs("c", "{"), snapshot, e.ToolCallArgs("c", "}"))
    assert isinstance(told, m.AssistantMessage)
    assert told.tool_calls == (m.ToolCall("c", "search", "{}"),)


# Input


def test_messages_that_are_known_are_not_taken_again() -> None:
    conversation = MessageFold()
    conversation.take_input([USER])
    conversation.take_input([m.UserMessage(id="u1", content="other"), m.UserMessage(id="u2", content="new")])
    assert conversation.messages() == (USER, m.UserMessage(id="u2", content="new"))


def test_a_result_that_is_known_by_its_call_is_not_taken_again() -> None:
    conversation = MessageFold()
    conversation.apply([e.ToolCallStart("c", "search"), e.ToolCallResult("r", "c", "found")])
    conversation.take_input([m.ToolMessage(id="other", tool_call_id="c", content="found")])
    assert ids(conversation.messages()) == ["c", "r"]


def test_new_instructions_take_the_place_of_the_old_ones() -> None:
    conversation = MessageFold()
    conversation.take_input([m.SystemMessage(id="s1", content="old"), USER])
    conversation.take_input([m.SystemMessage(id="s2", content="new"), USER, m.UserMessage(id="u2", content="more")])
    assert ids(conversation.messages()) == ["s2", "u1", "u2"]


def test_instructions_with_the_same_id_and_other_text_are_the_new_ones() -> None:
    conversation = MessageFold()
    conversation.take_input([m.SystemMessage(id="s", content="old"), USER])
    conversation.take_input([m.SystemMessage(id="s", content="new")])
    assert conversation.messages() == (m.SystemMessage(id="s", content="new"), USER)


def test_instructions_in_the_middle_of_a_list_stay_behind_what_is_before_them() -> None:
    told = fold(sent=[USER, m.DeveloperMessage(id="d", content="now be brief")])
    assert ids(told) == ["u1", "d"]


def test_a_request_without_instructions_leaves_the_old_ones() -> None:
    conversation = MessageFold()
    conversation.take_input([m.SystemMessage(id="s", content="rules")])
    conversation.take_input([USER])
    assert ids(conversation.messages()) == ["s", "u1"]


# As a whole


def test_a_conversation_may_be_read_while_it_grows() -> None:
    conversation = MessageFold()
    conversation.apply([e.TextMessageStart("m"), e.TextMessageContent("m", "a")])
    assert conversation.messages() == (m.AssistantMessage(id="m", content="a"),)
    conversation.apply([e.TextMessageContent("m", "b")])
    assert conversation.messages() == (m.AssistantMessage(id="m", content="ab"),)


@pytest.mark.parametrize(
    "event", [e.Custom("a"), e.Raw({}), e.StateSnapshot({}), e.StepStarted("s"), e.ToolCallEnd("c")]
)
def test_other_events_say_nothing(event: e.Event) -> None:
    assert fold(event) == ()


def test_a_result_is_known_by_its_call_and_any_other_message_by_its_id() -> None:
    assert identity_of(m.ToolMessage(id="x", tool_call_id="c", content="")) != identity_of(USER)
    assert identity_of(m.UserMessage(id="x", content="")) == identity_of(m.AssistantMessage(id="x"))


def test_ten_times_the_pieces_take_about_ten_times_as_long() -> None:
    def seconds(pieces: int) -> float:
        events = [e.TextMessageStart("m"), *[e.TextMessageContent("m", "x" * 50)] * pieces]
        before = time.process_time()
        fold(*events)
        return time.process_time() - before

    few = min(seconds(5_000) for _ in range(3))
    many = min(seconds(50_000) for _ in range(3))
    assert many < 40 * few


def test_a_sealed_value_stays_with_its_call() -> None:
    (message,) = fold(
        e.ToolCallStart("c", "weather", "m"),
        e.ReasoningEncryptedValue("tool-call", "c", "sealed"),
        e.ToolCallArgs("c", "{}"),
        e.ToolCallEnd("c"),
    )
    assert isinstance(message, m.AssistantMessage)
    assert [(call.arguments, call.encrypted_value) for call in message.tool_calls] == [("{}", "sealed")]
