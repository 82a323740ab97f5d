"""Tool calls and results put in the order that providers insist on.

OpenAI, Anthropic and others refuse a whole conversation in which a call is not answered exactly once, directly behind
the message that made it. Frontends send such conversations: the user spoke while a call waited, a run was stopped, a
message came twice.
"""

from collections.abc import Iterable, Iterator

from attrs import define, evolve

from agui_runtime.domain.messages import AssistantMessage, Message, ToolCall, ToolMessage

NO_RESULT = "No result: this call was not answered."
"""What a model reads where nobody answered its call."""


def repair_history(messages: Iterable[Message], *, keep_open: bool = False) -> tuple[Message, ...]:
    """The same conversation with each tool call answered once, directly behind its message, under an id of its own.

    - A result moves behind its call; of several, the first counts. A result without a call is dropped.
    - A call that is there twice (same id, name and arguments) stays once. Different calls with one id get ids of
      their own.
    - A call without a result gets ``NO_RESULT``.

    Everything else stays as it is and where it is. Repairing twice changes nothing more.

    Args:
        messages: as a client or a log has them.
        keep_open: calls at the end of the conversation, behind which only calls and results follow, stay unanswered:
            an agent that waits for its user answers them itself.
    """
    history = tuple(messages)
    ledger = _Ledger(history)
    open_from = ledger.start_of_open_end(history) if keep_open else len(history)
    repaired: list[Message] = []
    for index, message in enumerate(history):
        if isinstance(message, AssistantMessage) and message.tool_calls:
            repaired.extend(ledger.repaired(index, message, may_wait=index >= open_from))
        elif not isinstance(message, ToolMessage):
            repaired.append(message)
    return tuple(repaired)


@define
class _Entry:
    """One call where it stands, with its answer."""

    message_id: str
    call: ToolCall
    result: ToolMessage | None = None
    is_repetition: bool = False

    def repeats(self, other: "_Entry") -> bool:
        return self.call == other.call and (self.result is None or self.message_id == other.message_id)


class _Ledger:
    """All calls of a conversation by message and by id."""

    def __init__(self, history: tuple[Message, ...]) -> None:
        self._by_message: dict[int, list[_Entry]] = {}
        self._by_id: dict[str, list[_Entry]] = {}
        self._message_ids = {message.id for message in history}
        self._enter(history)
        for entries in self._by_id.values():
            _mark_repetitions(entries)
        self._name()

    def repaired(self, index: int, message: AssistantMessage, *, may_wait: bool) -> Iterator[Message]:
        """The message with the calls that stay, and their results. A message that was nothing but repetitions goes."""
        entries = [entry for entry in self._by_message[index] if not entry.is_repetition]
        calls = tuple(entry.call for entry in entries)
        if calls or message.content:
            yield message if calls == message.tool_calls else evolve(message, tool_calls=calls)
        for entry in entries:
            if entry.result is not None:
                result, call_id = entry.result, entry.call.id
                yield result if result.tool_call_id == call_id else evolve(result, tool_call_id=call_id)
            elif not may_wait:
                yield ToolMessage(
                    id=_free(f"result-{entry.call.id}", self._message_ids),
                    tool_call_id=entry.call.id,
                    content=NO_RESULT,
                    tool_name=entry.call.name,
                )

    def start_of_open_end(self, history: tuple[Message, ...]) -> int:
        """From where on the repaired conversation has only calls and results."""
        index = len(history)
        while index and self._is_call_or_result(index - 1, history[index - 1]):
            index -= 1
        return index

    def _is_call_or_result(self, index: int, message: Message) -> bool:
        if isinstance(message, AssistantMessage) and message.tool_calls:
            # Without its repetitions it may be a text like any other, or nothing at all.
            return not message.content or not all(entry.is_repetition for entry in self._by_message[index])
        return isinstance(message, ToolMessage)

    def _enter(self, history: tuple[Message, ...]) -> None:
        early: list[ToolMessage] = []
        for index, message in enumerate(history):
            if isinstance(message, AssistantMessage):
                entries = [_Entry(message.id, call) for call in message.tool_calls]
                self._by_message[index] = entries
                for entry in entries:
                    self._by_id.setdefault(entry.call.id, []).append(entry)
            elif isinstance(message, ToolMessage):
                if message.tool_call_id in self._by_id:
                    self._answer(message)
                else:
                    early.append(message)
        for message in early:
            self._answer(message)

    def _answer(self, result: ToolMessage) -> None:
        for entry in self._by_id.get(result.tool_call_id, ()):
            if entry.result is None:
                entry.result = result
                return

    def _name(self) -> None:
        taken = set(self._by_id)
        for call_id, entries in self._by_id.items():
            kept = [entry for entry in entries if not entry.is_repetition]
            for entry in kept if not call_id else kept[1:]:
                entry.call = evolve(entry.call, id=_free(call_id or "call", taken))


def _mark_repetitions(entries: list[_Entry]) -> None:
    kept: list[_Entry] = []
    for entry in entries:
        entry.is_repetition = any(entry.repeats(other) for other in kept)
        if not entry.is_repetition:
            kept.append(entry)


def _free(base: str, taken: set[str]) -> str:
    candidate, number = base, 1
    while candidate in taken:
        number += 1
        candidate = f"{base}-{number}"
    taken.add(candidate)
    return candidate
