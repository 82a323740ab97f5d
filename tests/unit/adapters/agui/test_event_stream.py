"""A run's batches as SSE bytes: framing, ids, and an end in every case."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from agui_runtime.adapters.agui.event_stream import EventStream, lone_error, stream_answer
from agui_runtime.adapters.agui.projection import Projection
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError, UnavailableError
from agui_runtime.domain.identity import RunKey, Scope, ThreadId
from agui_runtime.domain.runs import Interrupt
from tests.support.agui_client import Frame, frames_of
from tests.support.aio import run

RUN = RunKey(Scope("s"), ThreadId("t"), 1)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def entry(sequence: int, event: e.Event) -> LogEntry:
    return LogEntry(sequence, RUN, event, AT)


class Batches:
    """A cursor that tells when it is given back."""

    def __init__(self, *batches: Sequence[LogEntry], error: Exception | None = None) -> None:
        self.batches, self.error = batches, error
        self.closed = False

    async def follow(self) -> AsyncIterator[Sequence[LogEntry]]:
        try:
            for batch in self.batches:
                yield batch
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


def pieces_of(batches: Batches, *, with_ids: bool = True) -> list[bytes]:
    async def read() -> list[bytes]:
        stream = EventStream(batches.follow(), Projection(), "request-1", with_ids=with_ids)
        return [piece async for piece in stream]

    return run(read())


def frames(batches: Batches, *, with_ids: bool = True) -> list[Frame]:
    return frames_of(b"".join(pieces_of(batches, with_ids=with_ids)).decode())


SAID = (entry(1, e.TextMessageStart("m")), entry(2, e.TextMessageContent("m", "a")), entry(3, e.TextMessageEnd("m")))
END = entry(4, e.RunFinished("t", "r"))


def test_a_batch_is_one_write() -> None:
    assert len(pieces_of(Batches(SAID, [END]))) == 2


def test_an_event_is_one_line_of_data_behind_its_id() -> None:
    (piece,) = pieces_of(Batches([SAID[1]]))
    assert piece.endswith(b'\ndata: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a"}\n\n')
    assert piece.startswith(b"id: ")


def test_a_line_break_in_a_text_does_not_break_the_frame() -> None:
    (frame,) = frames(Batches([entry(1, e.TextMessageContent("m", "a\r\n\n\u2028b"))]))
    assert frame.event["delta"] == "a\r\n\n\u2028b"


def test_half_an_emoji_arrives() -> None:
    (frame,) = frames(Batches([entry(1, e.TextMessageContent("m", "\ud83d"))]))
    assert frame.event["delta"] == "\ud83d"


def test_a_batch_of_which_nothing_is_told_writes_nothing() -> None:
    assert pieces_of(Batches([entry(1, e.TextMessageContent("m", ""))])) == []


def test_ids_name_the_place_behind_which_a_client_goes_on() -> None:
    first, second = frames(Batches(SAID[:2]))
    assert (first.id or "").startswith("1")
    assert (second.id or "").startswith("2")


def test_an_entry_told_in_two_events_has_its_id_on_the_last() -> None:
    asking = e.RunFinished("t", "r", interrupts=(Interrupt("i", message="ok?"),))
    custom, finished = frames(Batches([entry(5, asking)]))
    assert custom.id is None
    assert (finished.id or "").startswith("5")


def test_a_stream_that_nobody_can_come_back_to_has_no_ids() -> None:
    assert [frame.id for frame in frames(Batches(SAID), with_ids=False)] == [None, None, None]


def test_a_log_that_goes_away_ends_the_stream_with_an_error() -> None:
    batches = Batches(SAID, error=UnavailableError("The database cannot be reached."))
    last = frames(batches)[-1]
    assert last.event == {
        "type": "RUN_ERROR",
        "message": "The database cannot be reached.",
        "code": "UNAVAILABLE",
        "correlationId": "request-1",
    }
    assert batches.closed


def test_what_fails_behind_the_end_is_not_told() -> None:
    frames_seen = frames(Batches([END], error=RuntimeError("secret")))
    assert [frame.event["type"] for frame in frames_seen] == ["RUN_FINISHED"]


def test_an_unforeseen_failure_tells_no_secret() -> None:
    (frame,) = frames(Batches(error=RuntimeError("password=1")))
    assert "password" not in frame.event["message"]


def test_closing_gives_the_cursor_back() -> None:
    batches = Batches(SAID, [END])

    async def leave() -> None:
        stream = EventStream(batches.follow(), Projection(), "request-1")
        async for _ in stream:
            break
        await stream.aclose()

    run(leave())
    assert batches.closed


def test_a_refusal_is_a_stream_of_one_event() -> None:
    (frame,) = frames_of(lone_error(BusyError("The thread is busy."), "request-1").decode())
    assert (frame.event["type"], frame.event["code"]) == ("RUN_ERROR", "THREAD_BUSY")


@pytest.mark.parametrize(("seconds", "fills"), [(15.0, True), (0.0, False)])
def test_a_stream_is_kept_alive_unless_that_is_off(seconds: float, fills: bool) -> None:
    answer = stream_answer(b"", seconds)
    assert (answer.keep_alive is not None) is fills
    assert dict(answer.headers) == {"content-type": "text/event-stream", "cache-control": "no-cache"}
