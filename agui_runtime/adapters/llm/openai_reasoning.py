"""What models think behind compatible servers, for which OpenAI's own chat completions have no place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from agui_runtime.adapters.llm.conversation import readable
from agui_runtime.adapters.llm.reply import Reply
from agui_runtime.adapters.llm.seals import Thought
from agui_runtime.domain.events import Event
from agui_runtime.domain.json_value import JsonValue, dumps, is_array, is_object

API = "openai"
"""Under which its thoughts are sealed."""

FIELDS = ("reasoning_content", "reasoning")
"""The text: of DeepSeek and older vLLM, and of OpenRouter, Groq and newer vLLM. Some send both, with the same text."""

DETAILS = "reasoning_details"
"""OpenRouter's own form, with what the model's vendor has signed or sealed."""

_JOINED = {"reasoning.text": "text", "reasoning.summary": "summary"}


class Reasoning:
    """The thoughts of one answer on their way to events.

    Args:
        reply: the answer.
    """

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._details: list[dict[str, JsonValue]] = []

    def read(self, delta: Mapping[str, Any]) -> Iterator[Event]:
        """What a piece of the answer has of them, in fields that the SDK does not know."""
        details: JsonValue = delta.get(DETAILS)
        for detail in details if is_array(details) else ():
            if is_object(detail):
                self._take(dict(detail))
        for name in FIELDS:
            text = delta.get(name)
            if isinstance(text, str) and text:
                yield from self._reply.think(text)
                self._reply.seal_thought(API, field=name)
                return

    def end(self) -> Iterator[Event]:
        """The answer is complete: seal what came in pieces, whole."""
        if self._details:
            details = cast("list[JsonValue]", self._details)
            yield from self._reply.seal_again(API, details=dumps(details))

    def _take(self, detail: dict[str, JsonValue]) -> None:
        kind = detail.get("type")
        words = _JOINED.get(kind) if isinstance(kind, str) else None
        last = self._details[-1] if self._details else {}
        if words is None or (last.get("type"), last.get("index")) != (kind, detail.get("index")):
            self._details.append(detail)
            return
        text = f"{last.get(words) or ''}{detail.get(words) or ''}"
        last.update({key: value for key, value in detail.items() if value})
        last[words] = text


def fields_of(thoughts: Sequence[Thought], insisted_on: str | None) -> dict[str, Any]:
    """What goes back with an answer, under the names that it came under.

    Args:
        thoughts: of that answer; they come back from clients.
        insisted_on: the field that the server wants even where its thoughts are lost.
    """
    fields: dict[str, Any] = {}
    names = [thought.seal.facts.get("field") for thought in thoughts]
    name = next((name for name in names if name in FIELDS), insisted_on)
    if name is not None:
        fields[name] = "".join(thought.text for thought in thoughts)
    details = [thought.seal.facts["details"] for thought in thoughts if "details" in thought.seal.facts]
    if details and (sealed := _list_of(details[0])):
        fields[DETAILS] = sealed
    return fields


def _list_of(text: str) -> list[JsonValue]:
    found = readable(text)
    return [item for item in found if is_object(item)] if is_array(found) else []
