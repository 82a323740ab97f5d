"""The fold from events to messages (contract agui §5 "Reducer"); it is linear, since pieces are joined once."""

from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from typing import Any

from attrs import evolve

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.patch import apply_patch

Identity = tuple[str, str]

_TEXT_MAKERS: Mapping[str, type[m.UserMessage | m.SystemMessage | m.DeveloperMessage]] = {
    m.Role.USER: m.UserMessage,
    m.Role.SYSTEM: m.SystemMessage,
    m.Role.DEVELOPER: m.DeveloperMessage,
}

_ASIDE: frozenset[type[m.Message]] = frozenset((m.ActivityMessage, m.ReasoningMessage))


def identity_of(message: m.Message) -> Identity:
    """What makes two messages the same one: the id, but for a tool result its call."""
    if isinstance(message, m.ToolMessage):
        return ("result of", message.tool_call_id)
    return ("message", message.id)


class _Draft:
    """A message in the making: its pieces are joined once, when all are there."""

    def __init__(self, message: m.Message) -> None:
        self.message = message
        self.text: list[str] = []
        self.calls: dict[str, m.ToolCall] = {}
        if isinstance(message, m.AssistantMessage):
            self.calls = {call.id: call for call in message.tool_calls}
        self.arguments: dict[str, list[str]] = {}

    def finished(self) -> m.Message:
        message = self.message
        if self.text and not isinstance(message, m.ActivityMessage):
            message = evolve(message, content=m.text_of(message.content) + "".join(self.text))
        if self.calls and isinstance(message, m.AssistantMessage):
            message = evolve(message, tool_calls=tuple(map(self._finished_call, self.calls.values())))
        return message

    def _finished_call(self, call: m.ToolCall) -> m.ToolCall:
        pieces = self.arguments.get(call.id)
        return evolve(call, arguments=call.arguments + "".join(pieces)) if pieces else call


class MessageFold:
    """A conversation that grows with each run's input and events."""

    def __init__(self) -> None:
        self._drafts: dict[Identity, _Draft] = {}
        self._callers: dict[str, _Draft] = {}

    def messages(self) -> tuple[m.Message, ...]:
        """The conversation, each tool result behind its call."""
        return _results_behind_calls([draft.finished() for draft in self._drafts.values()])

    def take_input(self, sent: Iterable[m.Message]) -> None:
        """Add a run's messages that are not known yet; its instructions take the place of earlier ones."""
        messages = tuple(sent)
        instructions = {identity_of(message): message for message in messages if _is_instruction(message)}
        if instructions:
            # Frontends mint new ids for their instructions with every request; the newest ones count.
            leading = [identity_of(message) for message in takewhile(_is_instruction, messages)]
            rest = {key: draft for key, draft in self._drafts.items() if not _is_instruction(draft.message)}
            self._drafts = {key: _Draft(instructions[key]) for key in leading} | rest
        for message in messages:
            if identity_of(message) not in self._drafts:
                self._add(message)

    def apply(self, events: Iterable[e.Event]) -> None:
        """Add what a run's events say."""
        for event in events:
            step = _STEPS.get(type(event))
            if step is not None:
                step(self, event)

    def _add(self, message: m.Message, key: Identity | None = None) -> _Draft:
        draft = self._drafts[key or identity_of(message)] = _Draft(message)
        for call_id in draft.calls:
            self._callers.setdefault(call_id, draft)
        return draft

    def start_text(self, event: e.TextMessageStart) -> None:
        """Open a message, unless a call has already opened it."""
        if ("message", event.message_id) in self._drafts:
            return
        maker = _TEXT_MAKERS.get(event.role)
        if maker is not None:
            self._add(maker(id=event.message_id, content="", name=event.name))
        else:
            parent = event.parent_message_id
            self._add(m.AssistantMessage(id=event.message_id, content="", name=event.name, parent_message_id=parent))

    def add_text(self, event: e.TextMessageContent | e.ReasoningMessageContent) -> None:
        """Add a piece of text."""
        draft = self._drafts.get(("message", event.message_id))
        if draft is not None:
            draft.text.append(event.delta)

    def start_call(self, event: e.ToolCallStart) -> None:
        """Open a call in its parent message, or in one of its own."""
        call_id = event.tool_call_id
        parent = self._drafts.get(("message", event.parent_message_id or call_id))
        if parent is None:
            parent = self._add(m.AssistantMessage(id=event.parent_message_id or call_id))
        elif not isinstance(parent.message, m.AssistantMessage):
            # The id is somebody else's: that message stays, and the call gets one of its own beside it.
            parent = self._add(m.AssistantMessage(id=call_id), key=("caller of", call_id))
        # A chunk stream that another event ended opens its call a second time.
        parent.calls.setdefault(call_id, m.ToolCall(call_id, event.tool_call_name, ""))
        self._callers[call_id] = parent

    def add_arguments(self, event: e.ToolCallArgs) -> None:
        """Add a piece of a call's arguments."""
        caller = self._callers.get(event.tool_call_id)
        if caller is not None:
            caller.arguments.setdefault(event.tool_call_id, []).append(event.delta)

    def add_result(self, event: e.ToolCallResult) -> None:
        """Add a call's result; the newest one counts."""
        self._drafts.pop(("result of", event.tool_call_id), None)
        self._add(m.ToolMessage(id=event.message_id, tool_call_id=event.tool_call_id, content=event.content))

    def start_reasoning(self, event: e.ReasoningMessageStart) -> None:
        """Open a piece of reasoning."""
        if ("message", event.message_id) not in self._drafts:
            self._add(m.ReasoningMessage(id=event.message_id, content=""))

    def seal_reasoning(self, event: e.ReasoningEncryptedValue) -> None:
        """Keep the provider's sealed form of a piece of reasoning, or of what stands behind a call."""
        if event.subtype == "tool-call":
            caller = self._callers.get(event.entity_id)
            if caller is not None:
                call = caller.calls[event.entity_id]
                caller.calls[event.entity_id] = evolve(call, encrypted_value=event.encrypted_value)
            return
        draft = self._drafts.get(("message", event.entity_id))
        if draft is not None and isinstance(draft.message, m.ReasoningMessage):
            draft.message = evolve(draft.message, encrypted_value=event.encrypted_value)

    def replace(self, event: e.MessagesSnapshot) -> None:
        """Take over a whole conversation.

        Activities and reasoning stay unless it has its own of that kind, since agents leave them out; an edit is the
        log's word and leaves out nothing.
        """
        staying: frozenset[type[m.Message]] = (
            frozenset() if event.is_edit else _ASIDE.difference(map(type, event.messages))
        )
        given = {identity_of(message): _Draft(message) for message in event.messages}
        kept = {
            key: given.get(key, draft)
            for key, draft in self._drafts.items()
            if key in given or type(draft.message) in staying
        }
        self._drafts = kept | given
        self._callers = {}
        for draft in self._drafts.values():
            for call_id in draft.calls:
                self._callers.setdefault(call_id, draft)

    def set_activity(self, event: e.ActivitySnapshot) -> None:
        """Add an activity, or replace what has its id."""
        if event.replace or ("message", event.message_id) not in self._drafts:
            self._add(m.ActivityMessage(id=event.message_id, activity_type=event.activity_type, content=event.content))

    def patch_activity(self, event: e.ActivityDelta) -> None:
        """Change an activity; a patch that does not apply is skipped, as clients skip it (contract agui §9)."""
        draft = self._drafts.get(("message", event.message_id))
        if draft is None or not isinstance(draft.message, m.ActivityMessage):
            return
        try:
            content = apply_patch(draft.message.content, event.patch)
        except InvalidEventError:
            return
        draft.message = evolve(draft.message, activity_type=event.activity_type, content=content)


_STEPS: Mapping[type, Callable[[MessageFold, Any], None]] = {
    e.TextMessageStart: MessageFold.start_text,
    e.TextMessageContent: MessageFold.add_text,
    e.ToolCallStart: MessageFold.start_call,
    e.ToolCallArgs: MessageFold.add_arguments,
    e.ToolCallResult: MessageFold.add_result,
    e.ReasoningMessageStart: MessageFold.start_reasoning,
    e.ReasoningMessageContent: MessageFold.add_text,
    e.ReasoningEncryptedValue: MessageFold.seal_reasoning,
    e.MessagesSnapshot: MessageFold.replace,
    e.ActivitySnapshot: MessageFold.set_activity,
    e.ActivityDelta: MessageFold.patch_activity,
}


def _is_instruction(message: m.Message) -> bool:
    return isinstance(message, m.SystemMessage | m.DeveloperMessage)


def _results_behind_calls(messages: list[m.Message]) -> tuple[m.Message, ...]:
    # A server's result may come after the text that follows the call, and providers refuse a call without its result
    # directly behind it.
    callers: dict[str, str] = {}
    results: dict[str, list[m.Message]] = {}
    others: list[m.Message] = []
    for message in messages:
        if isinstance(message, m.AssistantMessage):
            for call in message.tool_calls:
                callers[call.id] = message.id
        if isinstance(message, m.ToolMessage) and message.tool_call_id in callers:
            results.setdefault(callers[message.tool_call_id], []).append(message)
        else:
            others.append(message)
    ordered: list[m.Message] = []
    for message in others:
        ordered.append(message)
        if isinstance(message, m.AssistantMessage):
            ordered.extend(results.get(message.id, ()))
    return tuple(ordered)
