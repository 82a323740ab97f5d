"""Events as every client since 0.0.42 takes them: the common subset of contract agui §6."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from attrs import evolve

from agui_runtime.adapters.agui.interrupts import LEGACY_NAMES, legacy_event, question, standard
from agui_runtime.adapters.agui.told_messages import told_messages
from agui_runtime.adapters.codec.events import encode_event, piece_bytes
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.messages import Message

WireEvent = Mapping[str, JsonValue]

REASONING_EVENTS: tuple[type[e.Event], ...] = (
    e.ReasoningStart,
    e.ReasoningMessageStart,
    e.ReasoningMessageContent,
    e.ReasoningMessageEnd,
    e.ReasoningEnd,
    e.ReasoningEncryptedValue,
)
"""Frontends before 1.57 break on them (contract agui §6)."""

SUBAGENT_EVENTS: tuple[type[e.Event], ...] = (e.SubagentStarted, e.SubagentFinished, e.SubagentError)
"""Frontends before 1.70 break on them."""

_PRODUCER_FAULTS = frozenset({ErrorCode.AGENT_FAILED, ErrorCode.INVALID_EVENT})
"""A producer that raised, or broke the order, has not ended its stream itself: one code for all (contract agui §8)."""

STATE_REPORT = "AgentStateMessage"
"""The CUSTOM event that tells the state of another agent than the run's own: a snapshot would be taken for its own."""


class Projection:
    """Made for one stream, since the end of a run repeats what it asked.

    Args:
        hidden: types of events that are not shown.
        with_input: whether RUN_STARTED tells the run's input; a suggestion's is no part of any thread.
        with_edits: whether edits are told: who follows the run that brought one knows it, others do not.
    """

    def __init__(
        self, *, hidden: Collection[type[e.Event]] = (), with_input: bool = True, with_edits: bool = False
    ) -> None:
        self._with_input = with_input
        self._with_edits = with_edits
        self._hides_reasoning = e.ReasoningStart in hidden
        self._asked = False
        self._agent_name: str | None = None
        self._rules: dict[type, Callable[[Any], Sequence[WireEvent]]] = {
            e.RunStarted: self._started,
            e.RunFinished: self._finished,
            e.RunError: self._failed,
            e.Custom: self._custom,
            e.MessagesSnapshot: self._messages,
            e.AgentStateMessage: self._state_report,
            e.ActivitySnapshot: _activity,
            e.TextMessageContent: _unless_empty,
            e.ReasoningMessageContent: _unless_empty,
        }
        self._rules |= dict.fromkeys(hidden, _hide)
        self._pieces = frozenset(e.PIECES).difference(hidden)

    def project(self, event: e.Event) -> Sequence[WireEvent]:
        """The wire's events for one of ours; none for what its clients must not see."""
        rule = self._rules.get(type(event))
        return (encode_event(event),) if rule is None else rule(event)

    def skip(self, event: e.Event) -> None:
        """Take note of an event that the client has seen: how others of its run are told hangs on it."""
        if isinstance(event, e.RunStarted | e.Custom):
            self.project(event)

    def piece(self, event: e.Event) -> bytes | None:
        """JSON of an event that is the same on the wire, made in one step; ``None``: it must be projected."""
        return piece_bytes(event) if type(event) in self._pieces and getattr(event, "delta", None) else None

    def _started(self, event: e.RunStarted) -> Sequence[WireEvent]:
        self._asked = False
        self._agent_name = event.input.agent_name if event.input else None
        if event.input is None or not self._with_input:
            return (encode_event(evolve(event, input=None)),)
        told: Any = encode_event(evolve(event, input=evolve(event.input, messages=())))
        told["input"]["messages"] = self._told(event.input.messages)
        return (told,)

    def _told(self, messages: Sequence[Message]) -> list[JsonValue]:
        return told_messages(messages, with_reasoning=not self._hides_reasoning)

    def _finished(self, event: e.RunFinished) -> Sequence[WireEvent]:
        """Questions of the standard form go in both: UIs before 1.69 know CUSTOM only, later ones prefer the standard.

        Those of LangGraph's form go in theirs alone: clients since 0.0.56 refuse any answer but a ``resume`` to an
        outcome, and UIs before 1.69 can give none.
        """
        interrupts = tuple(each for each in event.interrupts if not each.is_derived)
        asked = () if self._asked else tuple(encode_event(question(each)) for each in interrupts)
        return (*asked, encode_event(evolve(event, interrupts=tuple(map(standard, interrupts)))))

    def _failed(self, event: e.RunError) -> Sequence[WireEvent]:
        return (encode_event(evolve(event, code=wire_code(event.code))),)

    def _custom(self, event: e.Custom) -> Sequence[WireEvent]:
        if event.name in LEGACY_NAMES:
            self._asked = True
            event = legacy_event(event)
        return (encode_event(event),)

    def _messages(self, event: e.MessagesSnapshot) -> Sequence[WireEvent]:
        if event.is_edit and not self._with_edits:
            return ()
        return ({**encode_event(evolve(event, messages=())), "messages": self._told(event.messages)},)

    def _state_report(self, event: e.AgentStateMessage) -> Sequence[WireEvent]:
        if event.agent_name == self._agent_name:
            return (encode_event(event),)
        value = {
            "agentName": event.agent_name,
            "nodeName": event.node_name,
            "state": event.state,
            "active": event.active,
            "running": event.running,
        }
        return (encode_event(e.Custom(STATE_REPORT, value)),)


def wire_code(code: str | None) -> str | None:
    """The code of a RUN_ERROR, for ours or an agent's own."""
    return ErrorCode.INCOMPLETE_STREAM.value if code in _PRODUCER_FAULTS else code


def _unless_empty(event: e.TextMessageContent | e.ReasoningMessageContent) -> Sequence[WireEvent]:
    # Clients before 0.0.53 refuse an empty piece, and with it the rest of the stream.
    return (encode_event(event),) if event.delta else ()


def _activity(event: e.ActivitySnapshot) -> Sequence[WireEvent]:
    told = encode_event(event)
    if event.replace:
        # What it means to say nothing of it.
        del told["replace"]
    return (told,)


def _hide(_: e.Event) -> Sequence[WireEvent]:
    return ()
