"""JSON lines in any portions, and within a bound."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.remote.lines import LineDecoder, LineTooLargeError

LINES = st.lists(st.binary(min_size=1, max_size=20).filter(lambda line: b"\n" not in line and line.strip() == line))


def decode(chunks: list[bytes], limit: int = 1000) -> list[bytes]:
    decoder = LineDecoder(limit)
    lines = [line for chunk in chunks for line in decoder.feed(chunk)]
    return [*lines, rest] if (rest := decoder.end()) else lines


@given(LINES, st.lists(st.integers(0, 400)))
def test_however_lines_are_cut_they_come_out_whole(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assert decode([data[a:b] for a, b in itertools.pairwise(places)]) == lines


def test_blank_lines_and_carriage_returns_are_nothing() -> None:
    assert decode([b"\n \r\na\r\n\n"]) == [b"a"]


def test_a_last_line_without_its_end_is_given_at_the_end() -> None:
    assert decode([b"a\nb"]) == [b"a", b"b"]


def test_a_line_that_never_ends_is_cut_after_the_lines_before_it() -> None:
    decoder = LineDecoder(10)
    assert list(decoder.feed(b"a\n")) == [b"a"]
    assert list(decoder.feed(b"x" * 6)) == []
    with pytest.raises(LineTooLargeError):
        list(decoder.feed(b"x" * 6))


def test_the_bound_is_of_each_line() -> None:
    assert decode([b"x" * 10 + b"\n"] * 5, limit=10) == [b"x" * 10] * 5
