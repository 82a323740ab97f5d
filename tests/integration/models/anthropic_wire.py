"""Anthropic's messages API as its server writes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agui_runtime.adapters.llm import ModelSettings
from agui_runtime.adapters.llm.anthropic import AnthropicModel
from tests.contracts.language_model import QUICK
from tests.support.providers import KEY, Provider, provider, sse


def events(*data: dict[str, Any]) -> bytes:
    return sse(*data, event_names=True)


USED = {"input_tokens": 25, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 1}
START = events(
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "a-model",
            "stop_reason": None,
            "stop_sequence": None,
            "usage": USED,
        },
    }
)
PING = events({"type": "ping"})


def text(index: int, *pieces: str) -> bytes:
    return events(
        {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}}
            for piece in pieces
        ),
    )


def tool(index: int, call_id: str, name: str, *pieces: str) -> bytes:
    block = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return events(
        {"type": "content_block_start", "index": index, "content_block": block},
        *(
            {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": "input_json_delta", "partial_json": piece},
            }
            for piece in ("", *pieces)
        ),
        {"type": "content_block_stop", "index": index},
    )


def stop(index: int) -> bytes:
    return events({"type": "content_block_stop", "index": index})


def end(reason: str = "end_turn", tokens: int = 15) -> bytes:
    return events(
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": tokens},
        },
        {"type": "message_stop"},
    )


HELLO = (START, PING, text(0, "Hel", "lo"), stop(0), end())


def error(kind: str, message: str = "sk-secret-key is bad") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@asynccontextmanager
async def model_before(
    *answers: Any, settings: ModelSettings = QUICK, **given: Any
) -> AsyncIterator[tuple[AnthropicModel, Provider]]:
    async with provider(*answers) as (base, served):
        model = AnthropicModel("a-model", api_key=KEY, base_url=base, settings=settings, **given)
        try:
            yield model, served
        finally:
            await model.close()
