"""The decoder of server-sent events, by the rules of the WHATWG standard."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.remote.sse import EventTooLargeError, SseDecoder


def decode(*chunks: bytes, limit: int = 1000) -> list[bytes]:
    decoder = SseDecoder(limit)
    return [data for chunk in chunks for data in decoder.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data: a\r\n\r\n", [b"a"]),
        (b"data: a\r\r", [b"a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"event: x\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b": keep-alive\n\n", []),
        (b": keep-alive\n\ndata: a\n\n", [b"a"]),
        (b"\n\n\n", []),
        (b"event: x\n\n", []),
        (b"data\n\n", [b""]),
        (b"datas: a\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [b"a"]),
        ("data: ä\u2028b\x85\n\n".encode(), ["ä\u2028b\x85".encode()]),
        (b"data: a\x0bb\x0c\x1c\n\n", [b"a\x0bb\x0c\x1c"]),
        (b"data: a\n", []),
        (b"data: a", []),
        (b"", []),
    ],
)
def test_a_stream_has_the_events_of_the_standard(stream: bytes, events: list[bytes]) -> None:
    assert decode(stream) == events


@given(
    lines=st.lists(st.sampled_from([b"data: a", b"data", b": c", b"", b"x", b"data: {}"])),
    end=st.sampled_from([b"\n", b"\r", b"\r\n"]),
    cuts=st.lists(st.integers(0, 200)),
)
def test_it_does_not_matter_where_the_stream_is_cut(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    stream = end.join(lines) + end
    edges = [0, *sorted(cut for cut in cuts if cut <= len(stream)), len(stream)]
    assert decode(*(stream[a:b] for a, b in pairwise(edges))) == decode(stream)


@pytest.mark.parametrize(
    ("stream", "rest"), [(b"data: a", b"a"), (b"data: a\ndata: b\n", b"a\nb"), (b": c", None), (b"", None)]
)
def test_a_last_event_without_its_blank_line_can_be_asked_for(stream: bytes, rest: bytes | None) -> None:
    decoder = SseDecoder(1000)
    assert list(decoder.feed(stream)) == []
    assert decoder.end() == rest


def test_a_line_that_never_ends_is_cut_at_the_limit() -> None:
    with pytest.raises(EventTooLargeError):
        decode(*[b"x"] * 101, limit=100)


def test_an_event_of_many_lines_is_cut_at_the_limit() -> None:
    with pytest.raises(EventTooLargeError):
        decode(*[b"data\n"] * 102, limit=100)


def test_the_events_before_one_too_large_are_given() -> None:
    stream = SseDecoder(20).feed(b"data: a\n\ndata: " + b"x" * 20 + b"\n\n")
    assert next(stream) == b"a"
    with pytest.raises(EventTooLargeError):
        next(stream)


def test_the_limit_is_for_one_event_and_not_for_the_stream() -> None:
    assert decode(b": a comment\n\ndata: 0123456789\n\n" * 50, limit=20) == [b"0123456789"] * 50
