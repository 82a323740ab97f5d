"""What a run has opened and not closed: messages, calls, reasoning, steps and subagents (contract agui §5)."""

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidEventError

_Key = tuple[str, str]


class OpenStreams:
    """The bookkeeping of ``Lifecycle``: each method checks first and changes only when the event is possible."""

    def __init__(self) -> None:
        self._owners: dict[_Key, str | None] = {}
        self._subagents: dict[str, bool] = {}

    def start(self, kind: str, name: str, event: e.OwnedEvent) -> None:
        """Open a stream of ``kind``."""
        key = _key(kind, name, event.subagent_run_id)
        if key in self._owners:
            raise InvalidEventError(f"{event.type} came for the {kind} {name!r}, which is already open.")
        self._owners[key] = event.subagent_run_id

    def need(self, kind: str, name: str, event: e.OwnedEvent) -> None:
        """Refuse an event for a stream that is not open, or is another owner's."""
        key = _key(kind, name, event.subagent_run_id)
        if key not in self._owners:
            raise InvalidEventError(f"{event.type} came for the {kind} {name!r}, which is not open.")
        owner = self._owners[key]
        if event.subagent_run_id is not None and event.subagent_run_id != owner:
            raise InvalidEventError(
                f"{event.type} came from the subagent {event.subagent_run_id!r} for the {kind} {name!r} of another owner."
            )

    def end(self, kind: str, name: str, event: e.OwnedEvent) -> None:
        """Close a stream."""
        self.need(kind, name, event)
        del self._owners[_key(kind, name, event.subagent_run_id)]

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
        if not self._subagents.get(event.subagent_run_id):
            raise InvalidEventError(f"{event.type} came for the subagent {event.subagent_run_id!r}, which is not active.")
        self._subagents[event.subagent_run_id] = False

    def refuse_any(self, event: e.RunFinished) -> None:
        """Refuse RUN_FINISHED while anything is open."""
        for kind, name in self._owners:
            raise InvalidEventError(f"{event.type} came while the {kind} {_plain(kind, name)!r} was still open.")
        for name, active in self._subagents.items():
            if active:
                raise InvalidEventError(f"{event.type} came while the subagent {name!r} was still active.")

    def close_all(self, call_result: str | None) -> tuple[e.Event, ...]:
        """The events that close everything, last opened first.

        Args:
            call_result: the text of a result for each call that never got to its end; ``None`` for no result.
        """
        closers: list[e.Event] = []
        for (kind, name), owner in reversed(self._owners.items()):
            closers.extend(_closers(kind, _plain(kind, name), owner, call_result))
        closers.extend(
            e.SubagentError(name, "The run ended before this subagent did.")
            for name, active in reversed(self._subagents.items())
            if active
        )
        self._owners.clear()
        self._subagents = dict.fromkeys(self._subagents, False)
        return tuple(closers)


def _key(kind: str, name: str, owner: str | None) -> _Key:
    # A step's name is open once per owner, every other id once per run.
    return (kind, f"{owner or ''}\n{name}" if kind == "step" else name)


def _plain(kind: str, name: str) -> str:
    return name.partition("\n")[2] if kind == "step" else name


def _closers(kind: str, name: str, owner: str | None, call_result: str | None) -> list[e.Event]:
    if kind == "text message":
        return [e.TextMessageEnd(name, subagent_run_id=owner, closed_by_runtime=True)]
    if kind == "reasoning message":
        return [e.ReasoningMessageEnd(name, subagent_run_id=owner, closed_by_runtime=True)]
    if kind == "reasoning":
        return [e.ReasoningEnd(name, subagent_run_id=owner, closed_by_runtime=True)]
    if kind == "step":
        return [e.StepFinished(name, subagent_run_id=owner, closed_by_runtime=True)]
    end = e.ToolCallEnd(name, subagent_run_id=owner, closed_by_runtime=True)
    if call_result is None:
        return [end]
    result = e.ToolCallResult(
        f"{name}-result", name, call_result, subagent_run_id=owner, closed_by_runtime=True
    )
    return [end, result]
