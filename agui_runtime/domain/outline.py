"""A conversation without its words: all that a client's own message list is compared with."""

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.history import fold_into
from agui_runtime.domain.message_fold import MessageFold

_WORDS: frozenset[type[e.Event]] = frozenset(
    {
        e.TextMessageContent,
        e.ToolCallArgs,
        e.ReasoningMessageContent,
        e.ReasoningEncryptedValue,
        e.ActivityDelta,
    }
)
"""Events that make no message, move none and remove none."""


class Outline:
    """The messages of a thread as ``fold_messages`` has them, but empty; it grows run by run."""

    def __init__(self) -> None:
        self._fold = MessageFold()

    def extend(self, events: Iterable[e.Event]) -> None:
        """Add whole runs that are over."""
        fold_into(self._fold, _without_words(events))

    def messages(self) -> Sequence[m.Message]:
        """Ids, kinds and order are the conversation's; nothing else is."""
        return self._fold.messages()


def _without_words(events: Iterable[e.Event]) -> Iterator[e.Event]:
    for event in events:
        if type(event) not in _WORDS:
            yield _emptied(event)


def _emptied(event: e.Event) -> e.Event:
    match event:
        case e.RunStarted(input=run_input) if run_input is not None:
            return evolve(event, input=evolve(run_input, messages=_bare(run_input.messages)))
        case e.MessagesSnapshot(messages=messages):
            return evolve(event, messages=_bare(messages))
        case e.ToolCallResult():
            return evolve(event, content="")
        case e.ActivitySnapshot():
            return evolve(event, content={})
        case _:
            return event


def _bare(messages: Iterable[m.Message]) -> tuple[m.Message, ...]:
    return tuple(map(_bare_one, messages))


def _bare_one(message: m.Message) -> m.Message:
    match message:
        case m.AssistantMessage(id=own_id, tool_calls=calls):
            return m.AssistantMessage(id=own_id, tool_calls=tuple(m.ToolCall(call.id, "", "") for call in calls))
        case m.ToolMessage(id=own_id, tool_call_id=call_id):
            return m.ToolMessage(id=own_id, tool_call_id=call_id, content="")
        case m.ActivityMessage(id=own_id):
            return m.ActivityMessage(id=own_id, activity_type="", content={})
        case _:
            return type(message)(id=message.id, content="")
