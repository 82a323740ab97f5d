"""A thread's conversation with its times, as the log tells it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import frozen

from agui_runtime.application.ports import RunLog
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import Caller, ThreadId
from agui_runtime.domain.messages import Message


@frozen
class History:
    """Messages in order.

    Attributes:
        times: when a message, a call or a result began, by its id.
        incomplete: ids of messages and calls that their run did not finish.
    """

    messages: tuple[Message, ...]
    times: Mapping[str, datetime]
    incomplete: frozenset[str]


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
    times: dict[str, datetime] = {}
    incomplete: set[str] = set()
    events: list[e.Event] = []
    for entry in entries:
        event, at = entry.event, entry.recorded_at
        events.append(event)
        match event:
            case e.RunStarted(input=run_input) if run_input is not None:
                for message in run_input.messages:
                    times.setdefault(message.id, message.created_at or at)
            case e.TextMessageStart(message_id=opened) | e.ToolCallStart(tool_call_id=opened):
                times.setdefault(opened, at)
            case e.ToolCallResult(message_id=message_id):
                times.setdefault(message_id, at)
            case e.TextMessageEnd(message_id=closed, closed_by_runtime=True):
                incomplete.add(closed)
            case e.ToolCallEnd(tool_call_id=closed, closed_by_runtime=True):
                incomplete.add(closed)
            case _:
                pass
    return History(fold_messages(events), times, frozenset(incomplete))
