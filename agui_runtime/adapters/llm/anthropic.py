"""Models behind Anthropic's messages API.

Needs the extra ``anthropic``; importing this module without it raises ``ConfigurationError``.
"""

import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, ClassVar

from agui_runtime.adapters.llm.extras import missing_extra

try:
    import anthropic
except ImportError as error:
    raise missing_extra("Anthropic models", "anthropic") from error

import httpx2
from anthropic.types import (
    InputJSONDelta,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawContentBlockStopEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStreamEvent,
    RedactedThinkingBlock,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingConfigParam,
    ThinkingDelta,
    ToolUseBlock,
)

from agui_runtime.adapters.llm.answer_body import NOT_COMPRESSED
from agui_runtime.adapters.llm.anthropic_messages import API, messages_of, tool_choice_of, tools_of
from agui_runtime.adapters.llm.conversation import instructions_of
from agui_runtime.adapters.llm.faults import broke_off, connection_fault, filtered, provider_fault, timeout_fault
from agui_runtime.adapters.llm.parameters import without_nothing
from agui_runtime.adapters.llm.reply import Reply
from agui_runtime.adapters.llm.sdk_model import Question, SdkModel
from agui_runtime.adapters.llm.settings import ModelSettings
from agui_runtime.domain.errors import AguiError, ConfigurationError, InvalidError
from agui_runtime.domain.events import Event
from agui_runtime.domain.messages import AssistantMessage

Answer = anthropic.AsyncStream[RawMessageStreamEvent]

MAX_TOKENS = 4096


class AnthropicModel(SdkModel[Answer]):
    """A model behind the messages API.

    Args:
        model: the model's name.
        api_key: the SDK's environment variable ``ANTHROPIC_API_KEY`` by default.
        base_url: where the API is; Anthropic's by default.
        headers: go out with every request.
        provider: the name that people read in errors and usage.
        client: an SDK client made by you, for Bedrock or Vertex for example, in place of the key, URL and headers; it
            is yours to close, and its own timeouts and retries hold.
        max_tokens: the longest answer where a client asks for no length; the API insists on one.
        thinking: how the model may think, as the API names it: ``{"type": "adaptive", "display": "summarized"}``, or
            ``{"type": "enabled", "budget_tokens": 2048}``; the budget comes on top of the longest answer. The API lets
            no model think whose call is forced, or which goes on behind calls whose thoughts are not known (GraphQL
            frontends do not keep them): then it is not asked to.
        settings: what is the same for all providers.

    Raises:
        ConfigurationError: there is no key, or no model is named.
    """

    api: ClassVar[str] = API

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        provider: str = "Anthropic",
        client: anthropic.AsyncAnthropic | None = None,
        max_tokens: int = MAX_TOKENS,
        thinking: ThinkingConfigParam | None = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(provider, model, settings, api_key or os.environ.get("ANTHROPIC_API_KEY"))
        self._owns_client = client is None
        self._client = client or self._new_client(base_url, headers)
        self._max_tokens = max_tokens
        self._thinking = thinking

    async def close(self) -> None:
        """Close the connections; an answer still under way fails."""
        if self._owns_client:
            await self._client.close()

    def _new_client(self, base_url: str | None, headers: Mapping[str, str] | None) -> anthropic.AsyncAnthropic:
        # Without a key the SDK would look for credentials in files and at cloud services; nobody asked for that.
        if not self._key:
            raise ConfigurationError(
                f"The model {self._model!r} of the provider {self._provider} has no API key. "
                "Pass api_key or set ANTHROPIC_API_KEY."
            )
        timeouts = self._settings.timeouts
        return anthropic.AsyncAnthropic(
            api_key=self._key,
            base_url=base_url,
            default_headers=headers,
            http_client=anthropic.DefaultAsyncHttpxClient(event_hooks={"response": [self._watch]}),
            max_retries=self._settings.max_retries,
            timeout=anthropic.Timeout(timeouts.idle, connect=timeouts.connect),
        )

    async def _ask(self, question: Question) -> Answer:
        asked = question.parameters
        thinking = self._thinking_for(question)
        parallel = self._settings.parallel_tool_calls or not question.tools
        optional = {
            "system": instructions_of(question.turns) or None,
            "stop_sequences": list(asked.stop) or None,
            "tools": tools_of(question.tools) or None,
            "tool_choice": tool_choice_of(asked.tool_choice, parallel=parallel),
            "thinking": thinking,
        }
        arguments: dict[str, Any] = without_nothing(optional)
        answer: Answer = await self._client.messages.create(
            model=question.model,
            max_tokens=(asked.max_tokens or self._max_tokens) + _budget(thinking),
            messages=messages_of(question.turns, self._provider, question.thoughts),
            stream=True,
            # Newer SDKs no longer name every parameter that the API takes, the temperature for one.
            extra_body={**without_nothing({"temperature": asked.temperature}), **self._settings.options},
            extra_headers=NOT_COMPRESSED,
            **arguments,
        )
        await self._watch(answer.response)
        return answer

    def _thinking_for(self, question: Question) -> ThinkingConfigParam | None:
        if self._thinking is None or self._thinking["type"] == "disabled":
            return self._thinking
        asked = question.parameters
        if asked.tool_choice is not None and asked.tool_choice.mode in {"required", "function"}:
            return None
        if asked.temperature not in {None, 1}:
            raise InvalidError(
                f"forwardedParameters.temperature cannot be used: the model of {self._provider} is set to think."
            )
        said = [turn for turn in question.turns if isinstance(turn, AssistantMessage)]
        goes_on = bool(said and said[-1].tool_calls)
        if self._thinking["type"] == "enabled" and goes_on and said[-1].id not in question.thoughts:
            return None
        return self._thinking

    async def _read(self, answer: Answer, reply: Reply) -> AsyncGenerator[Event, None]:
        ending: str | None = None
        usage = _Usage()
        async for event in answer:
            match event:
                case RawMessageStartEvent(message=message):
                    reply.name(message.id)
                    usage.take(message.usage)
                case RawMessageDeltaEvent(delta=delta):
                    ending = delta.stop_reason or ending
                    usage.take(event.usage)
                case _:
                    for said in _pieces(event, reply):
                        yield said
        reply.counts.update(usage.counts())
        if ending is None:
            raise broke_off(self._provider)
        if ending == "refusal":
            raise filtered(self._provider)

    async def _hang_up(self, answer: Answer) -> None:
        await answer.close()

    def _fault_of(self, error: Exception, *, begun: bool) -> AguiError | None:
        match error:
            case anthropic.APITimeoutError() | httpx2.TimeoutException():
                return timeout_fault(self._provider, self._settings.timeouts.idle, begun=begun)
            case anthropic.APIStatusError(status_code=status, type=kind):
                # An error within a stream comes under the status of the stream, which is 200.
                refused = status if status >= 400 else None
                return provider_fault(self._provider, status=refused, code=kind, text=str(error))
            case anthropic.APIConnectionError() | httpx2.TransportError():
                return connection_fault(self._provider, begun=begun)
            case _:
                return None


def _pieces(event: RawMessageStreamEvent, reply: Reply) -> Iterator[Event]:
    match event:
        case RawContentBlockStartEvent(content_block=ToolUseBlock(id=call_id, name=name), index=index):
            yield from reply.call(index, name, call_id)
        case RawContentBlockStartEvent(content_block=TextBlock(text=text)):
            yield from reply.say(text)
        case RawContentBlockDeltaEvent(delta=TextDelta(text=text)):
            yield from reply.say(text)
        case RawContentBlockStartEvent(content_block=ThinkingBlock(thinking=text)):
            yield from reply.start_thought()
            yield from reply.think(text)
        case RawContentBlockDeltaEvent(delta=ThinkingDelta(thinking=text)):
            yield from reply.think(text)
        case RawContentBlockDeltaEvent(delta=SignatureDelta(signature=signature)):
            reply.seal_thought(API, signature=signature)
        case RawContentBlockStartEvent(content_block=RedactedThinkingBlock(data=data)):
            yield from reply.start_thought()
            reply.seal_thought(API, redacted=data)
        case RawContentBlockDeltaEvent(delta=InputJSONDelta(partial_json=text), index=index) if reply.has_call(index):
            yield from reply.arguments(index, text)
        case RawContentBlockStopEvent(index=index):
            yield from reply.end_call(index)
            yield from reply.end_thought()
        case _:
            # The provider's own tools are not part of the conversation.
            return


def _budget(thinking: ThinkingConfigParam | None) -> int:
    return thinking["budget_tokens"] if thinking is not None and thinking["type"] == "enabled" else 0


class _Usage:
    """The newest of each count: they come at the beginning and, grown, at the end."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def take(self, usage: Any) -> None:
        for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
            value = getattr(usage, name, None)
            if isinstance(value, int):
                self._newest[name] = value
        thought = getattr(getattr(usage, "output_tokens_details", None), "thinking_tokens", None)
        if isinstance(thought, int):
            self._newest["thinking_tokens"] = thought

    def counts(self) -> dict[str, int | None]:
        """Under AG-UI's names: its input counts include what was read from and written to a cache."""
        if not self._newest:
            return {}
        read, written = self._newest.get("cache_read_input_tokens"), self._newest.get("cache_creation_input_tokens")
        given = self._newest.get("input_tokens", 0) + (read or 0) + (written or 0)
        made = self._newest.get("output_tokens", 0)
        return {
            "inputTokens": given,
            "outputTokens": made,
            "totalTokens": given + made,
            "cachedInputTokens": read,
            "cacheWriteInputTokens": written,
            "reasoningTokens": self._newest.get("thinking_tokens"),
        }
