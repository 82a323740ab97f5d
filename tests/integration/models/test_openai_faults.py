import asyncio
from typing import Any

import openai
import pytest

from agui_runtime.adapters.llm import ModelSettings, ModelTimeouts
from agui_runtime.adapters.llm.openai import OpenAIModel
from agui_runtime.domain.errors import AguiError, ConfigurationError, ErrorCode
from agui_runtime.domain.events import Event, TextMessageContent
from tests.integration.models.openai_wire import HELLO, QUICK, chunk, error, model_before
from tests.support.aio import run
from tests.support.providers import KEY, asking, forever, hear, refusing, said, sse, streaming

RETRYING = ModelSettings(timeouts=QUICK.timeouts, max_retries=1)


def failure(*answers: Any, seen: list[Event] | None = None, **given: Any) -> AguiError:
    """The failure of one run, with the events before it in ``seen``."""

    async def main() -> AguiError:
        async with model_before(*answers, **given) as (model, _):
            with pytest.raises(AguiError) as caught:
                await hear(model, [] if seen is None else seen)
            return caught.value

    fault = run(main())
    assert "secret" not in fault.message
    assert "127.0.0.1" not in fault.message
    return fault


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (
            401,
            error("invalid_api_key", "invalid_request_error"),
            ErrorCode.UNAUTHENTICATED,
            "did not accept the API key",
        ),
        (403, error(None, "permission"), ErrorCode.UNAUTHENTICATED, "refused access"),
        (404, error("model_not_found", "invalid_request_error"), ErrorCode.CONFIGURATION, "does not know the model"),
        (429, error("rate_limit_exceeded", "tokens"), ErrorCode.RATE_LIMITED, "too many requests"),
        (429, error("insufficient_quota", "insufficient_quota"), ErrorCode.RATE_LIMITED, "quota"),
        (400, error("context_length_exceeded", "invalid_request_error"), ErrorCode.CONTEXT_TOO_LONG, "too long"),
        (
            400,
            {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
            ErrorCode.CONTEXT_TOO_LONG,
            "too long",
        ),
        (400, error(None, "invalid_request_error"), ErrorCode.AGENT_FAILED, r"refused the request \(HTTP 400\)"),
        (500, error(None, "server_error"), ErrorCode.UNAVAILABLE, "overloaded"),
        (503, "not even JSON", ErrorCode.UNAVAILABLE, "overloaded"),
        (504, error(None, "gateway"), ErrorCode.TIMED_OUT, "too long to answer"),
    ],
)
def test_an_error_before_the_answer_is_told_by_what_it_means(status: int, body: Any, code: str, words: str) -> None:
    fault = failure(refusing(status, body))
    assert fault.code == code
    assert fault.args[0] == fault.message
    with pytest.raises(AguiError, match=words):
        raise fault


def test_an_error_within_the_answer_is_told_after_what_was_said() -> None:
    seen: list[Event] = []
    fault = failure(streaming(chunk({"content": "So"}), sse(error("rate_limit_exceeded", "tokens"))), seen=seen)
    assert fault.code == ErrorCode.RATE_LIMITED
    assert TextMessageContent("chatcmpl-1", "So") in seen


def test_a_connection_that_breaks_within_the_answer_is_told() -> None:
    seen: list[Event] = []
    fault = failure(streaming(chunk({"content": "So"}), cut=True), seen=seen)
    assert fault.code == ErrorCode.UNAVAILABLE
    assert TextMessageContent("chatcmpl-1", "So") in seen


def test_an_answer_that_ends_without_its_reason_broke_off() -> None:
    fault = failure(streaming(chunk({"content": "So"})))
    assert fault.message == "The answer of the model provider OpenAI broke off."


def test_broken_json_within_the_answer_cannot_be_read() -> None:
    fault = failure(streaming(chunk({"content": "So"}), sse('{"id": "chatcmpl-1", "choices": [')))
    assert fault.message == "The model provider OpenAI sent something that cannot be read."


def test_an_answer_of_another_shape_cannot_be_read() -> None:
    fault = failure(streaming(sse({"id": "chatcmpl-1", "choices": 7})))
    assert fault.message == "The model provider OpenAI sent something that cannot be read."


def test_a_content_filter_is_told() -> None:
    fault = failure(streaming(chunk({"content": "So"}), chunk({}, "content_filter")))
    assert fault.message == "The content filter of the model provider OpenAI stopped the answer."


def test_silence_within_the_answer_ends_it() -> None:
    seen: list[Event] = []
    fault = failure(streaming(chunk({"content": "So"}), forever), seen=seen)
    assert fault.code == ErrorCode.TIMED_OUT
    assert fault.message == "The model provider OpenAI was silent for 0.5 seconds."
    assert TextMessageContent("chatcmpl-1", "So") in seen


def test_an_answer_that_does_not_begin_ends_in_time() -> None:
    async def never(request: Any, served: Any) -> Any:
        await forever()

    settings = ModelSettings(timeouts=ModelTimeouts(connect=5, first_byte=0.3, idle=30))
    fault = failure(never, settings=settings)
    assert fault.message == "The model provider OpenAI did not answer within 0.3 seconds."


def test_a_provider_that_is_not_there_is_told() -> None:
    async def main() -> None:
        model = OpenAIModel("gpt-4o", api_key=KEY, base_url="http://127.0.0.1:1/v1", settings=QUICK)
        try:
            with pytest.raises(AguiError, match=r"^The model provider OpenAI cannot be reached\.$"):
                await model.start(asking())
        finally:
            await model.close()

    run(main())


def test_the_sdk_tries_again_before_the_answer() -> None:
    async def main() -> None:
        busy = refusing(503, error(None, "server_error"), **{"retry-after-ms": "1"})
        async with model_before(busy, streaming(*HELLO), settings=RETRYING) as (model, served):
            await said(model)
            assert len(served.bodies) == 2

    run(main())


def test_nothing_is_tried_again_once_the_answer_has_begun() -> None:
    async def main() -> None:
        cut = streaming(chunk({"content": "So"}), cut=True)
        async with model_before(cut, streaming(*HELLO), settings=RETRYING) as (model, served):
            with pytest.raises(AguiError):
                await said(model)
            assert len(served.bodies) == 1

    run(main())


def test_closing_the_events_hangs_up() -> None:
    async def main() -> None:
        async with model_before(streaming(chunk({"content": "So"}), forever)) as (model, served):
            events = (await model.start(asking())).events
            await anext(events)
            await events.aclose()  # type: ignore[attr-defined]
            await asyncio.wait_for(served.hung_up.wait(), 5)

    run(main())


def test_closing_events_that_were_never_read_hangs_up() -> None:
    async def main() -> None:
        async with model_before(streaming(chunk({"content": "So"}), forever)) as (model, served):
            events = (await model.start(asking())).events
            await events.aclose()  # type: ignore[attr-defined]
            await asyncio.wait_for(served.hung_up.wait(), 5)

    run(main())


def test_cancelling_the_reader_hangs_up() -> None:
    async def main() -> None:
        settings = ModelSettings(max_retries=0)
        async with model_before(streaming(chunk({"content": "So"}), forever), settings=settings) as (model, served):
            events = (await model.start(asking())).events
            heard = asyncio.Event()

            async def read() -> None:
                async for _ in events:
                    heard.set()

            reader = asyncio.create_task(read())
            await heard.wait()
            reader.cancel()
            await asyncio.wait({reader})
            await events.aclose()  # type: ignore[attr-defined]
            await asyncio.wait_for(served.hung_up.wait(), 5)

    run(main())


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


def test_the_key_is_in_no_description_of_the_model() -> None:
    assert repr(OpenAIModel("gpt-4o", api_key=KEY)) == "OpenAIModel('gpt-4o')"
