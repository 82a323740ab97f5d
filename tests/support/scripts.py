"""Agents and models whose every step a test decides."""

import asyncio
from collections.abc import AsyncIterator, Callable

from agui_runtime.adapters.scripted import FunctionAgent, ScriptedModel
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain import events as e
from agui_runtime.domain.messages import UserMessage, text_of
from agui_runtime.domain.runs import RunInput

Steps = AsyncIterator[e.Event]


def asked(request: ModelRequest | RunInput) -> str:
    """The user's newest words."""
    texts = [text_of(message.content) for message in request.messages if isinstance(message, UserMessage)]
    return texts[-1] if texts else ""


class Paced:
    """Says one chunk at a time, the next only when a test allows it.

    Attributes:
        cancelled: set once a run was cut.
    """

    def __init__(self, chunks: int) -> None:
        self.cancelled = asyncio.Event()
        self._chunks = chunks
        self._allowed = asyncio.Semaphore(0)

    def allow(self) -> None:
        """One more step."""
        self._allowed.release()

    async def steps(self, message_id: str) -> AsyncIterator[e.Event]:
        """The text, closed at the end."""
        try:
            await self._allowed.acquire()
            yield e.TextMessageStart(message_id)
            for index in range(self._chunks):
                if index:
                    await self._allowed.acquire()
                yield e.TextMessageContent(message_id, f"chunk{index} ")
            await self._allowed.acquire()
            yield e.TextMessageEnd(message_id)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise

    def model(self) -> ScriptedModel:
        """A model that speaks so."""

        async def script(request: ModelRequest) -> AsyncIterator[e.Event]:
            async for event in self.steps("msg-1"):
                yield event

        return ScriptedModel(script)

    def agent(self, name: str = "paced") -> FunctionAgent:
        """An agent that speaks so."""

        async def script(run_input: RunInput) -> AsyncIterator[e.Event]:
            async for event in self.steps("msg-1"):
                yield event

        return FunctionAgent(script, name)


def model(answer: Callable[[ModelRequest], Steps]) -> ScriptedModel:
    """A model that answers with these events."""
    return ScriptedModel(answer)
