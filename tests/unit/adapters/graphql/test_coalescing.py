"""Joining pieces: by size, by message, and never across a message's end."""

from typing import Any

import pytest

from agui_runtime.adapters.graphql.coalescing import Coalescer, Streaming, read_streaming
from agui_runtime.adapters.graphql.projection import Closed, Piece, ResponseClosed

A, B = ("text", "a"), ("text", "b")
DEFAULTS = {"enabled": True, "bufferSize": 1024, "flushIntervalMs": 0, "includeIntermediateResults": True}


def coalescer(size: int = 4, *, with_intermediate: bool = True) -> Coalescer:
    return Coalescer(Streaming(size, 0.0, with_intermediate))


@pytest.mark.parametrize("config", [None, {**DEFAULTS, "enabled": False}])
def test_what_is_absent_or_off_is_none(config: Any) -> None:
    assert read_streaming(config) is None


def test_a_configuration_is_read_with_its_units() -> None:
    given = {**DEFAULTS, "bufferSize": 10, "flushIntervalMs": 250, "includeIntermediateResults": False}
    assert read_streaming(given) == Streaming(10, 0.25, False)


def test_numbers_that_make_no_sense_are_the_smallest_that_do() -> None:
    assert read_streaming({**DEFAULTS, "bufferSize": -5, "flushIntervalMs": -5}) == Streaming(1, 0.0, True)


def test_pieces_wait_until_the_buffer_is_full() -> None:
    joining = coalescer(4)
    assert list(joining.add(Piece(A, "ab"))) == []
    assert list(joining.add(Piece(A, "c"))) == []
    assert list(joining.add(Piece(A, "de"))) == [Piece(A, "abcde")]
    assert joining.is_empty


def test_each_message_has_its_own_buffer() -> None:
    joining = coalescer(4)
    assert [*joining.add(Piece(A, "aaa")), *joining.add(Piece(B, "bbb"))] == []
    assert list(joining.add(Piece(B, "b"))) == [Piece(B, "bbbb")]
    assert list(joining.flush()) == [Piece(A, "aaa")]


def test_size_is_counted_in_bytes_of_utf_8() -> None:
    assert list(coalescer(4).add(Piece(A, "🌍"))) == [Piece(A, "🌍")]
    # Half a pair, which a model may well send, has a size too.
    assert list(coalescer(3).add(Piece(A, "\ud83c"))) == [Piece(A, "\ud83c")]


def test_a_messages_end_comes_behind_its_last_piece() -> None:
    joining = coalescer(100)
    joining.add(Piece(A, "a"))
    joining.add(Piece(B, "b"))
    assert list(joining.add(Closed(A))) == [Piece(A, "a"), Closed(A)]
    assert not joining.is_empty


def test_an_end_without_pieces_passes() -> None:
    assert list(coalescer().add(Closed(A, "broken"))) == [Closed(A, "broken")]


def test_everything_else_passes_at_once() -> None:
    joining = coalescer()
    joining.add(Piece(A, "a"))
    assert list(joining.add(ResponseClosed())) == [ResponseClosed()]


def test_a_flush_gives_what_waits_once_in_the_order_it_came() -> None:
    joining = coalescer(100)
    for change in (Piece(B, "1"), Piece(A, "2"), Piece(B, "3")):
        joining.add(change)
    assert list(joining.flush()) == [Piece(B, "13"), Piece(A, "2")]
    assert list(joining.flush()) == []


def test_without_intermediate_results_only_the_end_lets_pieces_go() -> None:
    joining = coalescer(1, with_intermediate=False)
    assert [*joining.add(Piece(A, "abc")), *joining.add(Piece(A, "def")), *joining.flush()] == []
    assert list(joining.add(Closed(A))) == [Piece(A, "abcdef"), Closed(A)]
