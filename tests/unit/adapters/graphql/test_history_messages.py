"""A history as the members of ``MessageUnion``."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql.history_messages import INCOMPLETE, UNKNOWN_TIME, history_messages
from agui_runtime.application.read_history import History, ReportedState
from agui_runtime.domain import messages as m

T1, T2 = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def history(*messages: m.Message, **given: Any) -> list[o.HistoryMessage]:
    values: dict[str, Any] = {"times": {}, "sequences": {}, "incomplete": frozenset(), **given}
    return history_messages(History(messages, **values))


def calling(*calls: m.ToolCall, content: str | None = None) -> m.AssistantMessage:
    return m.AssistantMessage(id="a", content=content, tool_calls=calls)


def result(call_id: str, content: str, **given: Any) -> m.ToolMessage:
    return m.ToolMessage(id=f"r-{call_id}", tool_call_id=call_id, content=content, **given)


@pytest.mark.parametrize(
    "message",
    [
        m.UserMessage(id="1", content="hi"),
        m.AssistantMessage(id="1", content="hi"),
        m.SystemMessage(id="1", content="hi"),
        m.DeveloperMessage(id="1", content="hi"),
    ],
    ids=lambda message: str(message.role),
)
def test_text_keeps_its_role(message: m.Message) -> None:
    (shown,) = history(message, times={"1": T1})
    assert shown == o.Message(id="1", role=str(message.role), created_at=T1, content="hi")


def test_a_text_and_its_calls_are_messages_of_their_own() -> None:
    text, first, second = history(
        calling(m.ToolCall("c1", "paint", '{"x":1}'), m.ToolCall("c2", "paint"), content="Look."),
        result("c1", '{"ok":true}'),
        times={"a": T1, "c2": T2},
    )
    assert isinstance(text, o.Message)
    assert first == o.ActionMessage(
        id="c1",
        created_at=T1,
        action_name="paint",
        action_input={"x": 1},
        action_output={"ok": True},
        parent_message_id="a",
    )
    assert second == o.ActionExecutionMessage(id="c2", created_at=T2, name="paint", arguments={}, parent_message_id="a")


@pytest.mark.parametrize("text", ["{", "plain", "[" * 100_000])
def test_arguments_and_results_that_are_no_json_stay_text(text: str) -> None:
    (shown,) = history(calling(m.ToolCall("c1", "paint", text)), result("c1", text))
    assert isinstance(shown, o.ActionMessage)
    assert (shown.action_input, shown.action_output) == (text, text)


@pytest.mark.parametrize(("tool_name", "shown_name"), [("paint", "paint"), (None, "unknown")])
def test_a_result_without_its_call_stands_alone(tool_name: str | None, shown_name: str) -> None:
    (shown,) = history(result("lost", "done", tool_name=tool_name))
    assert isinstance(shown, o.ResultMessage)
    assert (shown.role, shown.action_execution_id, shown.action_name, shown.result) == (
        "tool",
        "lost",
        shown_name,
        "done",
    )


def test_an_image_beside_text_is_a_message_of_its_own() -> None:
    parts = (m.TextPart("see "), m.MediaPart("image", mime_type="image/png", data="AAAA"), m.TextPart("this"))
    text, image = history(m.UserMessage(id="1", content=parts))
    assert isinstance(text, o.Message)
    assert text.content == "see this"
    assert image == o.ImageMessage(id="1", role="user", created_at=UNKNOWN_TIME, format="png", bytes="AAAA")


@pytest.mark.parametrize(
    "message",
    [
        m.ReasoningMessage(id="1", content="hm"),
        m.ActivityMessage(id="1", activity_type="PLAN", content={}),
        m.UserMessage(id="1", content=""),
        m.UserMessage(id="1", content=(m.MediaPart("audio", mime_type="audio/wav", data="AAAA"),)),
        m.UserMessage(id="1", content=(m.MediaPart("image", mime_type="image/png", url="https://example.com/a"),)),
    ],
    ids=["reasoning", "activity", "empty", "audio", "an image elsewhere"],
)
def test_what_the_union_has_no_member_for_is_left_out(message: m.Message) -> None:
    assert history(message) == []


def test_what_was_not_finished_is_failed() -> None:
    shown = history(
        calling(m.ToolCall("c1", "paint"), content="half"), m.UserMessage(id="u", content="?"), incomplete={"a", "c1"}
    )
    assert [message.status for message in shown] == [INCOMPLETE, INCOMPLETE, o.SUCCESS]


def test_a_time_is_the_logs_then_the_messages_own_then_none() -> None:
    known, own, unknown = history(
        m.UserMessage(id="1", content="a", created_at=T2),
        m.UserMessage(id="2", content="b", created_at=T2),
        m.UserMessage(id="3", content="c"),
        times={"1": T1},
    )
    assert [each.created_at for each in (known, own, unknown)] == [T1, T2, UNKNOWN_TIME]


def test_a_state_stands_where_it_was_reported_whatever_the_clocks_say() -> None:
    def state(sequence: int) -> ReportedState:
        return ReportedState(f"state-{sequence}", sequence, T1, "thread", "agent", "run", "node", {"n": sequence})

    shown = history(
        m.UserMessage(id="1", content="one"),
        m.AssistantMessage(id="2", content="two"),
        m.UserMessage(id="3", content="three"),
        times={"1": T2, "2": T1, "3": T1},
        sequences={"1": 1, "2": 4, "3": 7},
        states=(state(2), state(5), state(9)),
    )
    assert [message.id for message in shown] == ["1", "state-2", "2", "state-5", "3", "state-9"]
    assert shown[1] == o.AgentStateMessage(
        id="state-2",
        created_at=T1,
        thread_id="thread",
        agent_name="agent",
        run_id="run",
        node_name="node",
        active=False,
        running=False,
        state='{"n":2}',
    )
