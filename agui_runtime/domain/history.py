"""Pure folds of a thread's events: to messages, to state, and what a client's own list says about them."""

from collections.abc import Iterable, Sequence

from attrs import frozen

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object
from agui_runtime.domain.message_fold import MessageFold, identity_of
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


def object_state(state: JsonValue) -> JsonObject | None:
    """The state as an object that can be stored and shown to GraphQL clients, or ``None`` where it is none."""
    return state if is_object(state) else None


def fold_messages(events: Iterable[e.Event]) -> tuple[m.Message, ...]:
    """The conversation that a thread's events tell (contract agui §5 "Reducer").

    What a run said that a guardrail denied stays out; the user's message stays in, and so does the edit with it.
    """
    fold = MessageFold()
    fold_into(fold, events)
    return fold.messages()


def fold_into(fold: MessageFold, events: Iterable[e.Event]) -> None:
    """Add a thread's events, from the beginning of a run on, to what was said before."""
    said: list[e.Event] = []
    for event in events:
        if isinstance(event, e.RunStarted):
            fold.apply(said)
            said = []
            fold.take_input(event.input.messages if event.input else ())
        elif isinstance(event, e.RunError) and event.code == ErrorCode.GUARDRAIL_DENIED:
            said = [each for each in said if isinstance(each, e.MessagesSnapshot) and each.is_edit]
        else:
            said.append(event)
    fold.apply(said)


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
    known = {identity_of(message) for message in stored}
    sent_ids = {identity_of(message) for message in sent}
    new = tuple(message for message in sent if identity_of(message) not in known)
    shared = [i for i, message in enumerate(stored) if identity_of(message) in sent_ids and _is_turn(message)]
    if not shared or not any(_is_turn(message) for message in stored[shared[-1] + 1 :]):
        return Edit(new, None)
    return Edit(new, tuple(stored[: shared[-1] + 1]))


def _is_turn(message: m.Message) -> bool:
    return isinstance(message, m.UserMessage | m.AssistantMessage | m.ToolMessage)
