import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar

import httpx
import openai
import pytest

from agui_runtime.adapters.llm import ModelLimits, ModelSettings
from agui_runtime.adapters.llm.openai import OpenAIModel
from agui_runtime.application.ports import LanguageModel
from agui_runtime.domain.errors import AguiError, ConfigurationError, ErrorCode
from agui_runtime.domain.events import TextMessageStart
from tests.contracts.language_model import QUICK, LanguageModelContract
from tests.integration.models.openai_wire import HELLO, chunk, error, model_before
from tests.support.aio import run
from tests.support.providers import KEY, Provider, endless, refusing, said, sse, streaming

INVALID = "invalid_request_error"
VLLM = {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400}


class TestOpenAI(LanguageModelContract):
    name = "OpenAI"
    hello = HELLO
    so = chunk({"content": "So"})
    overloaded = sse(error(None, "server_error"))
    filtered = chunk({}, "content_filter")
    retry_soon: ClassVar[dict[str, str]] = {"retry-after-ms": "1"}
    refusals = (
        (401, error("invalid_api_key", INVALID), ErrorCode.UNAUTHENTICATED, "did not accept the API key"),
        (403, error(None, "permission"), ErrorCode.UNAUTHENTICATED, "refused access"),
        (404, error("model_not_found", INVALID), ErrorCode.CONFIGURATION, "does not know the model"),
        (429, error("rate_limit_exceeded", "tokens"), ErrorCode.RATE_LIMITED, "too many requests"),
        (429, error("insufficient_quota", "insufficient_quota"), ErrorCode.RATE_LIMITED, "quota"),
        (400, error("context_length_exceeded", INVALID), ErrorCode.CONTEXT_TOO_LONG, "too long"),
        (400, VLLM, ErrorCode.CONTEXT_TOO_LONG, "too long"),
        (400, error(None, INVALID), ErrorCode.AGENT_FAILED, "refused the request (HTTP 400)"),
        (500, error(None, "server_error"), ErrorCode.UNAVAILABLE, "overloaded"),
        (503, "not even JSON", ErrorCode.UNAVAILABLE, "overloaded"),
        (504, error(None, "gateway"), ErrorCode.TIMED_OUT, "too long to answer"),
    )

    def before(
        self, *answers: Any, settings: ModelSettings = QUICK
    ) -> AbstractAsyncContextManager[tuple[LanguageModel, Provider]]:
        return model_before(*answers, settings=settings)

    @asynccontextmanager
    async def nowhere(self) -> AsyncIterator[LanguageModel]:
        model = OpenAIModel("gpt-4o", api_key=KEY, base_url="http://127.0.0.1:1/v1", settings=QUICK)
        yield model
        await model.close()

    def test_an_answer_of_another_shape_cannot_be_read(self) -> None:
        fault = self.failure(streaming(sse({"id": "chatcmpl-1", "choices": 7})))
        assert fault.message == "The model provider OpenAI sent something that cannot be read."

    def test_a_prompt_that_azures_filter_refuses_is_told(self) -> None:
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
        body = {"message": "The response was filtered", "type": None, "param": "prompt", "code": "content_filter"}
        fault = self.failure(refusing(400, {"error": {**body, "status": 400, "innererror": inner}}))
        assert fault.message == "The content filter of the model provider OpenAI stopped the answer."

    @pytest.mark.parametrize(
        ("code", "expected"), [(429, ErrorCode.RATE_LIMITED), (502, ErrorCode.UNAVAILABLE), (504, ErrorCode.TIMED_OUT)]
    )
    def test_a_gateways_error_within_the_answer_has_its_upstreams_status(self, code: int, expected: str) -> None:
        within = sse({"id": "gen-1", "choices": [], "error": {"code": code, "message": "sk-secret-key"}})
        assert self.failure(streaming(self.so, within)).code == expected


def test_a_model_without_a_key_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="Pass api_key or set OPENAI_API_KEY"):
        OpenAIModel("gpt-4o")


def test_a_client_of_the_hosts_is_used_and_stays_open() -> None:
    async def main() -> None:
        async with model_before(streaming(*HELLO)) as (model, served):
            base = str(model._client.base_url)
            async with openai.AsyncAzureOpenAI(api_key=KEY, azure_endpoint=base, api_version="2024-10-21") as client:
                azure = OpenAIModel("my-deployment", client=client, provider="Azure OpenAI")
                await said(azure)
                await azure.close()
                await said(azure)
            assert served.paths[0].endswith("/deployments/my-deployment/chat/completions?api-version=2024-10-21")
            assert served.headers[0]["api-key"] == KEY

    run(main())


def test_a_client_of_the_hosts_has_the_limits_too() -> None:
    settings = ModelSettings(limits=ModelLimits(event_bytes=4096))

    async def main() -> None:
        async with model_before(endless(b"data: ", b"x" * 1000)) as (model, served):
            base = str(model._client.base_url)
            async with openai.AsyncOpenAI(api_key=KEY, base_url=base) as client:
                with pytest.raises(AguiError, match="an event of more than 4096 bytes"):
                    await said(OpenAIModel("gpt-4o", client=client, settings=settings))
                await asyncio.wait_for(served.hung_up.wait(), 20)

    run(main())


def test_a_client_of_the_hosts_may_be_made_over_the_older_httpx() -> None:
    async def main() -> None:
        async with model_before(streaming(*HELLO)) as (model, _):
            base = str(model._client.base_url)
            http: Any = httpx.AsyncClient()
            async with openai.AsyncOpenAI(api_key=KEY, base_url=base, http_client=http) as client:
                assert (await said(OpenAIModel("gpt-4o", client=client)))[0] == TextMessageStart("chatcmpl-1")

    run(main())


def test_azures_first_event_is_on_its_filter_and_has_no_id() -> None:
    filters = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [{}]}

    async def main() -> None:
        async with model_before(streaming(sse(filters), *HELLO)) as (model, _):
            assert (await said(model))[0] == TextMessageStart("chatcmpl-1")

    run(main())


def test_the_key_is_in_no_description_of_the_model() -> None:
    assert repr(OpenAIModel("gpt-4o", api_key=KEY)) == "OpenAIModel('gpt-4o')"
