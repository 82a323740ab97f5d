"""What a provider wants back with its own reasoning, kept in the conversation as AG-UI's ``encryptedValue``.

The values come back from clients, and conversations move between providers: what cannot be read, or is another API's,
is left out. Providers check their signatures themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from attrs import Factory, field, frozen

from agui_runtime.adapters.llm.conversation import plain, readable
from agui_runtime.domain.json_value import JsonValue, dumps, is_object
from agui_runtime.domain.messages import Message, ReasoningMessage


@frozen(kw_only=True)
class Seal:
    """What goes with a piece of reasoning, or with a call.

    Attributes:
        api: whose it is; no other API is given it.
        facts: as that API named them.
        answer: the id of the answer that the reasoning belongs to.
        place: how many parts of that answer came before it.
    """

    api: str
    facts: Mapping[str, str] = Factory(dict[str, str])
    answer: str = ""
    place: int = 0


@frozen
class Thought:
    """A piece of reasoning with its seal."""

    text: str
    seal: Seal = field()


Thoughts = Mapping[str, Sequence[Thought]]
"""By the id of the answer that they belong to, in their order."""


def sealed(seal: Seal) -> str:
    """The seal as the text that clients keep."""
    where: dict[str, JsonValue] = {"answer": seal.answer, "place": seal.place} if seal.answer else {}
    return dumps({"api": seal.api, **where, **seal.facts})


def opened(value: str | None, api: str) -> Seal | None:
    """The seal, or ``None`` where it is not one of this API."""
    found = readable(value or "")
    if not is_object(found) or found.get("api") != api:
        return None
    answer, place = found.get("answer", ""), found.get("place", 0)
    facts = {key: fact for key, fact in found.items() if isinstance(fact, str) and key not in {"api", "answer"}}
    if not isinstance(answer, str) or not isinstance(place, int) or isinstance(place, bool):
        return None
    return Seal(api=api, facts=facts, answer=answer, place=max(place, 0))


def thoughts_of(messages: Iterable[Message], api: str) -> Thoughts:
    """The reasoning in a conversation that an API has sealed."""
    found: defaultdict[str, list[Thought]] = defaultdict(list)
    for message in messages:
        if isinstance(message, ReasoningMessage):
            seal = opened(message.encrypted_value, api)
            if seal is not None and seal.answer:
                found[seal.answer].append(Thought(plain(message.content), seal))
    return {answer: sorted(thoughts, key=lambda thought: thought.seal.place) for answer, thoughts in found.items()}
