"""Spans of a real server, in OpenTelemetry's own exporter."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from agui_runtime.adapters.telemetry.otel import OpenTelemetry
from tests.integration.access.agui_requests import run_input
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, chat, exchange
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = {**CLIENT_HEADERS, "traceparent": f"00-{TRACE}-{PARENT}-01"}
SECRET = "a-word-that-nobody-else-says"  # noqa: S105 - what a user says


class Collected:
    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider()
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.telemetry = OpenTelemetry(self._provider)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def only(self, name: str) -> ReadableSpan:
        (span,) = [span for span in self.spans if span.name == name]
        return span


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def freely(chunks: int) -> Paced:
    paced = Paced(chunks)
    for _ in range(chunks + 1):
        paced.allow()
    return paced


def test_a_run_is_below_its_request_and_both_are_in_the_callers_trace() -> None:
    async def test() -> None:
        found = Collected()
        async with serving(runtime(agents=(freely(2).agent(),), telemetries=(found.telemetry,))) as url:
            body = chat(SECRET, thread="thread-1", agent="paced")
            assert "chunk1" in (await exchange(url, body, headers=CALLER)).text
        request, ended = found.only("agui.request"), found.only("agui.run")
        assert request.context is not None
        assert f"{request.context.trace_id:032x}" == TRACE
        assert f"{parent_of(request):016x}" == PARENT
        assert parent_of(ended) == id_of(request)
        assert request.kind is SpanKind.SERVER
        assert dict(request.attributes or {}) == {
            "agui.method": "POST",
            "agui.route": "/",
            "agui.status": "200",
        }
        said = dict(ended.attributes or {})
        assert (said["agui.thread"], said["agui.agent"], said["agui.outcome"]) == ("thread-1", "paced", "finished")
        assert found.only("agui.state.load").context.trace_id == request.context.trace_id  # type: ignore[union-attr]
        everything = "".join(span.to_json() for span in found.spans)
        assert SECRET not in everything
        assert "chunk1" not in everything

    run(test())


def test_a_broken_traceparent_begins_a_trace_of_its_own() -> None:
    async def test() -> None:
        found = Collected()
        async with serving(runtime(telemetries=(found.telemetry,))) as url:
            await exchange(url, {"query": "{ hello }"}, headers={**CLIENT_HEADERS, "traceparent": "00-none"})
        assert parent_of(found.only("agui.request")) is None

    run(test())


def test_a_call_that_fails_is_marked_without_its_words() -> None:
    async def test() -> None:
        found = Collected()
        environment = {"AGUI_REMOTE_AGENTS": "far=http://127.0.0.1:9/", "AGUI_REMOTE_ATTEMPTS": "1"}
        async with serving(runtime(environment=environment, telemetries=(found.telemetry,))) as url:
            await exchange(f"{url}/agent/far/run", run_input("thread-1"))
        call = found.only("agui.remote.call")
        assert call.kind is SpanKind.CLIENT
        assert call.status.status_code is StatusCode.ERROR
        assert (call.status.description, call.events) == (None, ())
        assert dict(call.attributes or {})["error.type"] == "UnavailableError"
        assert call.parent is not None

    run(test())


def test_requests_on_one_connection_do_not_share_a_trace() -> None:
    async def test() -> None:
        found = Collected()
        async with serving(runtime(telemetries=(found.telemetry,))) as url:
            for _ in range(2):
                await exchange(url, {"query": "{ hello }"})
        first, second = found.spans
        assert first.context is not None
        assert second.context is not None
        assert first.context.trace_id != second.context.trace_id

    run(test())
