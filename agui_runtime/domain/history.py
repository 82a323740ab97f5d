"""Pure folds of a thread's events: to messages, to state, and what a client's own list says about them."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.patch import apply_patch


def next_state(state: JsonValue, event: e.Event) -> JsonValue:
    """The run's agent's state after an event; the same object where the event does not touch it.

    Raises:
        InvalidEventError: a delta does not apply.
    """
    if isinstance(event, e.StateSnapshot):
        return event.snapshot
    if isinstance(event, e.StateDelta):
        return apply_patch(state, event.delta)
    return state


def fold_messages(events: Iterable[e.Event]) -> tuple[m.Message, ...]:
    """The conversation that a thread's events tell (contract agui §5 "Reducer").

    What a run said that a guardrail denied stays out; the user's message stays in.
    """
    fold = _MessageFold()
    before_run = fold.copy()
    for event in events:
        if isinstance(event, e.RunStarted):
            fold.take_input(event.input.messages if event.input else ())
            before_run = fold.copy()
        elif isinstance(event, e.RunError) and event.code == ErrorCode.GUARDRAIL_DENIED:
            fold = before_run
        else:
            fold.apply(event)
    return tuple(fold.messages.values())


@frozen
class Edit:
    """How a client's message list relates to the stored conversation (design §4).

    Attributes:
        new: the client's messages that the thread does not have.
        kept: the conversation up to the point where the client departed from it, or ``None`` where it did not.
    """

    new: tuple[m.Message, ...]
    kept: tuple[m.Message, ...] | None


def compare(stored: Sequence[m.Message], sent: Sequence[m.Message]) -> Edit:
    """What a client's list adds to the stored conversation, and what it drops.

    A list that shares messages with the conversation and then departs from it drops what follows the last shared one.
    A list that shares none (a reloaded page, a script) drops nothing. Instructions are the request's own and never
    count; a tool result counts by its call, since GraphQL clients know it by another id.
    """
    known = {_identity(message) for message in stored}
    sent_ids = {_identity(message) for message in sent}
    new = tuple(message for message in sent if _identity(message) not in known)
    shared = [i for i, message in enumerate(stored) if _identity(message) in sent_ids and _is_turn(message)]
    if not shared or not any(_is_turn(message) for message in stored[shared[-1] + 1 :]):
        return Edit(new, None)
    return Edit(new, tuple(stored[: shared[-1] + 1]))


def _identity(message: m.Message) -> tuple[str, str]:
    if isinstance(message, m.ToolMessage):
        return ("result of", message.tool_call_id)
    return ("message", message.id)


def _is_turn(message: m.Message) -> bool:
    return isinstance(message, m.UserMessage | m.AssistantMessage | m.ToolMessage)


class _MessageFold:
    def __init__(self) -> None:
        self.messages: dict[str, m.Message] = {}
        self._parents: dict[str, str] = {}

    def copy(self) -> "_MessageFold":
        other = _MessageFold()
        other.messages = dict(self.messages)
        other._parents = dict(self._parents)
        return other

    def take_input(self, sent: Iterable[m.Message]) -> None:
        messages = tuple(sent)
        if any(isinstance(message, m.SystemMessage | m.DeveloperMessage) for message in messages):
            # Frontends mint new ids for their instructions with every request; the newest ones count.
            for message in list(self.messages.values()):
                if isinstance(message, m.SystemMessage | m.DeveloperMessage):
                    del self.messages[message.id]
        for message in messages:
            self.messages.setdefault(message.id, message)
            if isinstance(message, m.AssistantMessage):
                self._parents.update((call.id, message.id) for call in message.tool_calls)

    def apply(self, event: e.Event) -> None:
        match event:
            case e.TextMessageStart():
                self._start_text(event)
            case e.TextMessageContent(message_id=message_id, delta=delta):
                message = self.messages.get(message_id)
                if message is not None and not isinstance(message, m.ActivityMessage):
                    self.messages[message_id] = evolve(message, content=m.text_of(message.content) + delta)
            case e.ToolCallStart():
                self._start_call(event)
            case e.ToolCallArgs(tool_call_id=call_id, delta=delta):
                self._add_arguments(call_id, delta)
            case e.ToolCallResult(message_id=message_id, tool_call_id=call_id, content=content):
                self.messages[message_id] = m.ToolMessage(id=message_id, tool_call_id=call_id, content=content)
            case e.ReasoningMessageStart(message_id=message_id):
                self.messages.setdefault(message_id, m.ReasoningMessage(id=message_id, content=""))
            case e.ReasoningMessageContent(message_id=message_id, delta=delta):
                thought = self.messages.get(message_id)
                if isinstance(thought, m.ReasoningMessage):
                    self.messages[message_id] = evolve(thought, content=thought.content + delta)
            case e.MessagesSnapshot(messages=messages):
                self._replace(messages)
            case e.ActivitySnapshot() | e.ActivityDelta():
                self._apply_activity(event)
            case _:
                pass

    def _start_text(self, event: e.TextMessageStart) -> None:
        makers: dict[str, type[m.UserMessage | m.SystemMessage | m.DeveloperMessage]] = {
            "user": m.UserMessage,
            "system": m.SystemMessage,
            "developer": m.DeveloperMessage,
        }
        if event.message_id in self.messages:
            return
        maker = makers.get(event.role)
        self.messages[event.message_id] = (
            maker(id=event.message_id, content="", name=event.name)
            if maker
            else m.AssistantMessage(
                id=event.message_id, content="", name=event.name, parent_message_id=event.parent_message_id
            )
        )

    def _start_call(self, event: e.ToolCallStart) -> None:
        parent_id = event.parent_message_id or event.tool_call_id
        parent = self.messages.get(parent_id)
        if not isinstance(parent, m.AssistantMessage):
            parent_id = parent_id if parent is None else event.tool_call_id
            parent = m.AssistantMessage(id=parent_id)
        call = m.ToolCall(event.tool_call_id, event.tool_call_name, "")
        self.messages[parent_id] = evolve(parent, tool_calls=(*parent.tool_calls, call))
        self._parents[event.tool_call_id] = parent_id

    def _add_arguments(self, call_id: str, delta: str) -> None:
        parent = self.messages.get(self._parents.get(call_id, ""))
        if isinstance(parent, m.AssistantMessage):
            calls = tuple(
                evolve(call, arguments=call.arguments + delta) if call.id == call_id else call
                for call in parent.tool_calls
            )
            self.messages[parent.id] = evolve(parent, tool_calls=calls)

    def _replace(self, messages: tuple[m.Message, ...]) -> None:
        side = m.ActivityMessage | m.ReasoningMessage
        keeps_side = not any(isinstance(message, side) for message in messages)
        kept = {i: msg for i, msg in self.messages.items() if keeps_side and isinstance(msg, side)}
        by_id = {message.id: message for message in messages}
        ordered = {i: by_id.get(i, msg) for i, msg in self.messages.items() if i in by_id or i in kept}
        self.messages = {**ordered, **{i: msg for i, msg in by_id.items() if i not in ordered}}
        self._parents = {
            call.id: message.id
            for message in self.messages.values()
            if isinstance(message, m.AssistantMessage)
            for call in message.tool_calls
        }

    def _apply_activity(self, event: e.ActivitySnapshot | e.ActivityDelta) -> None:
        current = self.messages.get(event.message_id)
        if isinstance(event, e.ActivitySnapshot):
            if event.replace or current is None:
                self.messages[event.message_id] = m.ActivityMessage(
                    id=event.message_id, activity_type=event.activity_type, content=event.content
                )
        elif isinstance(current, m.ActivityMessage):
            try:
                content = apply_patch(current.content, event.patch)
            except InvalidEventError:
                return
            self.messages[event.message_id] = evolve(current, content=content)


def object_state(state: JsonValue) -> JsonObject | None:
    """The state as an object that can be stored and shown to GraphQL clients, or ``None`` where it is none."""
    return state if isinstance(state, Mapping) else None
