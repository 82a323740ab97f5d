"""What models behind SDKs have in common: from a request to a question, from an answer to events."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import ClassVar, Generic, TypeVar
from uuid import uuid4

from attrs import frozen

from agui_runtime.adapters.llm.answer_body import watch
from agui_runtime.adapters.llm.conversation import Turn, conversation_of
from agui_runtime.adapters.llm.faults import too_slow, unreadable
from agui_runtime.adapters.llm.parameters import Parameters, parameters_of
from agui_runtime.adapters.llm.reply import Reply, finished
from agui_runtime.adapters.llm.seals import Thoughts, thoughts_of
from agui_runtime.adapters.llm.settings import ModelSettings
from agui_runtime.adapters.llm.stream import AnswerStream
from agui_runtime.application.values import ModelRequest, ModelRun
from agui_runtime.domain.errors import AguiError, ConfigurationError, InvalidError
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import ThreadId
from agui_runtime.domain.tools import Tool

S = TypeVar("S")

MAX_WORDS = 500
"""Of a provider's error in the log; some repeat the prompt."""

logger = logging.getLogger(__name__)


@frozen
class Question:
    """What a provider is asked, before it has the provider's form."""

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...]
    parameters: Parameters
    thoughts: Thoughts


class SdkModel(ABC, Generic[S]):
    """A ``LanguageModel`` over an SDK whose open answer is an ``S``.

    Attributes:
        api: the name under which its reasoning is sealed.

    Args:
        provider: its name, for people.
        model: the model asked unless a client asks for another.
        settings: what is the same for all providers.
        key: kept out of the log.
    """

    api: ClassVar[str]

    def __init__(self, provider: str, model: str, settings: ModelSettings | None, key: str | None) -> None:
        if not model:
            raise ConfigurationError(f"Name the model of the provider {provider} that is to answer.")
        self._provider = provider
        self._model = model
        self._settings = settings or ModelSettings()
        self._key = key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r})"

    @property
    def provider(self) -> str:
        """Its provider's name, for people."""
        return self._provider

    async def start(self, request: ModelRequest) -> ModelRun:
        """Ask it, and wait until it begins to answer.

        Raises:
            InvalidError: a parameter or an attachment cannot be used, or the conversation is too long.
            DeniedError: the provider does not accept the key (``UNAUTHENTICATED``).
            ConfigurationError: it does not know the model.
            UnavailableError: it cannot be reached, is overloaded, or has had too many requests (``RATE_LIMITED``).
            TimedOutError: it does not answer in time.
            AgentError: it refuses the request for another reason.
        """
        question = self._question(request)
        # As the TypeScript runtime's adapters: a thread of one's own where there is none (contract graphql §7).
        thread_id = request.thread_id or ThreadId(str(uuid4()))
        answer = await self._begin(question)
        reply = Reply(request.messages, self._settings.new_id)
        events = self._events(answer, reply, question, thread_id, request.run_id or "")
        return ModelRun(AnswerStream(events, partial(self._hang_up, answer), self._failure_of), thread_id)

    @abstractmethod
    async def _ask(self, question: Question) -> S:
        """Send it; the answer has begun, and not been read."""

    @abstractmethod
    def _read(self, answer: S, reply: Reply) -> AsyncGenerator[Event, None]:
        """The events of an answer, through ``reply``; ``reply.counts`` takes what was used.

        Raises:
            AguiError: the answer ended before its end.
        """

    @abstractmethod
    async def _hang_up(self, answer: S) -> None:
        """Close its connection; harmless when it is closed."""

    @abstractmethod
    def _fault_of(self, error: Exception, *, begun: bool) -> AguiError | None:
        """What an exception of the SDK means, before the answer or within it; ``None`` for one of something else."""

    async def _watch(self, response: object) -> None:
        """Put the limits around a response that has not been read."""
        watch(response, self._provider, self._settings)

    def _question(self, request: ModelRequest) -> Question:
        parameters = parameters_of(request.forwarded_parameters, request.tools)
        allowed = self._settings.allowed_models
        if parameters.model is not None and allowed is not None and parameters.model not in {*allowed, self._model}:
            raise InvalidError(f"The model {parameters.model!r} is not one that clients may ask for.")
        return Question(
            model=parameters.model or self._model,
            turns=conversation_of(request.messages, {tool.name for tool in request.tools}),
            tools=request.tools,
            parameters=parameters,
            thoughts=thoughts_of(request.messages, self.api),
        )

    async def _begin(self, question: Question) -> S:
        seconds = self._settings.timeouts.first_byte
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(question)
        except TimeoutError as error:
            raise too_slow(self._provider, seconds) from error
        except Exception as error:
            fault = self._fault_of(error, begun=False)
            if fault is None:
                raise
            logger.warning("%s did not answer for %s: %s", self._provider, question.model, self._words_of(error))
            raise fault from error

    async def _events(
        self, answer: S, reply: Reply, question: Question, thread_id: str, run_id: str
    ) -> AsyncGenerator[Event, None]:
        async with aclosing(self._read(answer, reply)) as events:
            async for event in events:
                yield event
        for event in reply.end():
            yield event
        yield finished(thread_id, run_id, self._provider, question.model, reply.counts)

    def _words_of(self, error: Exception) -> str:
        """A provider's own words, for the log; some servers say the key in them."""
        words = str(error)
        if self._key:
            words = words.replace(self._key, "***")
        return words[:MAX_WORDS]

    def _failure_of(self, error: Exception) -> AguiError:
        if isinstance(error, AguiError):
            return error
        return self._fault_of(error, begun=True) or unreadable(self._provider)
