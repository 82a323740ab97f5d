"""From a run's events to CopilotKit's messages, states and meta events: the rules of contract graphql §4 and §6."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql import projection as p
from agui_runtime.adapters.scripted import call, say
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.identity import RunKey, Scope, ThreadId
from agui_runtime.domain.messages import AssistantMessage, ToolCall, ToolMessage, UserMessage
from agui_runtime.domain.runs import Interrupt
from tests.support.clock import START

KEY = RunKey(Scope("s"), ThreadId("t"), 1)
DONE = e.RunFinished("t", "r")
TEXT, CALL = ("text", "m"), ("call", "c")


def project(*events: e.Event, agent: str | None = "writer", state: Any = None) -> list[p.Change]:
    projection = p.Projection(thread_id="t", run_id="r", agent_name=agent, state={} if state is None else state)
    entries = [LogEntry(n, KEY, event, START) for n, event in enumerate(events, 1)]
    return [change for entry in entries for change in projection.changes(entry)]


def reports(changes: Sequence[p.Change]) -> list[p.StateReported]:
    return [change for change in changes if isinstance(change, p.StateReported)]


def states(changes: Sequence[p.Change]) -> list[tuple[Any, bool]]:
    return [(json.loads(report.state), report.active) for report in reports(changes)]


def raised(changes: Sequence[p.Change]) -> list[Any]:
    return [change.event for change in changes if isinstance(change, p.MetaEventRaised)]


def test_a_text_message_opens_grows_and_closes() -> None:
    assert project(*say("m", ["a", "b"], parent_message_id="parent")) == [
        p.TextOpened("m", START, "parent"),
        p.Piece(TEXT, "a"),
        p.Piece(TEXT, "b"),
        p.Closed(TEXT),
    ]


def test_a_tool_call_opens_grows_and_closes() -> None:
    assert project(*call("c", "add", ['{"a"', ":1}"], parent_message_id="m")) == [
        p.CallOpened("c", START, "add", "m"),
        p.Piece(CALL, '{"a"'),
        p.Piece(CALL, ":1}"),
        p.Closed(CALL),
    ]


def test_a_text_and_a_call_of_the_same_id_are_told_apart() -> None:
    changes = project(*say("x", ["a"])[:2], *call("x", "add", ["{}"]), e.TextMessageEnd("x"))
    assert [change.key for change in changes if isinstance(change, p.Piece | p.Closed)] == [
        ("text", "x"),
        ("call", "x"),
        ("call", "x"),
        ("text", "x"),
    ]


def test_a_result_names_the_tool_of_its_call() -> None:
    changes = project(*call("c", "add", ["{}"]), e.ToolCallResult("r1", "c", "3"))
    assert changes[-1] == p.ResultGiven("c", START, "add", "3")


def test_a_result_of_an_unseen_call_is_of_an_unknown_tool() -> None:
    assert project(e.ToolCallResult("r1", "c", "3")) == [p.ResultGiven("c", START, "unknown", "3")]


def test_the_runtimes_own_result_for_a_call_that_was_cut_is_not_shown() -> None:
    assert project(e.ToolCallResult("c-result", "c", "{}", closed_by_runtime=True)) == []


def test_what_the_producer_never_closed_succeeds_when_the_run_does() -> None:
    changes = project(*say("m", ["a"])[:2], e.TextMessageEnd("m", closed_by_runtime=True), DONE, agent=None)
    assert changes[2:] == [p.Closed(TEXT), p.ResponseClosed()]


def test_what_the_producer_never_closed_fails_when_the_run_does() -> None:
    changes = project(*say("m", ["a"])[:2], e.TextMessageEnd("m", closed_by_runtime=True), e.RunError("broke", "X"))
    assert changes[2] == p.Closed(TEXT, "")
    last = changes[3]
    assert isinstance(last, p.ResponseClosed)
    assert last.reason == "UNKNOWN_ERROR"
    assert last.details is not None
    assert last.details["description"] == "broke"
    assert last.details["originalError"]["code"] == "UNKNOWN"


def test_what_was_closed_before_a_failure_stays_complete() -> None:
    changes = project(*say("m", ["a"]), e.RunError("broke"))
    assert [change for change in changes if isinstance(change, p.Closed)] == [p.Closed(TEXT)]


def test_a_denied_run_says_the_guardrails_reason() -> None:
    cut = e.TextMessageEnd("m", closed_by_runtime=True)
    changes = project(*say("m", ["a"])[:2], cut, e.RunError("off topic", ErrorCode.GUARDRAIL_DENIED))
    assert changes[2:] == [
        p.Closed(TEXT, "Interrupted due to Guardrails validation failure. Reason: off topic"),
        p.ResponseClosed("GUARDRAILS_VALIDATION_FAILED", {"guardrailsReason": "off topic"}),
    ]


@pytest.mark.parametrize(
    ("code", "known"),
    [
        (ErrorCode.UNAVAILABLE, "NETWORK_ERROR"),
        (ErrorCode.UNAUTHENTICATED, "AUTHENTICATION_ERROR"),
        (ErrorCode.THREAD_BUSY, "UNKNOWN"),
        ("AGENTS_OWN", "UNKNOWN"),
        (None, "UNKNOWN"),
    ],
)
def test_a_failure_has_one_of_the_codes_that_clients_know(code: str | None, known: str) -> None:
    (closed,) = project(e.RunError("broke", code))
    assert isinstance(closed, p.ResponseClosed)
    assert closed.details is not None
    assert closed.details["originalError"]["code"] == known


def test_a_snapshot_and_a_delta_report_the_whole_state() -> None:
    delta = e.StateDelta(({"op": "add", "path": "/b", "value": 2},))
    assert states(project(e.StateSnapshot({"a": 1}), delta)) == [({"a": 1}, True), ({"a": 1, "b": 2}, True)]


def test_a_delta_is_applied_to_the_base_state() -> None:
    delta = e.StateDelta(({"op": "add", "path": "/b", "value": 2},))
    assert states(project(delta, state={"a": 1})) == [({"a": 1, "b": 2}, True)]


def test_the_conversation_in_a_state_is_not_shown() -> None:
    assert states(project(e.StateSnapshot({"a": 1, "messages": ["secret"]}))) == [({"a": 1}, True)]


@pytest.mark.parametrize("state", [None, [1], "text", 3])
def test_a_state_that_is_no_object_is_shown_as_an_empty_one(state: Any) -> None:
    assert states(project(e.StateSnapshot(state))) == [({}, True)]


def test_a_report_says_where_it_comes_from() -> None:
    (report,) = reports(project(e.StateSnapshot({"a": "ü"})))
    assert report == p.StateReported(START, "t", "writer", "", "r", '{"a":"ü"}', True, True)


def test_steps_set_the_node_and_whether_it_is_active() -> None:
    changes = project(e.StepStarted("think"), e.StepFinished("think"), e.StateSnapshot({}), state={"a": 1})
    assert [(report.node_name, report.active) for report in reports(changes)] == [
        ("think", True),
        ("think", False),
        ("think", True),
    ]


def test_a_step_that_the_runtime_closed_reports_nothing() -> None:
    assert len(reports(project(e.StepStarted("s"), e.StepFinished("s", closed_by_runtime=True)))) == 1


CONVERSATION = (
    UserMessage(id="u", content="hello"),
    AssistantMessage(id="a", content="", tool_calls=(ToolCall("c", "lookup", '{"q":1}'),)),
    ToolMessage(id="r", tool_call_id="c", content="found"),
)


def test_a_messages_snapshot_is_reported_in_ag_ui_form() -> None:
    ((state, active),) = states(project(e.StateSnapshot({"a": 1}), e.MessagesSnapshot(CONVERSATION))[1:])
    assert active
    assert state["a"] == 1
    assert [message["role"] for message in state["messages"]] == ["user", "assistant", "tool"]
    assert state["messages"][1]["toolCalls"][0]["function"] == {"name": "lookup", "arguments": '{"q":1}'}


def test_an_edit_is_the_logs_own_and_not_reported() -> None:
    assert project(e.MessagesSnapshot(CONVERSATION, is_edit=True)) == []


def test_the_end_reports_the_final_state_with_the_conversation_in_legacy_form() -> None:
    changes = project(e.StateSnapshot({"a": 1}), e.MessagesSnapshot(CONVERSATION), DONE)
    state, active = states(changes)[-1]
    assert not active
    assert [sorted(message) for message in state["messages"]] == [
        ["content", "id", "role"],
        ["arguments", "id", "name", "parentMessageId"],
        ["actionExecutionId", "actionName", "id", "result"],
    ]
    assert changes[-1] == p.ResponseClosed()


def test_the_end_of_a_run_with_an_empty_state_reports_nothing() -> None:
    assert project(DONE) == [p.ResponseClosed()]
    assert states(project(e.StateSnapshot({}), DONE)) == [({}, True)]


def test_the_end_of_a_run_that_reported_nothing_reports_nothing() -> None:
    assert project(*say("m", ["a"]), DONE, state={"sent": 1})[-1] == p.ResponseClosed()
    assert states(project(*say("m", ["a"]), DONE, state={"sent": 1})) == []


def test_a_failed_run_reports_no_final_state() -> None:
    assert states(project(e.StateSnapshot({"a": 1}), e.RunError("broke"))) == [({"a": 1}, True)]


def test_running_stays_true_until_exit_is_said() -> None:
    changes = project(e.StateSnapshot({"a": 1}), e.Custom("Exit"), e.StateSnapshot({"a": 2}), DONE)
    assert [report.running for report in reports(changes)] == [True, False, False]


PREDICT = e.Custom("PredictState", [{"state_key": "draft", "tool": "write", "tool_argument": "text"}])


def test_argument_pieces_make_predicted_state() -> None:
    changes = project(PREDICT, *call("c", "write", ['{"te', 'xt":"He', 'llo"}']), state={"kept": 1})
    assert states(changes) == [({"kept": 1, "draft": "He"}, True), ({"kept": 1, "draft": "Hello"}, True)]


def test_nothing_is_predicted_for_another_tool_or_after_a_step() -> None:
    assert reports(project(PREDICT, *call("c", "other", ['{"text":"x"}']))) == []
    changes = project(PREDICT, e.StepStarted("s"), *call("c", "write", ['{"text":"x"}']))
    assert states(changes) == [({}, True)]


def test_plain_chat_has_no_state() -> None:
    silent = (e.StateSnapshot({"a": 1}), e.StepStarted("s"), e.StepFinished("s"), e.MessagesSnapshot(()), PREDICT)
    assert project(*silent, *call("c", "write", ['{"text":"x"}']), DONE, agent=None) == [
        p.CallOpened("c", START, "write", None),
        p.Piece(CALL, '{"text":"x"}'),
        p.Closed(CALL),
        p.ResponseClosed(),
    ]


def test_a_report_under_another_name_goes_out_as_it_is() -> None:
    event = e.AgentStateMessage("helper", {"h": [1]}, "node", "t-2", "r-2", active=False, running=False)
    assert project(event, agent=None) == [
        p.StateReported(START, "t-2", "helper", "node", "r-2", '{"h":[1]}', False, False)
    ]


def test_a_report_without_ids_has_the_runs() -> None:
    (report,) = reports(project(e.AgentStateMessage("helper", {}), agent=None))
    assert (report.thread_id, report.run_id) == ("t", "r")


@pytest.mark.parametrize("name", ["on_interrupt", "LangGraphInterruptEvent"])
def test_an_interrupt_is_a_meta_event(name: str) -> None:
    assert raised(project(e.Custom(name, "sure?"))) == [o.LangGraphInterruptEvent("sure?")]


def test_another_custom_event_is_dropped() -> None:
    assert project(e.Custom("my own", {"a": 1})) == []


def test_a_standard_interrupt_is_derived_once() -> None:
    asked = e.RunFinished("t", "r", interrupts=(Interrupt("i", {"q": 1}),))
    assert raised(project(asked)) == [o.LangGraphInterruptEvent('{"q":1}')]
    assert raised(project(e.Custom("on_interrupt", "sure?"), asked)) == [o.LangGraphInterruptEvent("sure?")]


@pytest.mark.parametrize(
    "event",
    [
        e.Raw({"a": 1}),
        e.ReasoningStart("x"),
        e.ReasoningMessageStart("x"),
        e.ReasoningMessageContent("x", "thinking"),
        e.ReasoningMessageEnd("x"),
        e.ReasoningEnd("x"),
        e.ReasoningEncryptedValue("message", "x", "sealed"),
        e.ActivitySnapshot("x", "PLAN", {}),
        e.ActivityDelta("x", "PLAN", ()),
        e.SubagentStarted("x", "sub"),
        e.SubagentFinished("x"),
        e.SubagentError("x", "broke"),
        e.RunStarted("t", "r"),
    ],
)
def test_what_graphql_has_no_form_for_is_left_out(event: e.Event) -> None:
    assert project(event) == []
