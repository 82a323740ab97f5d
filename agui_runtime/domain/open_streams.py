"""What a run has opened and not closed: messages, calls, reasoning, steps and subagents (contract agui §5)."""

from collections.abc import Callable, Mapping
from typing import Any

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidEventError

_Key = tuple[str, str, str | None]
"""Kind, id or name, and for a step its owner: a step's name is open once per owner, any other id once per run."""

_OWNED_AS = {"reasoning message": "reasoning"}
"""Ids are unique within a kind; a reasoning and its messages are one kind to owners."""


class OpenStreams:
    """The bookkeeping of ``Lifecycle``: each method checks first and changes only when the event is possible."""

    def __init__(self) -> None:
        self._open: dict[_Key, str | None] = {}
        # Kept after the end: whoever opened an id owns it for the whole run.
        self._owners: dict[tuple[str, str], str | None] = {}
        self._subagents: dict[str, bool] = {}

    def take(self, event: e.Event) -> None:
        """Note an event.

        Raises:
            InvalidEventError: it is impossible here; nothing has changed.
        """
        rule = _RULES.get(type(event))
        if rule is not None:
            rule(self, event)

    def start(self, kind: str, name: str, event: e.OwnedEvent, *, inherited: str | None = None) -> None:
        """Open a stream of ``kind``; without an owner of its own it has the ``inherited`` one."""
        key = _key(kind, name, event)
        if key in self._open:
            raise InvalidEventError(f"{event.type} came for the {kind} {name!r}, which is already open.")
        owner = event.subagent_run_id if event.subagent_run_id is not None else inherited
        if kind != "step":
            self.agree(kind, name, event, owner=owner)
            owner = self._owners.setdefault((_OWNED_AS.get(kind, kind), name), owner)
        self._open[key] = owner

    def start_call(self, event: e.ToolCallStart) -> None:
        """Open a tool call, which belongs to the owner of its parent message."""
        parent = ("text message", event.parent_message_id or "")
        inherited = self._owners.get(parent)
        if parent in self._owners and event.subagent_run_id not in {None, inherited}:
            raise InvalidEventError(
                f"{event.type} came from the subagent {event.subagent_run_id!r} for the tool call "
                f"{event.tool_call_id!r}, whose parent message is of another owner."
            )
        self.start("tool call", event.tool_call_id, event, inherited=inherited)

    def need(self, kind: str, name: str, event: e.OwnedEvent) -> None:
        """Refuse an event for a stream that is not open, or is another owner's."""
        if _key(kind, name, event) not in self._open:
            raise InvalidEventError(f"{event.type} came for the {kind} {name!r}, which is not open.")
        if event.subagent_run_id is not None and kind != "step":
            self.agree(kind, name, event, owner=event.subagent_run_id)

    def end(self, kind: str, name: str, event: e.OwnedEvent) -> None:
        """Close a stream."""
        self.need(kind, name, event)
        del self._open[_key(kind, name, event)]

    def agree(self, kind: str, name: str, event: e.OwnedEvent, *, owner: str | None) -> None:
        """Refuse an event that names another owner than the one its id is known by; naming none is no disagreement."""
        known = (_OWNED_AS.get(kind, kind), name)
        if owner is not None and known in self._owners and self._owners[known] != owner:
            raise InvalidEventError(
                f"{event.type} came from the subagent {owner!r} for the {kind} {name!r} of another owner."
            )

    def own_activity(self, event: e.ActivitySnapshot) -> None:
        """Note whose activity it is; one that does not replace takes nothing over."""
        key = ("activity", event.message_id)
        if event.replace or key not in self._owners:
            self._owners[key] = event.subagent_run_id

    def seal(self, event: e.ReasoningEncryptedValue) -> None:
        """Refuse a sealed value for something of another owner; what it belongs to may be unknown."""
        kinds = ("tool call",) if event.subtype == "tool-call" else ("text message", "reasoning")
        kind = next((kind for kind in kinds if (kind, event.entity_id) in self._owners), kinds[0])
        self.agree(kind, event.entity_id, event, owner=event.subagent_run_id)

    def start_subagent(self, event: e.SubagentStarted) -> None:
        """Open a subagent; its id is never used again, and its parent has started."""
        if event.subagent_run_id in self._subagents:
            raise InvalidEventError(f"{event.type} used the subagent id {event.subagent_run_id!r} a second time.")
        parent = event.parent_subagent_run_id
        if parent is not None and parent not in self._subagents:
            raise InvalidEventError(f"{event.type} named the parent {parent!r}, which has not started.")
        self._subagents[event.subagent_run_id] = True

    def end_subagent(self, event: e.SubagentFinished | e.SubagentError) -> None:
        """Close a subagent."""
        name = event.subagent_run_id
        if not self._subagents.get(name):
            raise InvalidEventError(f"{event.type} came for the subagent {name!r}, which is not active.")
        self._subagents[name] = False

    def refuse_any(self, event: e.RunFinished) -> None:
        """Refuse RUN_FINISHED while anything is open."""
        for kind, name, _ in self._open:
            raise InvalidEventError(f"{event.type} came while the {kind} {name!r} was still open.")
        for name, active in self._subagents.items():
            if active:
                raise InvalidEventError(f"{event.type} came while the subagent {name!r} was still active.")

    def closers(self, call_result: str | None) -> tuple[e.Event, ...]:
        """The events that would close everything, last opened first, subagents after what they own.

        Args:
            call_result: the text of a result for each call that never got to its end; ``None`` for no result.
        """
        closers: list[e.Event] = []
        for (kind, name, _), owner in reversed(self._open.items()):
            closers.extend(_closers(kind, name, owner, call_result))
        closers.extend(
            e.SubagentError(name, "The run ended before this subagent did.")
            for name, active in reversed(self._subagents.items())
            if active
        )
        return tuple(closers)


_RULES: Mapping[type, Callable[[OpenStreams, Any], None]] = {
    e.TextMessageStart: lambda run, event: run.start("text message", event.message_id, event),
    e.TextMessageContent: lambda run, event: run.need("text message", event.message_id, event),
    e.TextMessageEnd: lambda run, event: run.end("text message", event.message_id, event),
    e.ToolCallStart: OpenStreams.start_call,
    e.ToolCallArgs: lambda run, event: run.need("tool call", event.tool_call_id, event),
    e.ToolCallEnd: lambda run, event: run.end("tool call", event.tool_call_id, event),
    e.ReasoningStart: lambda run, event: run.start("reasoning", event.message_id, event),
    e.ReasoningMessageStart: lambda run, event: run.start("reasoning message", event.message_id, event),
    e.ReasoningMessageContent: lambda run, event: run.need("reasoning message", event.message_id, event),
    e.ReasoningMessageEnd: lambda run, event: run.end("reasoning message", event.message_id, event),
    e.ReasoningEnd: lambda run, event: run.end("reasoning", event.message_id, event),
    e.ReasoningEncryptedValue: OpenStreams.seal,
    e.ActivitySnapshot: OpenStreams.own_activity,
    e.ActivityDelta: lambda run, event: run.agree("activity", event.message_id, event, owner=event.subagent_run_id),
    e.StepStarted: lambda run, event: run.start("step", event.step_name, event),
    e.StepFinished: lambda run, event: run.end("step", event.step_name, event),
    e.SubagentStarted: OpenStreams.start_subagent,
    e.SubagentFinished: OpenStreams.end_subagent,
    e.SubagentError: OpenStreams.end_subagent,
}


def _key(kind: str, name: str, event: e.OwnedEvent) -> _Key:
    return (kind, name, event.subagent_run_id if kind == "step" else None)


def _closers(kind: str, name: str, owner: str | None, call_result: str | None) -> tuple[e.Event, ...]:
    common: dict[str, Any] = {"subagent_run_id": owner, "closed_by_runtime": True}
    match kind:
        case "text message":
            return (e.TextMessageEnd(name, **common),)
        case "reasoning message":
            return (e.ReasoningMessageEnd(name, **common),)
        case "reasoning":
            return (e.ReasoningEnd(name, **common),)
        case "step":
            return (e.StepFinished(name, **common),)
        case _:
            end = e.ToolCallEnd(name, **common)
            if call_result is None:
                return (end,)
            return (end, e.ToolCallResult(f"{name}-result", name, call_result, **common))
