"""Streams of older and newer AG-UI producers (contract agui §5, §6)."""

from itertools import count
from typing import Any

import pytest

from agui_runtime.adapters.codec.event_decoder import EventDecoder
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.runs import Interrupt

ROLES = "user, assistant, system, developer, tool, activity, reasoning"


def decoder() -> EventDecoder:
    numbers = count(1)
    return EventDecoder(lambda: f"id-{next(numbers)}")


def decode(*values: dict[str, Any]) -> list[e.Event]:
    stream = decoder()
    return [stream.decode(value) for value in values]


def fault_of(value: Any) -> str:
    with pytest.raises(InvalidError) as caught:
        decoder().decode(value)
    return caught.value.message


def test_thinking_becomes_reasoning_with_an_id_per_phase_and_per_message() -> None:
    text = [
        {"type": "THINKING_TEXT_MESSAGE_START"},
        {"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": "hm"},
        {"type": "THINKING_TEXT_MESSAGE_END"},
    ]
    events = decode({"type": "THINKING_START", "title": "x"}, *text, *text, {"type": "THINKING_END"})
    assert events == [
        e.ReasoningStart("id-1"),
        e.ReasoningMessageStart("id-2"),
        e.ReasoningMessageContent("id-2", "hm"),
        e.ReasoningMessageEnd("id-2"),
        e.ReasoningMessageStart("id-3"),
        e.ReasoningMessageContent("id-3", "hm"),
        e.ReasoningMessageEnd("id-3"),
        e.ReasoningEnd("id-1"),
    ]
    lifecycle = Lifecycle()
    assert [out for event in events for out in lifecycle.feed(event)] == events


def test_thinking_text_that_was_never_opened_is_left_to_the_lifecycle_to_refuse() -> None:
    (event,) = decode({"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": "hm"})
    assert event == e.ReasoningMessageContent("id-1", "hm")


def test_an_unknown_event_travels_as_a_raw_one() -> None:
    future = {"type": "HOLOGRAM_START", "depth": 3}
    assert decode(future) == [e.Raw(future, "ag-ui")]


def test_the_domain_s_own_state_report_is_no_event_of_the_wire() -> None:
    report = {"type": "AGENT_STATE_MESSAGE", "agentName": "a", "state": {}}
    assert decode(report) == [e.Raw(report, "ag-ui")]


def test_unknown_keys_are_ignored() -> None:
    assert decode({"type": "TEXT_MESSAGE_END", "messageId": "m", "closedByRuntime": True, "x": 1}) == [
        e.TextMessageEnd("m")
    ]


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (
            {"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "n", "parentMessageId": None},
            e.ToolCallStart("c", "n"),
        ),
        ({"type": "TEXT_MESSAGE_START", "messageId": "m", "role": None, "name": None}, e.TextMessageStart("m")),
        (
            {"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": None, "usage": None},
            e.RunFinished("t", "r"),
        ),
        ({"type": "STATE_SNAPSHOT", "snapshot": None}, e.StateSnapshot(None)),
        ({"type": "CUSTOM", "name": "n", "value": None}, e.Custom("n", None)),
        (
            {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "", "metadata": None},
            e.TextMessageContent("m", ""),
        ),
    ],
)
def test_null_means_absent_where_a_field_may_be_absent(value: dict[str, Any], event: e.Event) -> None:
    assert decode(value) == [event]


def test_null_is_refused_where_a_field_is_needed() -> None:
    fault = fault_of({"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": None})
    assert fault == "The TEXT_MESSAGE_CONTENT event is invalid: expected a string, not null @ $.delta."


def test_interrupts_come_from_the_outcome() -> None:
    outcome = {"type": "interrupt", "interrupts": [{"id": "i", "reason": "tool_call", "toolCallId": "c"}]}
    assert decode({"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": outcome}) == [
        e.RunFinished("t", "r", interrupts=(Interrupt("i", reason="tool_call", tool_call_id="c"),))
    ]


@pytest.mark.parametrize("kind", ["success", "cancelled"])
def test_any_other_outcome_is_the_end_of_the_run(kind: str) -> None:
    outcome = {"type": kind, "pendingToolCallIds": ["c"]}
    assert decode({"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": outcome}) == [
        e.RunFinished("t", "r")
    ]


def test_an_interrupt_outcome_without_interrupts_is_refused() -> None:
    fault = fault_of({"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": {"type": "interrupt"}})
    assert fault == "The RUN_FINISHED event is invalid: expected at least one interrupt @ $."


def test_a_run_finished_without_ids_takes_those_of_its_run() -> None:
    events = decode({"type": "RUN_STARTED", "threadId": "t", "runId": "r"}, {"type": "RUN_FINISHED", "threadId": None})
    assert events[1] == e.RunFinished("t", "r")


def test_a_run_finished_without_ids_and_without_a_start_is_refused() -> None:
    assert "required field missing @ $.threadId" in fault_of({"type": "RUN_FINISHED"})


def test_a_tool_result_of_text_parts_is_their_text() -> None:
    content = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    (event,) = decode({"type": "TOOL_CALL_RESULT", "messageId": "m", "toolCallId": "c", "content": content})
    assert event == e.ToolCallResult("m", "c", "ab")


def test_a_tool_result_with_media_keeps_all_of_it_as_json() -> None:
    content = [{"type": "image", "source": {"type": "url", "value": "http://x/y.png"}}]
    (event,) = decode({"type": "TOOL_CALL_RESULT", "messageId": "m", "toolCallId": "c", "content": content})
    assert event == e.ToolCallResult("m", "c", '[{"type":"image","source":{"type":"url","value":"http://x/y.png"}}]')


def test_a_timestamp_with_a_fraction_loses_it() -> None:
    assert decode({"type": "STEP_STARTED", "stepName": "s", "timestamp": 12.7}) == [e.StepStarted("s", timestamp=12)]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], "The event is invalid: expected an object, not an array @ $."),
        ("x", "The event is invalid: expected an object, not a string @ $."),
        ({}, "The event is invalid: expected a string, not null @ $.type."),
        ({"type": 7}, "The event is invalid: expected a string, not a number @ $.type."),
        (
            {"type": "TEXT_MESSAGE_START"},
            "The TEXT_MESSAGE_START event is invalid: required field missing @ $.messageId.",
        ),
        (
            {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "tool"},
            "The TEXT_MESSAGE_START event is invalid: expected one of assistant, user, system, developer @ $.role.",
        ),
        (
            {"type": "STATE_DELTA", "delta": {}},
            "The STATE_DELTA event is invalid: expected an array, not an object @ $.delta.",
        ),
        (
            {"type": "STATE_DELTA", "delta": [1]},
            "The STATE_DELTA event is invalid: expected an object, not a number @ $.delta[0].",
        ),
        (
            {"type": "MESSAGES_SNAPSHOT", "messages": [{"id": "1", "role": "robot"}]},
            f"The MESSAGES_SNAPSHOT event is invalid: expected a role of {ROLES} @ $.messages[0].",
        ),
        (
            {"type": "STEP_STARTED", "stepName": "s", "timestamp": True},
            "The STEP_STARTED event is invalid: expected a number, not a boolean @ $.timestamp.",
        ),
        (
            {"type": "STEP_STARTED", "stepName": "s", "timestamp": float("inf")},
            "The STEP_STARTED event is invalid: expected a finite number @ $.timestamp.",
        ),
        (
            {"type": "REASONING_ENCRYPTED_VALUE", "subtype": "x", "entityId": "e", "encryptedValue": "v"},
            "The REASONING_ENCRYPTED_VALUE event is invalid: expected one of message, tool-call @ $.subtype.",
        ),
    ],
)
def test_a_broken_event_is_refused_with_the_path_of_its_fault(value: Any, fault: str) -> None:
    assert fault_of(value) == fault


def test_a_fault_never_quotes_the_value() -> None:
    assert "secret" not in fault_of(
        {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "secret", "name": ["secret"]}
    )
