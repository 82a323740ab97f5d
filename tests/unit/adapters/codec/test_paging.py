"""Cursors are opaque, safe in URLs, and give back exactly where a page has ended."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.codec.paging import decode_cursor, encode_cursor
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import ThreadId

ids = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=256).map(ThreadId)
times = st.datetimes(timezones=st.just(UTC))


@given(st.tuples(times, ids))
def test_every_position_survives_its_cursor(position: tuple[datetime, ThreadId]) -> None:
    cursor = encode_cursor(position)
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", cursor)
    assert decode_cursor(cursor) == position
    with pytest.raises(InvalidError):
        decode_cursor(f"!{cursor}")


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda octets: octets.decode("latin-1")))
def test_what_is_no_cursor_is_refused_whatever_it_is(text: str) -> None:
    with pytest.raises(InvalidError):
        decode_cursor(text)
