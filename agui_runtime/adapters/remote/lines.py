"""JSON lines, split without I/O and with a bound."""

from collections.abc import Iterator


class LineTooLargeError(Exception):
    """A line, or one that never ends, is larger than the limit."""


class LineDecoder:
    """Fed the bytes of one stream in any portions, gives its lines; blank ones are left out.

    Args:
        max_line_bytes: how much may be held for one line.
    """

    def __init__(self, max_line_bytes: int) -> None:
        self._limit = max_line_bytes
        # Kept in portions: joining at each would make a long line cost the square of its length.
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that the chunk completes. To be read to the end.

        Raises:
            LineTooLargeError: after the lines before it.
        """
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            self._hold(piece)
            line = self._take()
            if line:
                yield line
        self._hold(rest)

    def end(self) -> bytes:
        """A last line whose end never came; empty where there is none."""
        return self._take()

    def _hold(self, piece: bytes) -> None:
        self._held.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes > self._limit:
            raise LineTooLargeError

    def _take(self) -> bytes:
        line = b"".join(self._held).strip()
        self._held.clear()
        self._held_bytes = 0
        return line
