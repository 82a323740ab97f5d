"""The bytes of an answer are counted the same, however the network cuts them."""

from collections.abc import AsyncIterator, Sequence

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agui_runtime.adapters.llm import ModelLimits, ModelSettings
from agui_runtime.adapters.llm.answer_body import AnswerBody, watch
from agui_runtime.domain.errors import AguiError, ErrorCode
from tests.support.aio import run

LIMIT = 40
LIMITED = ModelSettings(limits=ModelLimits(event_bytes=LIMIT, answer_bytes=1000))
BINARY = "application/vnd.amazon.eventstream"


class Body(httpx2.AsyncByteStream):
    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        self.closed += 1


def response(*pieces: bytes, kind: str = "text/event-stream; charset=utf-8", status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, headers={"Content-Type": kind}, stream=Body(pieces))


def read(given_response: httpx2.Response) -> bytes:
    async def main() -> bytes:
        watch(given_response, "Acme", LIMITED)
        return b"".join([piece async for piece in given_response.aiter_raw()])

    return run(main())


def refusal_of(given_response: httpx2.Response) -> AguiError:
    with pytest.raises(AguiError) as caught:
        read(given_response)
    return caught.value


events = st.builds(
    lambda text, end: b"data: " + text + end,
    st.binary(max_size=50).map(lambda text: text.replace(b"\r", b"r").replace(b"\n", b"n")),
    st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"]),
)


@settings(deadline=None)
@given(st.lists(events, max_size=8), st.lists(st.integers(1, 20), min_size=1, max_size=40))
def test_an_event_is_refused_where_it_is_larger_than_its_limit_however_it_is_cut(
    sent: list[bytes], sizes: list[int]
) -> None:
    body, pieces = b"".join(sent), []
    rest, index = body, 0
    while rest:
        size = sizes[index % len(sizes)]
        pieces.append(rest[:size])
        rest, index = rest[size:], index + 1
    if all(len(event) <= LIMIT for event in sent):
        assert read(response(*pieces)) == body
    else:
        assert (
            refusal_of(response(*pieces)).message
            == f"The model provider Acme sent an event of more than {LIMIT} bytes."
        )


def test_a_whole_answer_has_a_limit_too() -> None:
    fault = refusal_of(response(*[b"data: 1\n\n"] * 200))
    assert (fault.code, fault.details) == (ErrorCode.LIMIT_EXCEEDED, {"limit": "answer_bytes", "maximum": 1000})


def test_an_errors_body_is_as_large_as_an_event_at_most() -> None:
    fault = refusal_of(response(b"x" * 30, b"x" * 30, kind="application/json", status=500))
    assert fault.message == f"The model provider Acme sent a response of more than {LIMIT} bytes."


def test_a_stream_without_visible_events_is_counted_as_a_whole() -> None:
    assert read(response(b"x" * 900, kind=BINARY)) == b"x" * 900
    assert refusal_of(response(b"x" * 1001, kind=BINARY)).details == {"limit": "answer_bytes", "maximum": 1000}


def test_a_response_is_watched_once_and_closed_with_its_body() -> None:
    watched = response(b"data: 1\n\n")
    body = watched.stream
    watch(watched, "Acme", LIMITED)
    outer = watched.stream
    watch(watched, "Acme", LIMITED)
    assert isinstance(outer, AnswerBody)
    assert watched.stream is outer
    run(watched.aclose())
    assert isinstance(body, Body)
    assert body.closed == 1
