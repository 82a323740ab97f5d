import pytest

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.history import Edit, compare, fold_messages, next_state, object_state
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.runs import RunInput

DENIED = e.RunError("not that", ErrorCode.GUARDRAIL_DENIED)


def started(*messages: m.Message) -> e.RunStarted:
    return e.RunStarted("t", "r", input=RunInput(ThreadId("t"), RunId("r"), messages=messages))


def user(name: str) -> m.UserMessage:
    return m.UserMessage(id=name, content=f"text of {name}")


def answer(name: str) -> m.AssistantMessage:
    return m.AssistantMessage(id=name, content=f"text of {name}")


def call(name: str, call_id: str) -> m.AssistantMessage:
    return m.AssistantMessage(id=name, tool_calls=(m.ToolCall(call_id, "search"),))


def result(name: str, call_id: str) -> m.ToolMessage:
    return m.ToolMessage(id=name, tool_call_id=call_id, content="found")


def said(name: str) -> tuple[e.Event, ...]:
    return (e.TextMessageStart(name), e.TextMessageContent(name, f"text of {name}"), e.TextMessageEnd(name))


def ids(messages: tuple[m.Message, ...] | None) -> list[str] | None:
    return None if messages is None else [message.id for message in messages]


# State


def test_a_snapshot_is_the_new_state_whatever_it_is() -> None:
    assert next_state({"a": 1}, e.StateSnapshot([1])) == [1]
    assert next_state({"a": 1}, e.StateSnapshot(None)) is None


def test_a_delta_changes_the_state_and_not_the_one_before() -> None:
    before = {"a": [1]}
    assert next_state(before, e.StateDelta(({"op": "add", "path": "/a/-", "value": 2},))) == {"a": [1, 2]}
    assert before == {"a": [1]}


def test_a_delta_that_does_not_apply_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="remove at '/x'"):
        next_state({}, e.StateDelta(({"op": "remove", "path": "/x"},)))


@pytest.mark.parametrize("event", [e.Custom("a"), e.AgentStateMessage("other", {"b": 2}), e.RunFinished("t", "r")])
def test_any_other_event_leaves_the_very_same_state(event: e.Event) -> None:
    state = {"a": 1}
    assert next_state(state, event) is state


@pytest.mark.parametrize("state", [None, [], "text", 1, True])
def test_a_state_that_is_no_object_cannot_be_stored(state: object) -> None:
    assert object_state(state) is None


def test_an_object_can_be_stored_as_it_is() -> None:
    state = {"a": 1}
    assert object_state(state) is state


# Conversation


def test_a_thread_is_its_inputs_and_what_its_runs_said() -> None:
    events = [started(user("u1")), *said("a1"), e.RunFinished("t", "r"), started(user("u2")), *said("a2")]
    assert fold_messages(events) == (user("u1"), answer("a1"), user("u2"), answer("a2"))


def test_a_run_without_a_recorded_input_adds_what_it_said() -> None:
    assert fold_messages([e.RunStarted("t", "r"), *said("a1")]) == (answer("a1"),)


def test_events_without_a_run_around_them_fold_too() -> None:
    assert fold_messages(said("a1")) == (answer("a1"),)


def test_an_empty_thread_has_no_conversation() -> None:
    assert fold_messages([]) == ()


def test_what_a_denied_run_said_stays_out_and_the_users_message_in() -> None:
    events = [started(user("u1")), *said("a1"), e.RunFinished("t", "r"), started(user("u2")), *said("a2"), DENIED]
    assert ids(fold_messages(events)) == ["u1", "a1", "u2"]


def test_a_denied_run_changes_no_message_of_another_run() -> None:
    events = [started(user("u1")), *said("a1"), started(user("u2")), e.TextMessageContent("a1", " more"), DENIED]
    assert fold_messages(events)[1] == answer("a1")


def test_the_run_after_a_denied_one_goes_on_as_usual() -> None:
    events = [started(user("u1")), *said("a1"), DENIED, started(user("u2")), *said("a2")]
    assert ids(fold_messages(events)) == ["u1", "u2", "a2"]


def test_a_denied_run_keeps_the_edit_that_came_with_its_input() -> None:
    edit = e.MessagesSnapshot((user("u1"), user("u2")), is_edit=True)
    denied = [edit, *said("a2"), e.MessagesSnapshot((user("u1"), answer("a9"))), DENIED]
    events = [started(user("u1")), *said("a1"), started(user("u2")), *denied]
    assert ids(fold_messages(events)) == ["u1", "u2"]


@pytest.mark.parametrize("code", [None, "AGENT_FAILED", "STOPPED"])
def test_what_a_failed_run_said_stays_in(code: str | None) -> None:
    assert ids(fold_messages([started(user("u1")), *said("a1"), e.RunError("broke", code)])) == ["u1", "a1"]


# Edits


def test_a_list_that_goes_on_adds_what_is_new_and_drops_nothing() -> None:
    stored = [user("u1"), answer("a1")]
    assert compare(stored, [*stored, user("u2")]) == Edit((user("u2"),), None)


def test_regenerating_drops_what_follows_the_last_shared_message() -> None:
    edit = compare([user("u1"), answer("a1"), user("u2"), answer("a2")], [user("u1"), answer("a1"), user("u2")])
    assert (edit.new, ids(edit.kept)) == ((), ["u1", "a1", "u2"])


def test_an_edited_message_drops_the_old_one_and_what_follows_it() -> None:
    edit = compare([user("u1"), answer("a1"), user("u2"), answer("a2")], [user("u1"), answer("a1"), user("u3")])
    assert (ids(edit.new), ids(edit.kept)) == (["u3"], ["u1", "a1"])


def test_a_reloaded_page_that_shares_nothing_drops_nothing() -> None:
    assert compare([user("u1"), answer("a1")], [user("u9")]) == Edit((user("u9"),), None)


def test_an_empty_list_drops_nothing() -> None:
    assert compare([user("u1")], []) == Edit((), None)


def test_everything_is_new_to_an_empty_thread() -> None:
    assert compare([], [user("u1")]) == Edit((user("u1"),), None)


def test_a_list_cut_at_its_front_drops_nothing() -> None:
    assert compare([user("u1"), answer("a1"), user("u2"), answer("a2")], [answer("a2"), user("u3")]).kept is None


def test_shared_instructions_do_not_make_a_list_an_edit() -> None:
    rules = m.SystemMessage(id="s1", content="rules")
    assert compare([rules, user("u1"), answer("a1")], [rules, user("u9")]).kept is None


def test_what_clients_never_send_back_is_no_departure() -> None:
    asides = [m.ReasoningMessage(id="r", content="hm"), m.ActivityMessage(id="x", activity_type="plan", content={})]
    assert compare([user("u1"), answer("a1"), *asides], [user("u1"), answer("a1"), user("u2")]).kept is None


def test_what_is_kept_keeps_its_asides() -> None:
    stored = [user("u1"), m.ReasoningMessage(id="r", content="hm"), answer("a1"), user("u2"), answer("a2")]
    assert ids(compare(stored, [user("u1"), answer("a1")]).kept) == ["u1", "r", "a1"]


def test_a_tool_result_is_known_by_its_call_whatever_its_id() -> None:
    stored = [user("u1"), call("a1", "c1"), result("stored-id", "c1")]
    assert compare(stored, [user("u1"), call("a1", "c1"), result("client-id", "c1")]) == Edit((), None)


def test_the_result_of_another_call_is_new() -> None:
    stored = [user("u1"), call("a1", "c1")]
    assert ids(compare(stored, [*stored, result("x", "c1")]).new) == ["x"]


def test_a_message_with_the_id_of_a_tool_result_is_another_message() -> None:
    stored = [user("u1"), call("a1", "c1"), result("x", "c1")]
    assert compare(stored, [*stored, user("x")]).new == (user("x"),)
