"""Models behind Google's generateContent: Gemini by API key.

Needs the extra ``google``; importing this module without it raises ``ConfigurationError``.
"""

import asyncio
import base64
import binascii
import os
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar

from agui_runtime.adapters.llm.extras import missing_extra

try:
    from google import genai
    from google.genai import errors, types
except ImportError as error:
    raise missing_extra("Google models", "google") from error

import httpx2
from attrs import define

from agui_runtime.adapters.llm.answer_body import NOT_COMPRESSED
from agui_runtime.adapters.llm.conversation import instructions_of
from agui_runtime.adapters.llm.faults import broke_off, connection_fault, filtered, provider_fault, timeout_fault
from agui_runtime.adapters.llm.google_messages import API, SignatureOf, contents_of, tool_config_of, tools_of
from agui_runtime.adapters.llm.parameters import without_nothing
from agui_runtime.adapters.llm.reply import Reply
from agui_runtime.adapters.llm.sdk_model import Question, SdkModel
from agui_runtime.adapters.llm.seals import opened
from agui_runtime.adapters.llm.settings import ModelSettings
from agui_runtime.domain.errors import AguiError, ConfigurationError
from agui_runtime.domain.events import Event
from agui_runtime.domain.json_value import dumps
from agui_runtime.domain.messages import ToolCall

MAX_SIGNATURES = 4096
UNKNOWN_SIGNATURE = b"skip_thought_signature_validator"
"""What Google documents for a call whose signature is not known: another process or another model made it."""

_BAD_KEY = re.compile("API_KEY_INVALID|API key not valid")
_GENERATION = re.compile(r"gemini-(\d+)")
_FILTERED = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"})

_response: ContextVar["list[httpx2.Response] | None"] = ContextVar("_response", default=None)


@define
class Answer:
    """An answer under way: the SDK closes its connection only when its generators are collected, so it is kept."""

    chunks: AsyncIterator[types.GenerateContentResponse]
    first: types.GenerateContentResponse | None
    response: httpx2.Response | None


async def _keep(response: httpx2.Response) -> None:
    kept = _response.get()
    if kept is not None:
        kept.append(response)


class GoogleModel(SdkModel[Answer]):
    """A model behind generateContent.

    Args:
        model: the model's name.
        api_key: the environment variables ``GOOGLE_API_KEY`` or ``GEMINI_API_KEY`` by default.
        base_url: where the API is; Google's by default.
        headers: go out with every request.
        provider: the name that people read in errors and usage.
        thinking: how the model may think, as the API names it: ``{"include_thoughts": True}`` shows what it thinks.
        settings: what is the same for all providers; ``parallel_tool_calls`` is not the API's to say.

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
        provider: str = "Google",
        thinking: Mapping[str, Any] | None = None,
        settings: ModelSettings | None = None,
    ) -> None:
        key = api_key or os.environ.get("GOOGLE_API_KEY") or os.environ.get("GEMINI_API_KEY")
        super().__init__(provider, model, settings, key)
        if not key:
            raise ConfigurationError(
                f"The model {model!r} of the provider {provider} has no API key. Pass api_key or set GOOGLE_API_KEY."
            )
        timeouts = self._settings.timeouts
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeouts.idle, connect=timeouts.connect),
            event_hooks={"response": [_keep, self._watch]},
        )
        self._client = genai.Client(
            vertexai=False,
            api_key=key,
            http_options=types.HttpOptions(
                base_url=base_url,
                headers={**(headers or {}), **NOT_COMPRESSED},
                httpx_async_client=self._http,
                retry_options=types.HttpRetryOptions(attempts=self._settings.max_retries + 1),
            ),
        )
        self._thinking = thinking
        self._signatures: OrderedDict[str, bytes] = OrderedDict()

    async def close(self) -> None:
        """Close the connections; an answer still under way fails."""
        await self._http.aclose()
        self._client.close()

    async def _ask(self, question: Question) -> Answer:
        asked = question.parameters
        config: dict[str, Any] = without_nothing(
            {
                "system_instruction": instructions_of(question.turns) or None,
                "temperature": asked.temperature,
                "max_output_tokens": asked.max_tokens,
                "stop_sequences": list(asked.stop) or None,
                "tools": tools_of(question.tools) or None,
                "tool_config": asked.tool_choice and tool_config_of(asked.tool_choice),
                "thinking_config": self._thinking and dict(self._thinking),
            }
        )
        kept: list[httpx2.Response] = []
        token = _response.set(kept)
        try:
            # The SDK's own types name a type of an optional library, which a strict checker cannot see.
            models: Any = self._client.aio.models
            chunks: AsyncIterator[types.GenerateContentResponse] = await models.generate_content_stream(
                model=question.model,
                contents=contents_of(question.turns, self._signature_for(question.model)),
                config=types.GenerateContentConfig(
                    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
                    **{**config, **self._settings.options},
                ),
            )
            # The SDK asks when it is first read.
            first = await anext(chunks, None)
        except BaseException:
            for response in kept:
                await asyncio.shield(response.aclose())
            raise
        finally:
            _response.reset(token)
        return Answer(chunks, first, kept[-1] if kept else None)

    async def _read(self, answer: Answer, reply: Reply) -> AsyncGenerator[Event, None]:
        ending: str | None = None
        async for chunk in self._chunks(answer):
            reply.name(chunk.response_id)
            if chunk.usage_metadata is not None:
                reply.counts.update(_counts(chunk.usage_metadata))
            if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None:
                raise filtered(self._provider)
            for candidate in (chunk.candidates or ())[:1]:
                for part in (candidate.content and candidate.content.parts) or ():
                    for event in self._pieces(part, reply):
                        yield event
                ending = candidate.finish_reason.name if candidate.finish_reason else ending
        if ending is None:
            raise broke_off(self._provider)
        if ending in _FILTERED:
            raise filtered(self._provider)

    async def _chunks(self, answer: Answer) -> AsyncGenerator[types.GenerateContentResponse, None]:
        if answer.first is not None:
            yield answer.first
        async for chunk in answer.chunks:
            yield chunk

    def _pieces(self, part: types.Part, reply: Reply) -> Iterator[Event]:
        if part.thought:
            yield from reply.think(part.text)
            return
        yield from reply.say(part.text)
        made = part.function_call
        if made is not None and made.name:
            key = object()
            yield from reply.call(key, made.name, made.id)
            if part.thought_signature is not None:
                self._remember(reply.id_of(key), part.thought_signature)
                yield from reply.seal_call(key, API, signature=base64.b64encode(part.thought_signature).decode())
            yield from reply.arguments(key, dumps(made.args or {}))
            yield from reply.end_call(key)

    async def _hang_up(self, answer: Answer) -> None:
        if answer.response is not None:
            await answer.response.aclose()

    def _fault_of(self, error: Exception, *, begun: bool) -> AguiError | None:
        match error:
            case errors.APIError(code=status, status=kind):
                key_is_bad = _BAD_KEY.search(str(error)) is not None
                return provider_fault(
                    self._provider,
                    status=status,
                    code="invalid_api_key" if key_is_bad else kind,
                    text=str(error),
                )
            case TimeoutError() | httpx2.TimeoutException():
                return timeout_fault(self._provider, self._settings.timeouts.idle, begun=begun)
            case httpx2.TransportError():
                return connection_fault(self._provider, begun=begun)
            case _:
                return None

    def _remember(self, call_id: str, signature: bytes) -> None:
        self._signatures[call_id] = signature
        while len(self._signatures) > MAX_SIGNATURES:
            self._signatures.popitem(last=False)

    def _signature_for(self, model: str) -> SignatureOf:
        generation = _GENERATION.search(model)
        fallback = UNKNOWN_SIGNATURE if generation is not None and int(generation[1]) >= 3 else None

        def signature_of(call: ToolCall, *, is_first: bool) -> bytes | None:
            # The first of an answer's calls alone is signed.
            known = _signature_in(call) or self._signatures.get(call.id)
            return known or (fallback if is_first else None)

        return signature_of


def _signature_in(call: ToolCall) -> bytes | None:
    seal = opened(call.encrypted_value, API)
    try:
        return base64.b64decode(seal.facts.get("signature", ""), validate=True) if seal is not None else None
    except (binascii.Error, ValueError):
        return None


def _counts(usage: types.GenerateContentResponseUsageMetadata) -> dict[str, int | None]:
    """Under AG-UI's names: its output includes what the model thought."""
    made = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    given = (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)
    return {
        "inputTokens": given,
        "outputTokens": made,
        "totalTokens": given + made,
        "cachedInputTokens": usage.cached_content_token_count,
        "reasoningTokens": usage.thoughts_token_count,
    }
