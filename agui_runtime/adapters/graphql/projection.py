"""From a run's events to CopilotKit's messages, states and meta events (contract graphql §6, one-model §2). Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from agui_runtime.adapters.graphql.errors import failed_status_details
from agui_runtime.adapters.graphql.interrupts import meta_event_of, meta_events_of_interrupts
from agui_runtime.adapters.graphql.legacy_messages import agui_messages, legacy_messages
from agui_runtime.adapters.graphql.predicted_state import PredictedState
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.history import next_state
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps, is_object


@frozen
class TextOpened:
    """A text message begins."""

    id: str
    at: datetime
    parent_message_id: str | None


@frozen
class CallOpened:
    """A tool call begins."""

    id: str
    at: datetime
    name: str
    parent_message_id: str | None


@frozen
class Piece:
    """A chunk of an open text message's content or of an open call's arguments. ``key`` tells them apart."""

    key: tuple[str, str]
    text: str


@frozen
class Closed:
    """An open message is over; ``failure`` says why it is not complete, ``""`` for its kind's usual text."""

    key: tuple[str, str]
    failure: str | None = None


@frozen
class ResultGiven:
    """A tool gave its result."""

    call_id: str
    at: datetime
    name: str
    result: str


@frozen
class StateReported:
    """An agent's state, whole, as JSON text."""

    at: datetime
    thread_id: str
    agent_name: str
    node_name: str
    run_id: str
    state: str
    running: bool
    active: bool


@frozen
class MetaEventRaised:
    """A question to the user; the value is one of ``output.MetaEvent``."""

    event: Any


@frozen
class ResponseClosed:
    """The run is over. ``reason`` is ``None`` for success."""

    reason: str | None = None
    details: JsonObject | None = None


Change = TextOpened | CallOpened | Piece | Closed | ResultGiven | StateReported | MetaEventRaised | ResponseClosed

TEXT = "text"
CALL = "call"

GUARDRAIL_FAILURE = "Interrupted due to Guardrails validation failure. Reason: {}"


class Projection:
    """One run, seen by a GraphQL client.

    Args:
        thread_id: the run's thread.
        run_id: the run's own id, for state reports.
        agent_name: the agent at work; ``None`` for plain chat, which has no state.
        state: the run's base state.
    """

    def __init__(self, *, thread_id: str, run_id: str, agent_name: str | None, state: JsonObject) -> None:
        self._thread_id = thread_id
        self._run_id = run_id
        self._agent_name = agent_name
        self._state: JsonValue = state
        self._node_name = ""
        self._running = True
        self._reported = False
        self._synced: tuple[Any, ...] | None = None
        self._tool_names: dict[str, str] = {}
        self._unfinished: list[tuple[str, str]] = []
        self._asked = False
        self._predicted = PredictedState()

    def changes(self, entry: LogEntry) -> Sequence[Change]:
        """What one committed event changes in the response."""
        event, at = entry.event, entry.recorded_at
        match event:
            case e.TextMessageContent(message_id=message_id, delta=delta):
                return (Piece((TEXT, message_id), delta),)
            case e.TextMessageStart():
                return (TextOpened(event.message_id, at, event.parent_message_id),)
            case e.TextMessageEnd(message_id=message_id, closed_by_runtime=unfinished):
                return self._close((TEXT, message_id), unfinished=unfinished)
            case e.ToolCallStart() | e.ToolCallArgs() | e.ToolCallEnd() | e.ToolCallResult():
                return self._call(event, at)
            case e.AgentStateMessage():
                return (self._foreign_report(event, at),)
            case e.RunFinished():
                return self._finish(event, at)
            case e.RunError():
                return self._fail(event)
            case e.Custom():
                return self._custom(event, at)
            case _:
                return self._agent_event(event, at)

    def _call(
        self, event: e.ToolCallStart | e.ToolCallArgs | e.ToolCallEnd | e.ToolCallResult, at: datetime
    ) -> Sequence[Change]:
        match event:
            case e.ToolCallArgs():
                return self._arguments(event, at)
            case e.ToolCallStart(tool_call_id=call_id, tool_call_name=name):
                self._tool_names[call_id] = name
                self._predicted.start(call_id, name)
                return (CallOpened(call_id, at, name, event.parent_message_id),)
            case e.ToolCallEnd(tool_call_id=call_id, closed_by_runtime=unfinished):
                return self._close((CALL, call_id), unfinished=unfinished)
            case e.ToolCallResult(closed_by_runtime=True):
                return ()
            case e.ToolCallResult(tool_call_id=call_id, content=content):
                return (ResultGiven(call_id, at, self._tool_names.get(call_id, "unknown"), content),)

    def _close(self, key: tuple[str, str], *, unfinished: bool) -> Sequence[Change]:
        if unfinished:
            # Whether it is a failure is known only when the terminal event comes.
            self._unfinished.append(key)
            return ()
        return (Closed(key),)

    def _arguments(self, event: e.ToolCallArgs, at: datetime) -> Sequence[Change]:
        piece = Piece((CALL, event.tool_call_id), event.delta)
        predicted = self._predicted.add(event.tool_call_id, event.delta)
        if not predicted or self._agent_name is None:
            return (piece,)
        self._state = {**_as_object(self._state), **predicted}
        return (piece, self._report(at, active=True))

    def _agent_event(self, event: e.Event, at: datetime) -> Sequence[Change]:
        if self._agent_name is None:
            return ()
        match event:
            case e.StateSnapshot() | e.StateDelta():
                self._state = next_state(self._state, event)
                return (self._report(at, active=True),)
            case e.StepStarted(step_name=name):
                self._node_name = name
                self._predicted.clear()
                return (self._report(at, active=True),)
            case e.StepFinished(closed_by_runtime=False):
                self._predicted.clear()
                return (self._report(at, active=False),)
            case e.MessagesSnapshot(messages=messages, is_edit=False):
                self._synced = messages
                return (self._report(at, active=True, messages=agui_messages(messages)),)
            case _:
                return ()

    def _custom(self, event: e.Custom, at: datetime) -> Sequence[Change]:
        if event.name == "Exit":
            self._running = False
        elif event.name == "PredictState":
            self._predicted.expect(event.value)
        elif (raised := meta_event_of(event, at)) is not None:
            self._asked = True
            return (MetaEventRaised(raised),)
        return ()

    def _finish(self, event: e.RunFinished, at: datetime) -> Sequence[Change]:
        changes: list[Change] = [Closed(key) for key in self._unfinished]
        if event.interrupts and not self._asked:
            changes.extend(MetaEventRaised(raised) for raised in meta_events_of_interrupts(event.interrupts))
        if self._agent_name is not None and self._reported and (self._shown_state() or self._synced):
            messages = None if self._synced is None else legacy_messages(self._synced)
            changes.append(self._report(at, active=False, messages=messages))
        changes.append(ResponseClosed())
        return changes

    def _fail(self, event: e.RunError) -> Sequence[Change]:
        if event.code == ErrorCode.GUARDRAIL_DENIED:
            failure = GUARDRAIL_FAILURE.format(event.message)
            closed = ResponseClosed("GUARDRAILS_VALIDATION_FAILED", {"guardrailsReason": event.message})
        else:
            failure = ""
            closed = ResponseClosed("UNKNOWN_ERROR", failed_status_details(event.message, event.code))
        return (*(Closed(key, failure) for key in self._unfinished), closed)

    def _shown_state(self) -> dict[str, Any]:
        """The state as clients see it: an object without the conversation (contract graphql §6)."""
        return {key: value for key, value in _as_object(self._state).items() if key != "messages"}

    def _report(self, at: datetime, *, active: bool, messages: JsonValue = None) -> StateReported:
        self._reported = True
        state = self._shown_state()
        if messages is not None:
            state["messages"] = messages
        return StateReported(
            at,
            self._thread_id,
            self._agent_name or "",
            self._node_name,
            self._run_id,
            dumps(state),
            self._running,
            active,
        )

    def _foreign_report(self, event: e.AgentStateMessage, at: datetime) -> StateReported:
        return StateReported(
            at,
            event.thread_id or self._thread_id,
            event.agent_name,
            event.node_name,
            event.run_id or self._run_id,
            dumps(event.state),
            event.running,
            event.active,
        )


def _as_object(state: JsonValue) -> Mapping[str, Any]:
    return state if is_object(state) else {}
