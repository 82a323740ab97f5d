"""A thread's history as typed values: the ``MessageUnion`` of the state API."""

import json
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from agui_runtime.adapters.graphql import output as o
from agui_runtime.application.read_history import History, ReportedState
from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import JsonValue, dumps

UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)
"""For messages of a snapshot, which has no times."""

INCOMPLETE = o.FailedMessageStatus("The run ended before this message was complete.")


def history_messages(history: History) -> list[o.HistoryMessage]:
    """All that was said, called and reported, in the conversation's order; states where they were reported."""
    states = deque(history.states)
    ordered: list[o.HistoryMessage] = []
    for message in _Reader(history).messages():
        place = history.sequences.get(message.id, 0)
        while states and states[0].sequence < place:
            ordered.append(_state(states.popleft()))
        ordered.append(message)
    ordered.extend(map(_state, states))
    return ordered


class _Reader:
    def __init__(self, history: History) -> None:
        self._history = history
        self._results = {each.tool_call_id: each for each in history.messages if isinstance(each, m.ToolMessage)}
        self._calls = {
            call.id for each in history.messages if isinstance(each, m.AssistantMessage) for call in each.tool_calls
        }

    def messages(self) -> Iterator[o.HistoryMessage]:
        for message in self._history.messages:
            if isinstance(message, m.ToolMessage):
                if message.tool_call_id not in self._calls:
                    yield self._result(message)
            elif not isinstance(message, m.ActivityMessage | m.ReasoningMessage):
                yield from self._text_and_media(message)
                if isinstance(message, m.AssistantMessage):
                    for call in message.tool_calls:
                        yield self._call(call, message.id)

    def _text_and_media(self, message: m.Message) -> Iterator[o.HistoryMessage]:
        if isinstance(message, m.ToolMessage | m.ActivityMessage | m.ReasoningMessage):
            return
        at = self._history.times.get(message.id, message.created_at or UNKNOWN_TIME)
        parent, role = message.parent_message_id, str(message.role)
        text = m.text_of(message.content)
        if text:
            yield o.Message(
                id=message.id,
                role=role,
                created_at=at,
                status=self._status(message.id),
                content=text,
                parent_message_id=parent,
            )
        for part in message.content if isinstance(message.content, tuple) else ():
            if isinstance(part, m.MediaPart) and part.kind == "image" and part.data is not None:
                image_format = (part.mime_type or "image/").partition("/")[2]
                yield o.ImageMessage(
                    id=message.id,
                    role=role,
                    created_at=at,
                    format=image_format,
                    bytes=part.data,
                    parent_message_id=parent,
                )

    def _call(self, call: m.ToolCall, parent_id: str) -> o.HistoryMessage:
        at = self._history.times.get(call.id) or self._history.times.get(parent_id) or UNKNOWN_TIME
        result = self._results.get(call.id)
        arguments = _json_or_text(call.arguments or "{}")
        if result is None:
            return o.ActionExecutionMessage(
                id=call.id,
                created_at=at,
                status=self._status(call.id),
                name=call.name,
                arguments=arguments,
                parent_message_id=parent_id,
            )
        return o.ActionMessage(
            id=call.id,
            created_at=at,
            status=self._status(call.id),
            action_name=call.name,
            action_input=arguments,
            action_output=_json_or_text(result.content),
            parent_message_id=parent_id,
        )

    def _result(self, message: m.ToolMessage) -> o.ResultMessage:
        return o.ResultMessage(
            id=message.id,
            role="tool",
            created_at=self._history.times.get(message.id, UNKNOWN_TIME),
            action_execution_id=message.tool_call_id,
            action_name=message.tool_name or "unknown",
            result=message.content,
        )

    def _status(self, message_id: str) -> o.MessageStatus:
        return INCOMPLETE if message_id in self._history.incomplete else o.SUCCESS


def _state(state: ReportedState) -> o.AgentStateMessage:
    return o.AgentStateMessage(
        id=state.id,
        created_at=state.at,
        thread_id=state.thread_id,
        agent_name=state.agent_name,
        node_name=state.node_name,
        run_id=state.run_id,
        active=False,
        running=False,
        state=dumps(state.state),
    )


def _json_or_text(text: str) -> JsonValue:
    """Arguments and results travel as text; where it is JSON, clients get the value."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
