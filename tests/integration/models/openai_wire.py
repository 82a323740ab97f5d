"""OpenAI's chat completions as a server writes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agui_runtime.adapters.llm import ModelSettings
from agui_runtime.adapters.llm.openai import OpenAIModel
from tests.contracts.language_model import QUICK
from tests.support.providers import KEY, Provider, provider, sse

DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **fields: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06"}
    return sse({**body, "system_fingerprint": "fp_1", "choices": choices, **fields})


def call(index: int, call_id: str | None = None, name: str | None = None, arguments: str = "") -> bytes:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    head = {} if call_id is None else {"id": call_id, "type": "function"}
    return chunk({"tool_calls": [{"index": index, **head, "function": function}]})


USAGE = {
    "prompt_tokens": 19,
    "completion_tokens": 10,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0},
}
HELLO = (
    chunk({"role": "assistant", "content": "", "refusal": None}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
    chunk({}, "stop"),
    chunk(None, usage=USAGE),
    DONE,
)


def error(code: str | None, kind: str, message: str = "sk-secret-key is bad") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@asynccontextmanager
async def model_before(
    *answers: Any, settings: ModelSettings = QUICK, **given: Any
) -> AsyncIterator[tuple[OpenAIModel, Provider]]:
    async with provider(*answers) as (base, served):
        model = OpenAIModel("gpt-4o", api_key=KEY, base_url=f"{base}/v1", settings=settings, **given)
        try:
            yield model, served
        finally:
            await model.close()
