"""Google's streamGenerateContent as its server writes it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agui_runtime.adapters.llm import ModelSettings
from agui_runtime.adapters.llm.google import GoogleModel
from tests.contracts.language_model import QUICK
from tests.support.providers import KEY, Provider, provider, sse

USED = {
    "promptTokenCount": 8,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "totalTokenCount": 15,
    "cachedContentTokenCount": 3,
}


def chunk(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return sse({"candidates": [candidate], "modelVersion": "a-model", "responseId": "resp_1", **fields})


HELLO = (
    chunk({"text": "Hel"}),
    chunk({"text": "lo"}),
    chunk({"text": ""}, finish="STOP", usageMetadata=USED),
)


def error(code: int, status: str, message: str = "sk-secret-key is bad", **fields: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, **fields}}


@asynccontextmanager
async def model_before(
    *answers: Any, settings: ModelSettings = QUICK, model: str = "gemini-2.5-flash", **given: Any
) -> AsyncIterator[tuple[GoogleModel, Provider]]:
    async with provider(*answers) as (base, served):
        google = GoogleModel(model, api_key=KEY, base_url=base, settings=settings, **given)
        try:
            yield google, served
        finally:
            await google.close()


def camel(value: Any) -> Any:
    """With the API's own spelling of keys: it takes the SDK's other one too, and SDKs mix them."""
    if isinstance(value, dict):
        return {re.sub(r"_(\w)", lambda found: found[1].upper(), key): camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value
