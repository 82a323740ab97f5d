"""How a scenario is picked, and the one that both the model and the agents play."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from agui_runtime.adapters.scripted import chunks
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m


def scenario_of(messages: Sequence[m.Message]) -> tuple[str, list[str]]:
    """The scenario's name and arguments, from the newest user message that has text."""
    for message in reversed(messages):
        if isinstance(message, m.UserMessage) and _has_text(message.content):
            name, *arguments = m.text_of(message.content).strip().split(":")
            return name, arguments
    return "text", ["1"]


async def slow_text(message_id: str, arguments: Sequence[str]) -> AsyncIterator[e.Event]:
    """``slow:N:MS``: N chunks, MS milliseconds apart; 20 and 50 by default."""
    count, pause = (int(given) for given in (*arguments, *("20", "50")[len(arguments) :])[:2])
    yield e.TextMessageStart(message_id)
    for piece in chunks(count):
        await asyncio.sleep(pause / 1000)
        yield e.TextMessageContent(message_id, piece)
    yield e.TextMessageEnd(message_id)


def _has_text(content: m.Content) -> bool:
    return isinstance(content, str) or any(isinstance(part, m.TextPart) for part in content)
