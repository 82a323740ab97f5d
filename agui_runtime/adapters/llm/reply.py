"""From a provider's pieces to events: what opens, what closes, under which ids. Written once for all providers."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from attrs import define, evolve

from agui_runtime.adapters.llm.seals import Seal, sealed
from agui_runtime.domain.events import (
    Event,
    ReasoningEncryptedValue,
    ReasoningEnd,
    ReasoningMessageContent,
    ReasoningMessageEnd,
    ReasoningMessageStart,
    ReasoningStart,
    RunFinished,
    TextMessageContent,
    TextMessageEnd,
    TextMessageStart,
    ToolCallArgs,
    ToolCallEnd,
    ToolCallStart,
)
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.messages import AssistantMessage, Message


@define
class _Call:
    id: str
    is_open: bool = True


class Reply:
    """One answer in the making.

    As with the TypeScript runtime's adapters, text has the id that the provider gives its answer, and that is the
    parent of the answer's tool calls. Ids that the conversation has already are replaced: some servers count from
    zero in every answer.

    Attributes:
        counts: the tokens used, under AG-UI's names.

    Args:
        messages: the conversation, for the ids in use.
        new_id: makes ids.
    """

    def __init__(self, messages: Iterable[Message], new_id: Callable[[], str]) -> None:
        self.counts: dict[str, int | None] = {}
        self._new_id = new_id
        self._taken: set[str] = set()
        for message in messages:
            self._taken.add(message.id)
            if isinstance(message, AssistantMessage):
                self._taken.update(call.id for call in message.tool_calls)
        self._message_id: str | None = None
        self._text_id: str | None = None
        self._calls: dict[Hashable, _Call] = {}
        self._has_spoken = False
        self._thought_id: str | None = None
        self._thought_seal: Seal | None = None
        self._sealed: tuple[str, Seal] | None = None
        self._parts = 0

    def name(self, answer_id: str | None) -> None:
        """The provider's id of the answer; the first counts."""
        if self._message_id is None:
            self._message_id = self._free(answer_id)

    def start_thought(self) -> Iterator[Event]:
        """The model begins to think aloud."""
        yield from self._end_text()
        yield from self.end_thought()
        self.name(None)
        self._thought_id = self._free(None)
        yield ReasoningStart(self._thought_id)
        yield ReasoningMessageStart(self._thought_id)
        self._parts += 1

    def think(self, delta: str | None) -> Iterator[Event]:
        """A piece of what the model thinks."""
        if not delta:
            return
        if self._thought_id is None:
            yield from self.start_thought()
        assert self._thought_id is not None  # noqa: S101 - just started
        yield ReasoningMessageContent(self._thought_id, delta)

    def seal_thought(self, api: str, **facts: str) -> None:
        """Keep with the open thought what the provider wants back with it."""
        place = max(self._parts - 1, 0)
        self._thought_seal = Seal(api=api, facts=facts, answer=self._message_id or "", place=place)

    def end_thought(self) -> Iterator[Event]:
        """The thought is complete; harmless where none is open."""
        thought_id, seal = self._thought_id, self._thought_seal
        self._thought_id = self._thought_seal = None
        if thought_id is not None:
            yield ReasoningMessageEnd(thought_id)
            if seal is not None:
                self._sealed = thought_id, seal
                yield ReasoningEncryptedValue("message", thought_id, sealed(seal))
            yield ReasoningEnd(thought_id)

    def seal_again(self, api: str, **facts: str) -> Iterator[Event]:
        """Seal the newest thought with more of what came for it; a thought without words where there is none."""
        yield from self.end_thought()
        if self._sealed is None:
            yield from self.start_thought()
            self.seal_thought(api, **facts)
            yield from self.end_thought()
            return
        thought_id, seal = self._sealed
        yield ReasoningEncryptedValue("message", thought_id, sealed(evolve(seal, facts={**seal.facts, **facts})))

    def say(self, delta: str | None) -> Iterator[Event]:
        """A piece of text."""
        if not delta:
            return
        yield from self.end_thought()
        if self._text_id is None:
            self.name(None)
            self._parts += 1
            # Behind a tool call the text is another message: the first one has ended.
            self._text_id = self._free(None) if self._has_spoken else self._message_id or self._free(None)
            self._has_spoken = True
            yield TextMessageStart(self._text_id)
        yield TextMessageContent(self._text_id, delta)

    def call(self, key: Hashable, name: str, call_id: str | None) -> Iterator[Event]:
        """A tool call begins; ``key`` is the provider's handle for its pieces."""
        yield from self._end_text()
        yield from self.end_thought()
        self.name(None)
        self._parts += 1
        call = self._calls[key] = _Call(self._free(call_id))
        yield ToolCallStart(call.id, name, self._message_id)

    def has_call(self, key: Hashable) -> bool:
        """Whether a call of that handle has begun."""
        return key in self._calls

    def id_of(self, key: Hashable) -> str:
        """The id that a call has in the conversation."""
        return self._calls[key].id

    def arguments(self, key: Hashable, delta: str | None) -> Iterator[Event]:
        """A piece of a call's arguments."""
        if delta:
            yield ToolCallArgs(self._calls[key].id, delta)

    def seal_call(self, key: Hashable, api: str, **facts: str) -> Iterator[Event]:
        """What the provider wants back with a call."""
        yield ReasoningEncryptedValue("tool-call", self._calls[key].id, sealed(Seal(api=api, facts=facts)))

    def end_call(self, key: Hashable) -> Iterator[Event]:
        """A call's arguments are complete."""
        call = self._calls.get(key)
        if call is not None and call.is_open:
            call.is_open = False
            yield ToolCallEnd(call.id)

    def end(self) -> Iterator[Event]:
        """The answer is complete."""
        yield from self._end_text()
        yield from self.end_thought()
        for key in tuple(self._calls):
            yield from self.end_call(key)

    def _end_text(self) -> Iterator[Event]:
        if self._text_id is not None:
            yield TextMessageEnd(self._text_id)
            self._text_id = None

    def _free(self, wanted: str | None) -> str:
        free = wanted if wanted and wanted not in self._taken else self._new_id()
        self._taken.add(free)
        return free


def finished(thread_id: str, run_id: str, provider: str, model: str, counts: Mapping[str, int | None]) -> RunFinished:
    """The end of an answer with what it used, in AG-UI's terms: parts are parts of the totals, never beside them."""
    used = {name: count for name, count in counts.items() if count is not None}
    usage: tuple[JsonObject, ...] = ({"provider": provider, "model": model, **used},) if used else ()
    return RunFinished(thread_id, run_id, usage=usage)
