"""Runtime events of ``crewai`` agents as domain events."""

from typing import Any

import pytest

from agui_runtime.adapters.remote.copilotkit.runtime_events import RuntimeEvents
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidError


def events(**line: Any) -> tuple[e.Event, ...]:
    return tuple(RuntimeEvents().events(line))


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ({"type": "TextMessageStart", "messageId": "m"}, e.TextMessageStart("m")),
        (
            {"type": "TextMessageStart", "messageId": "m", "parentMessageId": "p"},
            e.TextMessageStart("m", parent_message_id="p"),
        ),
        ({"type": "TextMessageContent", "messageId": "m", "content": "x"}, e.TextMessageContent("m", "x")),
        ({"type": "TextMessageEnd", "messageId": "m"}, e.TextMessageEnd("m")),
        (
            {"type": "ActionExecutionStart", "actionExecutionId": "c", "actionName": "f", "parentMessageId": None},
            e.ToolCallStart("c", "f"),
        ),
        ({"type": "ActionExecutionArgs", "actionExecutionId": "c", "args": "{}"}, e.ToolCallArgs("c", "{}")),
        ({"type": "ActionExecutionEnd", "actionExecutionId": "c"}, e.ToolCallEnd("c")),
        (
            {"type": "ActionExecutionResult", "actionExecutionId": "c", "actionName": "f", "result": "4"},
            e.ToolCallResult("result-c", "c", "4"),
        ),
        ({"type": "MetaEvent", "name": "LangGraphInterruptEvent", "value": "?"}, e.Custom("on_interrupt", "?")),
        ({"type": "MetaEvent", "name": "Exit", "value": True}, e.Custom("Exit", True)),
        ({"type": "RunError", "message": "broke", "code": "X"}, e.RunError("broke", "X")),
        ({"type": "Novelty", "x": 1}, e.Raw({"type": "Novelty", "x": 1}, "copilotkit")),
    ],
)
def test_each_kind_of_line_has_its_event(line: dict[str, Any], event: e.Event) -> None:
    assert events(**line) == (event,)


def test_a_state_travels_as_text() -> None:
    (report,) = events(
        type="AgentStateMessage", agentName="a", nodeName="n", threadId="t", runId="r", state='{"x":1}', running=False
    )
    assert report == e.AgentStateMessage("a", {"x": 1}, "n", "t", "r", active=True, running=False)


def test_a_question_with_messages_keeps_them() -> None:
    data = {"value": "ok?", "messages": [{"id": "m"}]}
    (asked,) = events(type="MetaEvent", name="CopilotKitLangGraphInterruptEvent", data=data)
    value = {"__copilotkit_interrupt_value__": "ok?", "__copilotkit_messages__": [{"id": "m"}]}
    assert asked == e.Custom("on_interrupt", value)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"type": "TextMessageStart"}, "messageId"),
        ({"type": "TextMessageContent", "messageId": "m", "content": 1}, "content"),
        ({"type": "ActionExecutionStart", "actionExecutionId": "c"}, "actionName"),
        ({"type": "AgentStateMessage", "agentName": "a", "state": {}}, "state"),
        ({"type": "AgentStateMessage", "agentName": "a", "state": "[]"}, "state"),
        ({"type": "AgentStateMessage", "state": "{}"}, "agent_name"),
        ({"type": "MetaEvent"}, "name"),
        ({"type": "MetaEvent", "name": "CopilotKitLangGraphInterruptEvent"}, "data"),
        ({"type": "RunError"}, "message"),
    ],
)
def test_what_is_missing_is_named(line: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError, match=f"'{field}'"):
        events(**line)


def test_a_state_that_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidError, match="not valid JSON"):
        events(type="AgentStateMessage", agentName="a", state="{")
