"""What a process has in memory of the newest committed events of a run, for the cursors in it."""

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from agui_runtime.application.frames import NO_FRAMES, Frames
from agui_runtime.application.values import LogEntry
from agui_runtime.application.waiters import Waiters
from agui_runtime.domain.errors import AguiError
from agui_runtime.domain.events import PIECES
from agui_runtime.domain.identity import RunKey

RECENT_BYTES = 64 * 1024
"""How much of a run's stored text stays in memory, the newest batch in any case. Who lags further reads the table."""


class RunFeed:
    """The committed end of one run's events. It is filled by the run's writer, or by looking at the table.

    Attributes:
        run: whose events they are.
        published: the highest committed sequence number known here.
        is_local: the run's writer is in this process and fills it.
        is_open: it is known where the run stands.
        ended: no more events will come.
        error: what ends the cursors instead of the run's end.
        followers: how many cursors there are.

    Args:
        frames: pieces of streams wake a cursor once a frame, anything else does it at once.
    """

    def __init__(self, run: RunKey, frames: Frames = NO_FRAMES) -> None:
        self.run = run
        self.published = 0
        self.is_local = False
        self.is_open = False
        self.ended = False
        self.error: AguiError | None = None
        self.followers = 0
        self._entries: list[LogEntry] = []
        self._batches: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self._waiters = Waiters(frames)

    def open_at(self, sequence: int, *, is_local: bool = False) -> None:
        """Begin, or begin anew, behind a committed sequence number: what comes before it is read from the table."""
        self.published, self.is_local, self.is_open = sequence, is_local, True
        self._entries, self._batches, self._bytes = [], deque(), 0
        self._waiters.wake()

    def publish(self, entries: Sequence[LogEntry], size: int) -> None:
        """Add a committed batch of ``size`` bytes, which begins behind ``published``."""
        self._entries.extend(entries)
        self._batches.append((len(entries), size))
        self._bytes += size
        self.published = entries[-1].sequence
        while self._bytes > RECENT_BYTES and len(self._batches) > 1:
            count, bytes_of_batch = self._batches.popleft()
            del self._entries[:count]
            self._bytes -= bytes_of_batch
        if isinstance(entries[-1].event, PIECES):
            self._waiters.wake_once_a_frame()
        else:
            self._waiters.wake()

    def end(self) -> None:
        """All is published."""
        self.ended = self.is_open = True
        self._waiters.wake()

    def vanish(self) -> None:
        """The run was abandoned: cursors end with nothing more."""
        self._entries.clear()
        self.published = 0
        self.end()

    def fail(self, error: AguiError) -> None:
        """End the cursors with an error."""
        self.error = error
        self._waiters.wake()

    def behind(self, sequence: int) -> list[LogEntry] | None:
        """The published entries behind a number; ``None`` where they are no longer in memory."""
        place = sequence - self.published + len(self._entries)
        return self._entries[place:] if place >= 0 else None

    async def changed(self) -> None:
        """Wait for the next change."""
        await self._waiters.wait()


class RunFeeds:
    """The feeds of a process: one for each run that is written or followed in it."""

    def __init__(self, frames: Frames = NO_FRAMES) -> None:
        self._frames = frames
        self._feeds: dict[RunKey, RunFeed] = {}

    @contextmanager
    def joined(self, run: RunKey) -> Generator[RunFeed]:
        """The run's feed, for one cursor."""
        feed = self._of(run)
        feed.followers += 1
        try:
            yield feed
        finally:
            feed.followers -= 1
            self.release(feed)

    def local(self, run: RunKey, published: int) -> RunFeed:
        """The feed of a run that is written here from now on."""
        feed = self._of(run)
        feed.open_at(published, is_local=True)
        return feed

    def remote(self) -> Sequence[RunFeed]:
        """Those that somebody follows and nobody in this process fills."""
        return [
            feed
            for feed in self._feeds.values()
            if feed.is_open and not feed.is_local and not feed.ended and not feed.error
        ]

    def release(self, feed: RunFeed) -> None:
        """Forget a feed that nobody needs any more."""
        needed = feed.followers > 0 or (feed.is_local and not feed.ended)
        if (not needed or feed.error is not None) and self._feeds.get(feed.run) is feed:
            del self._feeds[feed.run]

    def _of(self, run: RunKey) -> RunFeed:
        return self._feeds.get(run) or self._feeds.setdefault(run, RunFeed(run, self._frames))
