"""Server-sent events, decoded as the WHATWG HTML standard says (§9.2.6), without I/O and with a bound.

Written here because the parsers on PyPI that bound an event's size are private parts of an HTTP client other than
aiohttp (httpx2's), and those that fit aiohttp buffer without a bound or inherit its limit on a line's length.
Only the data of events is given: AG-UI uses neither names nor ids nor retry times.
"""

from collections.abc import Iterator

_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(Exception):
    """An event, or a line that never ends, is larger than the limit."""


class SseDecoder:
    """Fed the bytes of one stream in any portions, gives the data of its events.

    Args:
        max_event_bytes: how much may be held for one event: its data lines and the line that is not complete yet.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self._limit = max_event_bytes
        self._data: list[bytes] = []
        self._data_bytes = 0
        # Kept in portions: joining at each would make a long line cost the square of its length.
        self._line: list[bytes] = []
        self._line_bytes = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of the events that the chunk completes, without their line ends. To be read to the end.

        Raises:
            EventTooLargeError: after the events before it.
        """
        if not chunk:
            return
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        for piece in chunk.splitlines(keepends=True):
            text = piece.rstrip(b"\r\n")
            self._hold(text)
            if len(text) == len(piece):
                continue
            data = self._end_line()
            if data is not None:
                yield data

    def end(self) -> bytes | None:
        """The data of a last event whose blank line never came, or ``None``.

        The standard drops it; AG-UI's own client takes it, and so do agents that never send the last blank line.
        """
        if self._line:
            self._end_line()
        return self._take_event()

    def _hold(self, text: bytes) -> None:
        self._line.append(text)
        self._line_bytes += len(text)
        if self._line_bytes + self._data_bytes > self._limit:
            raise EventTooLargeError

    def _end_line(self) -> bytes | None:
        line = b"".join(self._line)
        self._line.clear()
        self._line_bytes = 0
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._take_event()
        field, _, value = line.partition(b":")
        if field == b"data":
            value = value.removeprefix(b" ")
            self._data.append(value)
            # One more for its line end, so that endless empty lines are bounded too.
            self._data_bytes += len(value) + 1
        return None

    def _take_event(self) -> bytes | None:
        if not self._data:
            return None
        data = b"\n".join(self._data)
        self._data.clear()
        self._data_bytes = 0
        return data
