"""A thread's conversation with its times, as the log tells it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import frozen

from agui_runtime.application.ports import RunLog
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.history import fold_messages, next_state
from agui_runtime.domain.identity import Caller, ThreadId
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.messages import Message


@frozen
class ReportedState:
    """The state that a run left behind, or that it reported for an agent by name.

    Attributes:
        sequence: its place in the thread's log.
    """

    id: str
    sequence: int
    at: datetime
    thread_id: str
    agent_name: str
    run_id: str
    node_name: str
    state: JsonValue


@frozen
class History:
    """Messages in order.

    Attributes:
        times: when a message, a call or a result began, by its id.
        sequences: the same beginnings as places in the thread's log: clients' clocks do not say what came first.
        incomplete: ids of messages and calls that their run did not finish.
        states: the last state of each agent in each run that touched it.
    """

    messages: tuple[Message, ...]
    times: Mapping[str, datetime]
    sequences: Mapping[str, int]
    incomplete: frozenset[str]
    states: tuple[ReportedState, ...] = ()


class ReadHistory:
    """Reads a thread's history."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    async def __call__(self, caller: Caller, thread_id: ThreadId) -> History:
        """The history; empty for an unknown thread.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        return history_of(await self._log.read(caller.scope, thread_id))


def history_of(entries: Iterable[LogEntry]) -> History:
    """The history that entries tell."""
    known = tuple(entries)
    times: dict[str, datetime] = {}
    sequences: dict[str, int] = {}
    incomplete: set[str] = set()
    for entry in known:
        event, at = entry.event, entry.recorded_at
        match event:
            case e.RunStarted(input=run_input) if run_input is not None:
                for message in run_input.messages:
                    times.setdefault(message.id, message.created_at or at)
                    sequences.setdefault(message.id, entry.sequence)
            case (
                e.TextMessageStart(message_id=begun)
                | e.ToolCallStart(tool_call_id=begun)
                | e.ToolCallResult(message_id=begun)
            ):
                times.setdefault(begun, at)
                sequences.setdefault(begun, entry.sequence)
            case e.TextMessageEnd(message_id=closed, closed_by_runtime=True):
                incomplete.add(closed)
            case e.ToolCallEnd(tool_call_id=closed, closed_by_runtime=True):
                incomplete.add(closed)
            case _:
                pass
    messages = fold_messages(entry.event for entry in known)
    return History(messages, times, sequences, frozenset(incomplete), _states(known))


def _states(entries: Iterable[LogEntry]) -> tuple[ReportedState, ...]:
    found: dict[tuple[int, str], ReportedState] = {}
    started = e.RunStarted("", "")
    own_name = node_name = ""
    state: JsonValue = {}
    left: dict[str, JsonValue] = {}
    for entry in entries:
        event = entry.event
        match event:
            case e.RunStarted(input=run_input):
                started, node_name = event, ""
                own_name = str(run_input.agent_name or "") if run_input else ""
                # Where the log has no state of a run's beginning, its agent went on from what it had left.
                state = (run_input.state if run_input else None) or left.get(own_name, {})
            case e.StepStarted(step_name=node_name):
                pass
            case e.StateSnapshot() | e.StateDelta():
                state = _next(state, event)
                found[entry.run.number, own_name] = _reported(entry, started, own_name, node_name, state)
            case e.AgentStateMessage(agent_name=agent_name, node_name=node, state=reported):
                found[entry.run.number, agent_name] = _reported(entry, started, agent_name, node, reported)
            case e.RunFinished():
                left[own_name] = state
            case e.RunError(code=ErrorCode.GUARDRAIL_DENIED):
                found = {key: report for key, report in found.items() if key[0] != entry.run.number}
            case _:
                pass
    return tuple(sorted(found.values(), key=lambda report: report.sequence))


def _next(state: JsonValue, event: e.StateSnapshot | e.StateDelta) -> JsonValue:
    try:
        return next_state(state, event)
    except InvalidEventError:
        # The run began from a state that only the store knew; history shows what the log can tell.
        return state


def _reported(
    entry: LogEntry, started: e.RunStarted, agent_name: str, node_name: str, state: JsonValue
) -> ReportedState:
    return ReportedState(
        id=f"state-{entry.sequence}",
        sequence=entry.sequence,
        at=entry.recorded_at,
        thread_id=entry.run.thread_id,
        agent_name=agent_name,
        run_id=started.run_id,
        node_name=node_name,
        state=state,
    )
