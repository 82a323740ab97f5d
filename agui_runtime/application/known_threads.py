"""What a thread's past means to its next run, kept from run to run, so that asking for it reads what is new alone."""

from collections import OrderedDict
from collections.abc import Sequence

from attrs import Factory, define, frozen

from agui_runtime.application.ports import RunLog
from agui_runtime.application.questions import OpenInterrupt, questions_of
from agui_runtime.application.replay import by_run
from agui_runtime.application.values import Bookmark, LogEntry
from agui_runtime.domain.identity import Scope, ThreadId
from agui_runtime.domain.messages import Message
from agui_runtime.domain.outline import Outline

MAX_MESSAGES = 50_000
"""Of all threads that are kept together: some 30 MB, since messages are kept without their words."""


@frozen
class ThreadPast:
    """What is behind a thread's next run.

    Attributes:
        outline: the conversation's messages, empty.
        questions: those that the newest run asked, expired ones among them.
        last: the thread's last entry, ``None`` where it has none.
    """

    outline: Sequence[Message] = ()
    questions: Sequence[OpenInterrupt] = ()
    last: LogEntry | None = None


@define(eq=False)
class _Known:
    first: int
    last: LogEntry
    outline: Outline = Factory(Outline)
    questions: Sequence[OpenInterrupt] = ()
    past: ThreadPast = ThreadPast()

    def take(self, ended: Sequence[LogEntry]) -> None:
        """Whole runs that are over."""
        self.outline.extend(entry.event for entry in ended)
        self.questions = questions_of(ended)
        self.last = ended[-1]
        self.past = ThreadPast(self.outline.messages(), self.questions, self.last)

    @property
    def bookmark(self) -> Bookmark:
        return Bookmark(self.first, self.last.sequence, self.last.run, self.last.recorded_at)


class KnownThreads:
    """Reads threads, and remembers those used last. The log stays the truth: each reading asks it what is new.

    Args:
        log: the run log.
        max_messages: of all threads that are remembered together.
    """

    def __init__(self, log: RunLog, max_messages: int = MAX_MESSAGES) -> None:
        self._log = log
        self._max_messages = max_messages
        self._known: OrderedDict[tuple[Scope, ThreadId], _Known] = OrderedDict()
        self._messages = 0

    async def read(self, scope: Scope, thread_id: ThreadId) -> tuple[ThreadPast, Sequence[LogEntry]]:
        """What is behind a thread's ended runs, and the entries of the live one, where there is one.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        key = (scope, thread_id)
        while (known := self._known.get(key)) is not None:
            bookmark = known.bookmark
            entries = await self._log.read_on(scope, thread_id, bookmark)
            if self._known.get(key) is not known or known.bookmark != bookmark:
                # Another request has read on meanwhile.
                continue
            if entries is None:
                self._forget(key)
                break
            return self._taken(key, known, entries)
        entries = await self._log.read(scope, thread_id)
        self._forget(key)
        if not entries:
            return ThreadPast(), ()
        return self._taken(key, _Known(entries[0].sequence, entries[0]), entries)

    def _taken(
        self, key: tuple[Scope, ThreadId], known: _Known, entries: Sequence[LogEntry]
    ) -> tuple[ThreadPast, Sequence[LogEntry]]:
        live = by_run(entries).live
        ended = entries[: len(entries) - len(live)]
        if ended:
            self._forget(key)
            known.take(ended)
            self._keep(key, known)
        elif key in self._known:
            self._known.move_to_end(key)
        return known.past, live

    def _keep(self, key: tuple[Scope, ThreadId], known: _Known) -> None:
        self._known[key] = known
        self._messages += len(known.past.outline)
        while self._messages > self._max_messages:
            self._forget(next(iter(self._known)))

    def _forget(self, key: tuple[Scope, ThreadId]) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._messages -= len(known.past.outline)
