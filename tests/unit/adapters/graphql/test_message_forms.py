"""Messages, interrupts and predictions as CopilotKit's JSON."""

from typing import Any

import pytest

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql.interrupts import meta_event_of, meta_events_of_interrupts
from agui_runtime.adapters.graphql.legacy_messages import legacy_messages, loaded_messages
from agui_runtime.adapters.graphql.predicted_state import PredictedState
from agui_runtime.domain import messages as m
from agui_runtime.domain.events import Custom
from agui_runtime.domain.runs import Interrupt
from tests.support.clock import START

CALL = m.ToolCall("c", "lookup", '{"q":1}')
RESULT = m.ToolMessage(id="r", tool_call_id="c", content="found")


def test_text_has_role_and_content() -> None:
    assert legacy_messages([m.UserMessage(id="u", content="hi")]) == [{"id": "u", "role": "user", "content": "hi"}]


def test_an_assistant_message_with_text_and_calls_is_several_entries() -> None:
    message = m.AssistantMessage(id="a", content="let me see", tool_calls=(CALL,))
    assert legacy_messages([message]) == [
        {"id": "a", "role": "assistant", "content": "let me see"},
        {"id": "c", "name": "lookup", "arguments": {"q": 1}, "parentMessageId": "a"},
    ]


def test_each_result_is_directly_behind_its_call() -> None:
    calls = (CALL, m.ToolCall("c2", "other"))
    late = m.ToolMessage(id="r2", tool_call_id="c2", content="x")
    conversation = [m.AssistantMessage(id="a", tool_calls=calls), m.UserMessage(id="u", content="?"), late, RESULT]
    assert [entry["id"] for entry in legacy_messages(conversation)] == ["c", "r", "c2", "r2", "u"]


def test_a_result_without_its_call_keeps_its_place_and_name() -> None:
    alone = m.ToolMessage(id="r", tool_call_id="gone", content="x", tool_name="lookup")
    assert legacy_messages([alone])[0]["actionName"] == "lookup"
    assert legacy_messages([RESULT])[0]["actionName"] == "unknown"


@pytest.mark.parametrize("arguments", ['{"broken', "[1]", '"text"', "null", "", "[" * 100_000])
def test_broken_arguments_do_not_make_a_thread_unreadable(arguments: str) -> None:
    (entry,) = legacy_messages([m.AssistantMessage(id="a", tool_calls=(m.ToolCall("c", "t", arguments),))])
    assert entry["arguments"] == {}


def test_thoughts_and_activities_have_no_legacy_form() -> None:
    assert (
        legacy_messages(
            [m.ReasoningMessage(id="x", content="hm"), m.ActivityMessage(id="y", activity_type="PLAN", content={})]
        )
        == []
    )


def test_empty_text_is_left_out() -> None:
    assert legacy_messages([m.AssistantMessage(id="a", content="")]) == []


def test_the_loaded_form_links_an_assistants_text() -> None:
    conversation = [
        m.UserMessage(id="u", content="hi"),
        m.AssistantMessage(id="a", content="hello", parent_message_id="p"),
        m.AssistantMessage(id="b", content="again"),
        m.AssistantMessage(id="d", tool_calls=(CALL,)),
        RESULT,
    ]
    assert loaded_messages(conversation) == [
        {"role": "user", "content": "hi", "id": "u"},
        {"role": "assistant", "content": "hello", "id": "a", "parentMessageId": "p"},
        {"role": "assistant", "content": "again", "id": "b", "parentMessageId": "b"},
        {"id": "c", "name": "lookup", "arguments": {"q": 1}, "parentMessageId": "d"},
        {"actionExecutionId": "c", "actionName": "lookup", "result": "found", "id": "r"},
    ]


@pytest.mark.parametrize(("value", "text"), [("sure?", "sure?"), ({"q": [1]}, '{"q":[1]}'), (None, "null"), (3, "3")])
def test_the_value_of_an_interrupt_is_text(value: Any, text: str) -> None:
    assert meta_event_of(Custom("on_interrupt", value), START) == o.LangGraphInterruptEvent(text)


def test_unknown_names_are_no_meta_events() -> None:
    assert meta_event_of(Custom("Exit"), START) is None


def shown(messages: Any) -> tuple[Any, ...]:
    custom = Custom("CopilotKitLangGraphInterruptEvent", {"value": "sure?", "messages": messages})
    event = meta_event_of(custom, START)
    assert isinstance(event, o.CopilotKitLangGraphInterruptEvent)
    assert event.data.value == "sure?"
    return event.data.messages


def test_an_interrupt_may_bring_text_and_calls() -> None:
    text, given_call = shown(
        [{"id": "m", "content": "look", "role": "assistant"}, {"id": "c", "name": "pick", "arguments": {"a": 1}}]
    )
    assert (text.id, text.content, text.role) == ("m", ("look",), "assistant")
    assert (given_call.id, given_call.name, given_call.arguments) == ("c", "pick", ('{"a":1}',))


@pytest.mark.parametrize(
    "tool_call",
    [
        {"toolCalls": [{"id": "c", "function": {"name": "pick", "arguments": '{"a":1}'}}]},
        {"tool_calls": [{"id": "c", "name": "pick", "args": {"a": 1}}]},
    ],
    ids=["AG-UI", "LangGraph"],
)
def test_calls_come_in_several_forms(tool_call: dict[str, Any]) -> None:
    (given_call,) = shown([{"id": "m", "role": "assistant", "content": "", **tool_call}])
    assert (given_call.name, given_call.arguments, given_call.parent_message_id) == ("pick", ('{"a":1}',), "m")


@pytest.mark.parametrize("messages", [None, "text", 3, ["text", 1, None], [{}], {"id": "m"}])
def test_messages_that_are_none_are_left_out(messages: Any) -> None:
    assert shown(messages) == ()


@pytest.mark.parametrize("calls", ["text", 3, ["text", None], [{"function": "x"}], [{"function": None}], {"id": 1}])
def test_calls_that_are_none_break_nothing(calls: Any) -> None:
    assert [message for message in shown([{"id": "m", "toolCalls": calls}]) if message.name] == []


def test_an_interrupt_of_copilotkits_agents_is_taken_apart() -> None:
    value = {"__copilotkit_interrupt_value__": "sure?", "__copilotkit_messages__": [{"id": "m", "content": "look"}]}
    event = meta_event_of(Custom("on_interrupt", value), START)
    assert isinstance(event, o.CopilotKitLangGraphInterruptEvent)
    assert event.data.messages[0].id == "m"


def test_standard_interrupts_show_their_value_else_their_message() -> None:
    interrupts = [Interrupt("1", {"a": 1}), Interrupt("2", message="please?"), Interrupt("3"), Interrupt("4", False)]
    texts = [
        event.value for event in meta_events_of_interrupts(interrupts) if isinstance(event, o.LangGraphInterruptEvent)
    ]
    assert texts == ['{"a":1}', "please?", "", "false"]


def predicted(rules: Any, *pieces: str, tool: str = "write") -> list[dict[str, Any]]:
    prediction = PredictedState()
    prediction.expect(rules)
    prediction.start("c", tool)
    return [prediction.add("c", piece) for piece in pieces]


RULE = {"state_key": "draft", "tool": "write", "tool_argument": "text"}


def test_a_value_is_predicted_as_it_grows() -> None:
    assert predicted([RULE], '{"text":"a', 'b", "x', '":1}') == [{"draft": "a"}, {"draft": "ab"}, {"draft": "ab"}]


def test_without_an_argument_name_all_arguments_are_predicted() -> None:
    rule = {"state_key": "draft", "tool": "write"}
    assert predicted([rule], '{"a":1,', '"b":2}') == [{"draft": {"a": 1}}, {"draft": {"a": 1, "b": 2}}]


@pytest.mark.parametrize(
    "rules", [None, "text", {}, [None], ["x"], [{}], [{"tool": 1, "state_key": "x"}], [{"tool": "write"}]]
)
def test_rules_that_are_none_predict_nothing(rules: Any) -> None:
    assert predicted(rules, '{"text":"a"}') == [{}]


@pytest.mark.parametrize("piece", ["", "nonsense", "[1]", '{"other":1}', "\ud800"])
def test_arguments_that_do_not_fit_predict_nothing(piece: str) -> None:
    assert predicted([RULE], piece) == [{}]


def test_a_call_of_another_tool_or_an_unknown_call_predicts_nothing() -> None:
    assert predicted([RULE], '{"text":"a"}', tool="other") == [{}]
    assert PredictedState().add("nobody", "{}") == {}
