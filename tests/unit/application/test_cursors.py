"""Places in a thread as text: told one by one or in a row, they are the same, and read back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.application.cursors import CursorTexts, cursor_of, read_cursor
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import Event, RunFinished, TextMessageContent
from agui_runtime.domain.identity import RunKey
from tests.unit.application.world import SCOPE, THREAD

KEY = RunKey(SCOPE, THREAD, 1)
EVENTS: list[Event] = [TextMessageContent("m", "x"), RunFinished("thread", "run")]
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
ENTRIES = st.lists(st.builds(LogEntry, st.integers(1), st.just(KEY), st.sampled_from(EVENTS), MOMENTS, st.booleans()))


@given(ENTRIES)
def test_told_in_a_row_places_are_the_same(entries: list[LogEntry]) -> None:
    texts = CursorTexts()
    assert [texts.of(entry) for entry in entries] == [cursor_of(entry) for entry in entries]


@given(MOMENTS)
def test_a_stamp_is_the_microseconds_since_1970(moment: datetime) -> None:
    cursor = read_cursor(cursor_of(LogEntry(7, KEY, EVENTS[0], moment)))
    assert cursor is not None
    assert cursor.stamp is not None
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(cursor.stamp, 16)) == moment
