"""What every ``LanguageModel`` over an SDK must do when its provider fails, is slow, or is left."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

import pytest
from aiohttp import web
from attrs import evolve

from agui_runtime.adapters.llm import ModelLimits, ModelSettings, ModelTimeouts
from agui_runtime.application.ports import LanguageModel
from agui_runtime.domain.errors import AguiError, ErrorCode
from agui_runtime.domain.events import Event, RunFinished, TextMessageContent
from tests.support.aio import run
from tests.support.providers import KEY, Provider, asking, endless, forever, hear, refusing, said, sse, streaming

QUICK = ModelSettings(timeouts=ModelTimeouts(connect=5, first_byte=5, idle=0.5), max_retries=0)
SMALL = ModelSettings(
    timeouts=ModelTimeouts(connect=5, first_byte=20, idle=20), limits=ModelLimits(4096, 65536), max_retries=0
)
RETRYING = ModelSettings(timeouts=ModelTimeouts(connect=5, first_byte=30, idle=20), max_retries=1)


class LanguageModelContract:
    """Subclass it with one provider's wire.

    Attributes:
        name: the provider's, as errors tell it.
        hello: a whole answer.
        so: the beginning of an answer, with the text "So".
        overloaded: an error within an answer.
        refusals: status, body, the code it must become, and words of its text.
        filtered: the end of an answer that the provider's filter cut.
        retry_soon: headers that let the SDK try again at once.
    """

    name: ClassVar[str]
    hello: ClassVar[tuple[bytes, ...]]
    so: ClassVar[bytes]
    overloaded: ClassVar[bytes]
    refusals: ClassVar[Sequence[tuple[int, Any, str, str]]]
    filtered: ClassVar[bytes]
    retry_soon: ClassVar[dict[str, str]] = {"retry-after": "0"}

    def before(
        self, *answers: Any, settings: ModelSettings = QUICK
    ) -> AbstractAsyncContextManager[tuple[LanguageModel, Provider]]:
        """A model in front of a provider that answers so."""
        raise NotImplementedError

    def nowhere(self) -> AbstractAsyncContextManager[LanguageModel]:
        """A model whose provider is not there."""
        raise NotImplementedError

    def failure(self, *answers: Any, seen: list[Event] | None = None, settings: ModelSettings = QUICK) -> AguiError:
        """The failure of one answer, with the events before it in ``seen``."""

        async def main() -> AguiError:
            async with self.before(*answers, settings=settings) as (model, _):
                with pytest.raises(AguiError) as caught:
                    await hear(model, [] if seen is None else seen)
                return caught.value

        fault = run(main())
        assert "secret" not in fault.message
        assert "127.0.0.1" not in fault.message
        return fault

    def has_said_so(self, seen: Sequence[Event]) -> bool:
        return [event.delta for event in seen if isinstance(event, TextMessageContent)] == ["So"]

    def test_a_whole_answer_ends_with_its_usage(self) -> None:
        async def main() -> list[Event]:
            async with self.before(streaming(*self.hello)) as (model, _):
                return await said(model)

        *text, end = run(main())
        assert "".join(event.delta for event in text if isinstance(event, TextMessageContent)) == "Hello"
        assert isinstance(end, RunFinished)
        assert end.usage[0]["provider"] == self.name
        assert end.usage[0]["totalTokens"] == end.usage[0]["inputTokens"] + end.usage[0]["outputTokens"]

    def test_an_error_before_the_answer_is_told_by_what_it_means(self) -> None:
        for status, body, code, words in self.refusals:
            fault = self.failure(refusing(status, body))
            assert (fault.code, words in fault.message) == (code, True), (status, body, fault.message)

    def test_the_log_has_the_providers_own_words_but_not_the_key(self, caplog: pytest.LogCaptureFixture) -> None:
        body = {"error": {"message": f"Bad value; key {KEY}", "code": 400, "type": "invalid_request_error"}}
        self.failure(refusing(400, body))
        logged = [record.getMessage() for record in caplog.records if record.name.startswith("agui_runtime")]
        assert any("Bad value; key ***" in line for line in logged)
        assert KEY not in " ".join(logged)

    def test_an_error_within_the_answer_is_told_after_what_was_said(self) -> None:
        seen: list[Event] = []
        fault = self.failure(streaming(self.so, self.overloaded), seen=seen)
        assert fault.code == ErrorCode.UNAVAILABLE
        assert "overloaded" in fault.message
        assert self.has_said_so(seen)

    def test_a_connection_that_breaks_within_the_answer_is_told(self) -> None:
        seen: list[Event] = []
        fault = self.failure(streaming(self.so, cut=True), seen=seen)
        assert fault.message == f"The answer of the model provider {self.name} broke off."
        assert self.has_said_so(seen)

    def test_an_answer_that_ends_without_its_reason_broke_off(self) -> None:
        fault = self.failure(streaming(self.so))
        assert fault.message == f"The answer of the model provider {self.name} broke off."

    def test_broken_json_within_the_answer_cannot_be_read(self) -> None:
        fault = self.failure(streaming(self.so, self.broken()))
        assert fault.message == f"The model provider {self.name} sent something that cannot be read."

    def broken(self) -> bytes:
        """Half an event."""
        return sse('{"id": "1", "choices": [')

    def life(self, size: int = 32) -> bytes:
        """A sign of life, so many bytes long."""
        return b":" + b" " * (size - 3) + b"\n\n"

    def test_a_content_filter_is_told(self) -> None:
        fault = self.failure(streaming(self.so, self.filtered))
        assert fault.message == f"The content filter of the model provider {self.name} stopped the answer."

    def test_silence_within_the_answer_ends_it(self) -> None:
        seen: list[Event] = []
        fault = self.failure(streaming(self.so, forever), seen=seen)
        assert fault.code == ErrorCode.TIMED_OUT
        assert fault.message == f"The model provider {self.name} was silent for 0.5 seconds."
        assert self.has_said_so(seen)

    def test_an_answer_that_does_not_begin_ends_in_time(self) -> None:
        async def never(request: Any, served: Any) -> Any:
            await forever()

        settings = ModelSettings(timeouts=ModelTimeouts(connect=5, first_byte=0.3, idle=30))
        fault = self.failure(never, settings=settings)
        assert fault.message == f"The model provider {self.name} did not answer within 0.3 seconds."

    def test_an_event_larger_than_its_limit_is_cut_before_it_is_whole(self) -> None:
        seen: list[Event] = []

        async def main() -> AguiError:
            async with self.before(endless(self.so + b"data: ", b"x" * 1000), settings=SMALL) as (model, served):
                with pytest.raises(AguiError) as caught:
                    await hear(model, seen)
                await asyncio.wait_for(served.hung_up.wait(), 20)
                return caught.value

        fault = run(main())
        assert fault.code == ErrorCode.LIMIT_EXCEEDED
        assert fault.message == f"The model provider {self.name} sent an event of more than 4096 bytes."
        assert self.has_said_so(seen)

    def test_an_answer_that_never_ends_is_cut(self) -> None:
        async def main() -> AguiError:
            async with self.before(endless(self.so, self.life()), settings=SMALL) as (model, served):
                with pytest.raises(AguiError) as caught:
                    await hear(model, [])
                await asyncio.wait_for(served.hung_up.wait(), 20)
                return caught.value

        fault = run(main())
        assert fault.code == ErrorCode.LIMIT_EXCEEDED
        assert fault.message == f"The model provider {self.name} sent a response of more than 65536 bytes."

    def test_an_errors_body_has_a_limit_too(self) -> None:
        fault = self.failure(refusing(500, {"error": {"message": "x" * 5000}}), settings=SMALL)
        assert fault.code == ErrorCode.LIMIT_EXCEEDED
        assert fault.message == f"The model provider {self.name} sent a response of more than 4096 bytes."

    def test_events_at_their_limit_pass(self) -> None:
        event = self.life(4096)

        async def main() -> None:
            settings = evolve(SMALL, limits=ModelLimits(len(event), 65536))
            async with self.before(streaming(event, *self.hello), settings=settings) as (model, _):
                assert len(await said(model)) > 1

        run(main())

    def test_a_compressed_answer_is_not_asked_for_and_not_read(self) -> None:
        async def compressed(request: Any, served: Any) -> Any:
            assert request.headers["Accept-Encoding"] == "identity"
            body = gzip.compress(b"".join(self.hello))
            headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
            return web.Response(body=body, headers=headers)

        fault = self.failure(compressed)
        assert fault.message == f"The model provider {self.name} sent something that cannot be read."

    def test_a_provider_that_is_not_there_is_told(self) -> None:
        async def main() -> AguiError:
            async with self.nowhere() as model:
                with pytest.raises(AguiError) as caught:
                    await model.start(asking())
                return caught.value

        fault = run(main())
        assert fault.code == ErrorCode.UNAVAILABLE
        assert fault.message == f"The model provider {self.name} cannot be reached."

    def test_the_sdk_tries_again_before_the_answer(self) -> None:
        async def main() -> None:
            busy = refusing(503, {"error": {"message": "busy", "type": "overloaded_error"}}, **self.retry_soon)
            async with self.before(busy, streaming(*self.hello), settings=RETRYING) as (model, served):
                await said(model)
                assert len(served.bodies) == 2

        run(main())

    def test_the_hosts_options_count_before_what_a_client_asks_for(self) -> None:
        async def main() -> None:
            settings = evolve(QUICK, options={"temperature": 0.25})
            async with self.before(streaming(*self.hello), settings=settings) as (model, served):
                await said(model, asking(forwarded_parameters={"temperature": 0.75}))
                assert "0.25" in json.dumps(served.bodies)
                assert "0.75" not in json.dumps(served.bodies)

        run(main())

    def test_nothing_is_tried_again_once_the_answer_has_begun(self) -> None:
        async def main() -> None:
            cut = streaming(self.so, cut=True)
            async with self.before(cut, streaming(*self.hello), settings=RETRYING) as (model, served):
                with pytest.raises(AguiError):
                    await said(model)
                assert len(served.bodies) == 1

        run(main())

    def test_an_error_within_the_answer_is_not_tried_again(self) -> None:
        async def main() -> None:
            failing = streaming(self.so, self.overloaded)
            async with self.before(failing, streaming(*self.hello), settings=RETRYING) as (model, served):
                with pytest.raises(AguiError):
                    await said(model)
                assert len(served.bodies) == 1

        run(main())

    def test_an_answer_that_breaks_off_before_its_first_event_is_not_tried_again(self) -> None:
        async def main() -> None:
            async with self.before(streaming(cut=True), streaming(*self.hello), settings=RETRYING) as (model, served):
                with pytest.raises(AguiError) as caught:
                    await said(model)
                assert caught.value.code == ErrorCode.UNAVAILABLE
                assert len(served.bodies) == 1

        run(main())

    def test_closing_the_events_hangs_up(self) -> None:
        async def main() -> None:
            async with self.before(streaming(self.so, forever), settings=RETRYING) as (model, served):
                events = (await model.start(asking())).events
                await anext(events)
                await events.aclose()  # type: ignore[attr-defined]
                await asyncio.wait_for(served.hung_up.wait(), 5)

        run(main())

    def test_closing_events_that_were_never_read_hangs_up(self) -> None:
        async def main() -> None:
            async with self.before(streaming(self.so, forever), settings=RETRYING) as (model, served):
                events = (await model.start(asking())).events
                await events.aclose()  # type: ignore[attr-defined]
                await asyncio.wait_for(served.hung_up.wait(), 5)

        run(main())

    def test_cancelling_the_reader_hangs_up(self) -> None:
        async def main() -> None:
            async with self.before(streaming(self.so, forever), settings=RETRYING) as (model, served):
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

    def test_cancelling_the_start_hangs_up(self) -> None:
        async def main() -> None:
            arrived = asyncio.Event()

            async def never(request: Any, served: Any) -> Any:
                arrived.set()
                await forever()

            async with self.before(never, settings=RETRYING) as (model, served):
                starting = asyncio.create_task(model.start(asking()))
                await arrived.wait()
                starting.cancel()
                await asyncio.wait({starting})
                await asyncio.wait_for(served.hung_up.wait(), 5)

        run(main())
