"""The common subset of events that every client since 0.0.42 takes: contract agui §6, §10."""

from typing import Any

import pytest

from agui_runtime.adapters.agui.projection import REASONING_EVENTS, SUBAGENT_EVENTS, Projection
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.runs import Interrupt, RunInput
from tests.support.agui_client import valid

QUESTION = Interrupt("int-1", reason="approval", message="Approve?")
FINISHED = e.RunFinished("t", "r", interrupts=(QUESTION,))


def started(agent: str = "own") -> e.RunStarted:
    return e.RunStarted("t", "r", input=RunInput(ThreadId("t"), RunId("r"), AgentName(agent)))


def told(*events: e.Event, **options: Any) -> list[dict[str, Any]]:
    projection = Projection(**options)
    return [valid(dict(event)) for each in events for event in projection.project(each)]


@pytest.mark.parametrize("event", [e.TextMessageContent("m", ""), e.ReasoningMessageContent("m", "")])
def test_an_empty_piece_is_left_out(event: e.Event) -> None:
    assert told(event) == []


def test_reasoning_is_left_out_of_messages_too() -> None:
    thought, said = m.ReasoningMessage(id="r", content="hm"), m.AssistantMessage(id="a", content="yes")
    run_input = RunInput(ThreadId("t"), RunId("r"), messages=(thought, said))
    for event in (e.RunStarted("t", "r", input=run_input), e.MessagesSnapshot((thought, said))):
        (shown,) = told(event)
        (hidden,) = told(event, hidden=REASONING_EVENTS)
        messages = [(each.get("input") or each)["messages"] for each in (shown, hidden)]
        assert [[message["role"] for message in listed] for listed in messages] == [
            ["reasoning", "assistant"],
            ["assistant"],
        ]


def test_an_edit_is_not_told_to_those_who_made_it() -> None:
    assert told(e.MessagesSnapshot((), is_edit=True)) == []
    assert told(e.MessagesSnapshot(())) == [{"type": "MESSAGES_SNAPSHOT", "messages": []}]


def test_a_tool_s_result_has_its_role() -> None:
    (event,) = told(e.ToolCallResult("m", "c", "noon"))
    assert event == {
        "type": "TOOL_CALL_RESULT",
        "role": "tool",
        "messageId": "m",
        "toolCallId": "c",
        "content": "noon",
    }


def test_a_question_in_the_standard_form_is_asked_in_langgraph_s_before() -> None:
    custom, finished = told(started(), FINISHED)[1:]
    assert custom == {"type": "CUSTOM", "name": "on_interrupt", "value": "Approve?"}
    assert finished["outcome"] == {
        "type": "interrupt",
        "interrupts": [{"id": "int-1", "reason": "approval", "message": "Approve?"}],
    }


def test_a_question_in_langgraph_s_form_is_asked_in_that_form_alone() -> None:
    asked = Interrupt("int-1", value="your name?", is_derived=True)
    custom, finished = told(
        started(), e.Custom("on_interrupt", "your name?"), e.RunFinished("t", "r", interrupts=(asked,))
    )[1:]
    assert custom["value"] == "your name?"
    assert "outcome" not in finished


def test_a_producer_that_asks_in_both_forms_is_told_in_both() -> None:
    asked = Interrupt("int-1", value="your name?", reason="input")
    _, custom, finished = told(
        started(), e.Custom("on_interrupt", "your name?"), e.RunFinished("t", "r", interrupts=(asked,))
    )
    assert custom["name"] == "on_interrupt"
    (interrupt,) = finished["outcome"]["interrupts"]
    assert (interrupt["id"], interrupt["message"]) == ("int-1", "your name?")


def test_a_question_that_a_client_has_seen_is_not_asked_again_behind_its_place() -> None:
    projection = Projection()
    for seen in (started(), e.Custom("on_interrupt", "Approve?")):
        projection.skip(seen)
    assert [event["type"] for event in projection.project(FINISHED)] == ["RUN_FINISHED"]


def test_each_run_of_a_replay_asks_its_own_questions() -> None:
    names = [event.get("name") for event in told(started(), e.Custom("on_interrupt", 1), FINISHED, started(), FINISHED)]
    assert names.count("on_interrupt") == 2


@pytest.mark.parametrize(
    ("interrupt", "value"),
    [
        (Interrupt("i", value={"a": 1}, message="text"), {"a": 1}),
        (Interrupt("i", message="text"), "text"),
        (Interrupt("i", reason="approval"), "approval"),
    ],
)
def test_old_uis_are_shown_what_there_is_of_a_question(interrupt: Interrupt, value: Any) -> None:
    assert told(e.RunFinished("t", "r", interrupts=(interrupt,)))[0]["value"] == value


def test_a_question_of_copilotkit_s_own_form_keeps_its_messages() -> None:
    value = {"value": "ok?", "messages": [{"id": "1"}]}
    (event,) = told(e.Custom("CopilotKitLangGraphInterruptEvent", value))
    assert event["name"] == "on_interrupt"
    assert event["value"] == {"__copilotkit_interrupt_value__": "ok?", "__copilotkit_messages__": [{"id": "1"}]}


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("AGENT_FAILED", "INCOMPLETE_STREAM"),
        ("INVALID_EVENT", "INCOMPLETE_STREAM"),
        ("INCOMPLETE_STREAM", "INCOMPLETE_STREAM"),
        ("E_DECLARED", "E_DECLARED"),
        ("TIMED_OUT", "TIMED_OUT"),
    ],
)
def test_a_producer_that_did_not_end_its_stream_itself_has_one_code(code: str, shown: str) -> None:
    assert told(e.RunError("broke", code)) == [{"type": "RUN_ERROR", "message": "broke", "code": shown}]


def test_an_error_without_a_code_has_none() -> None:
    assert told(e.RunError("broke")) == [{"type": "RUN_ERROR", "message": "broke"}]


def test_a_report_of_the_run_s_own_agent_is_its_state() -> None:
    report = e.AgentStateMessage("own", {"a": 1})
    assert told(started("own"), report)[1] == {"type": "STATE_SNAPSHOT", "snapshot": {"a": 1}}


def test_a_report_of_another_agent_is_not_taken_for_the_state_of_the_run_s() -> None:
    report = e.AgentStateMessage("helper", {"a": 1}, "node")
    event = told(started("own"), report)[1]
    assert (event["type"], event["name"]) == ("CUSTOM", "AgentStateMessage")
    assert event["value"]["agentName"] == "helper"
    assert event["value"]["state"] == {"a": 1}


@pytest.mark.parametrize(
    ("hidden", "event"),
    [
        (REASONING_EVENTS, e.ReasoningStart("m")),
        (REASONING_EVENTS, e.ReasoningMessageContent("m", "x")),
        (REASONING_EVENTS, e.ReasoningEncryptedValue("message", "m", "x")),
        (SUBAGENT_EVENTS, e.SubagentStarted("s", "name")),
    ],
)
def test_what_old_frontends_break_on_can_be_left_out(hidden: Any, event: e.Event) -> None:
    assert told(event, hidden=hidden) == []
    assert len(told(event)) == 1


def test_a_suggestion_s_input_is_not_told() -> None:
    run_input = RunInput(ThreadId("t"), RunId("r"), messages=(m.UserMessage(id="u", content="suggest"),))
    (event,) = told(e.RunStarted("t", "r", input=run_input), with_input=False)
    assert event == {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}


def test_a_piece_that_is_hidden_or_empty_has_no_short_way() -> None:
    shown, empty = e.ReasoningMessageContent("m", "a"), e.TextMessageContent("m", "")
    assert Projection().piece(shown) is not None
    assert Projection(hidden=(e.ReasoningMessageContent,)).piece(shown) is None
    assert Projection().piece(empty) is None
