"""Models behind OpenAI's chat completions: OpenAI itself, Azure, vLLM, Ollama, LiteLLM and others by base URL.

Needs the extra ``openai``; importing this module without it raises ``ConfigurationError``.
"""

import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, ClassVar

from agui_runtime.adapters.llm.extras import missing_extra

try:
    import openai
except ImportError as error:
    raise missing_extra("OpenAI models", "openai") from error

from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from agui_runtime.adapters.llm.answer_body import NOT_COMPRESSED
from agui_runtime.adapters.llm.faults import broke_off, connection_fault, filtered, provider_fault, timeout_fault
from agui_runtime.adapters.llm.openai_messages import messages_of, tool_choice_of, tools_of
from agui_runtime.adapters.llm.openai_reasoning import API, Reasoning
from agui_runtime.adapters.llm.parameters import without_nothing
from agui_runtime.adapters.llm.reply import Reply
from agui_runtime.adapters.llm.sdk_model import Question, SdkModel
from agui_runtime.adapters.llm.settings import ModelSettings
from agui_runtime.domain.errors import AguiError, ConfigurationError
from agui_runtime.domain.events import Event

Answer = openai.AsyncStream[ChatCompletionChunk]


class OpenAIModel(SdkModel[Answer]):
    """A model behind the chat completions API.

    Args:
        model: the model's name, or the deployment's with Azure.
        api_key: the SDK's environment variable ``OPENAI_API_KEY`` by default. Servers that want none take any text.
        base_url: where the API is; OpenAI's by default.
        headers: go out with every request.
        provider: the name that people read in errors and usage.
        client: an SDK client made by you, ``AsyncAzureOpenAI`` for example, in place of the key, URL and headers; it
            is yours to close, and its own timeouts and retries hold.
        max_tokens_parameter: older servers know ``max_tokens`` only.
        reasoning_field: where the server insists on its thoughts behind every call, ``reasoning_content`` for DeepSeek:
            it is sent empty where they are lost (GraphQL frontends do not keep them).
        reports_usage: whether to ask for token counts; a few servers refuse the question.
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
        provider: str = "OpenAI",
        client: openai.AsyncOpenAI | None = None,
        max_tokens_parameter: str = "max_completion_tokens",
        reasoning_field: str | None = None,
        reports_usage: bool = True,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(provider, model, settings, api_key or os.environ.get("OPENAI_API_KEY"))
        self._owns_client = client is None
        self._client = client or self._new_client(api_key, base_url, headers)
        self._max_tokens_parameter = max_tokens_parameter
        self._reasoning_field = reasoning_field
        self._reports_usage = reports_usage

    async def close(self) -> None:
        """Close the connections; an answer still under way fails."""
        if self._owns_client:
            await self._client.close()

    def _new_client(
        self, api_key: str | None, base_url: str | None, headers: Mapping[str, str] | None
    ) -> openai.AsyncOpenAI:
        timeouts = self._settings.timeouts
        try:
            return openai.AsyncOpenAI(
                api_key=api_key,
                base_url=base_url,
                default_headers=headers,
                http_client=openai.DefaultAsyncHttpxClient(event_hooks={"response": [self._watch]}),
                max_retries=self._settings.max_retries,
                timeout=openai.Timeout(timeouts.idle, connect=timeouts.connect),
            )
        except openai.OpenAIError as error:
            raise ConfigurationError(
                f"The model {self._model!r} of the provider {self._provider} has no API key. "
                "Pass api_key or set OPENAI_API_KEY."
            ) from error

    async def _ask(self, question: Question) -> Answer:
        asked = question.parameters
        optional = {
            "temperature": asked.temperature,
            self._max_tokens_parameter: asked.max_tokens,
            "stop": list(asked.stop) or None,
            "tools": tools_of(question.tools) or None,
            "tool_choice": asked.tool_choice and tool_choice_of(asked.tool_choice),
            "parallel_tool_calls": False if question.tools and not self._settings.parallel_tool_calls else None,
            "stream_options": {"include_usage": True} if self._reports_usage else None,
        }
        arguments: dict[str, Any] = without_nothing(optional)
        answer: Answer = await self._client.chat.completions.create(
            model=question.model,
            messages=messages_of(question.turns, self._provider, question.thoughts, self._reasoning_field),
            stream=True,
            # The API's own names, which the SDK's signature need not know.
            extra_body=self._settings.options or None,
            extra_headers=NOT_COMPRESSED,
            **arguments,
        )
        await self._watch(answer.response)
        return answer

    async def _read(self, answer: Answer, reply: Reply) -> AsyncGenerator[Event, None]:
        ending: str | None = None
        is_counted = False
        reasoning = Reasoning(reply)
        async for chunk in answer:
            # Azure's first event, on its filter, has none.
            if chunk.id:
                reply.name(chunk.id)
            if chunk.usage is not None:
                is_counted = True
                reply.counts.update(_counts(chunk))
            # Some servers leave them out of their last event.
            for choice in (chunk.choices or ())[:1]:
                for event in reasoning.read(choice.delta.model_extra or {}):
                    yield event
                for event in _pieces(choice.delta, reply):
                    yield event
                ending = choice.finish_reason or ending
        for event in reasoning.end():
            yield event
        # Some servers give no reason for an end with a tool call; the count of tokens comes behind everything.
        if ending is None and not is_counted:
            raise broke_off(self._provider)
        if ending == "content_filter":
            raise filtered(self._provider)

    async def _hang_up(self, answer: Answer) -> None:
        await answer.close()

    def _fault_of(self, error: Exception, *, begun: bool) -> AguiError | None:
        match error:
            case openai.APITimeoutError():
                return timeout_fault(self._provider, self._settings.timeouts.idle, begun=begun)
            case openai.APIStatusError(status_code=status):
                return self._refusal(error, status)
            case openai.APIConnectionError():
                return connection_fault(self._provider, begun=begun)
            case openai.APIError():
                return self._refusal(error, None)
            case _:
                return None

    def _refusal(self, error: openai.APIError, status: int | None) -> AguiError:
        # A gateway has its upstream's words in the body alone.
        text = f"{error} {error.body}"
        return provider_fault(self._provider, status=status, code=error.code or error.type, text=text)


def _pieces(delta: ChoiceDelta, reply: Reply) -> Iterator[Event]:
    yield from reply.say(delta.content)
    yield from reply.say(delta.refusal)
    for call in delta.tool_calls or ():
        function = call.function
        if function is not None and function.name and not reply.has_call(call.index):
            yield from reply.call(call.index, function.name, call.id)
        if function is not None:
            yield from reply.arguments(call.index, function.arguments)


def _counts(chunk: ChatCompletionChunk) -> dict[str, int | None]:
    usage = chunk.usage
    if usage is None:
        return {}
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return {
        "inputTokens": usage.prompt_tokens,
        "outputTokens": usage.completion_tokens,
        "totalTokens": usage.total_tokens,
        "cachedInputTokens": prompt.cached_tokens if prompt else None,
        "reasoningTokens": completion.reasoning_tokens if completion else None,
    }
