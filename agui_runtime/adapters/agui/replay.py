"""A replay that clients of every version take to its end (contract agui §6, §13)."""

from collections.abc import AsyncIterator, Iterator, Sequence

from attrs import evolve

from agui_runtime.adapters.agui.projection import wire_code
from agui_runtime.application.iterators import close
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e

Batches = AsyncIterator[Sequence[LogEntry]]


class FailuresInThePast:
    """A failed run that another follows ends as a finished one: clients before 0.0.59 take no run behind an error."""

    def __init__(self) -> None:
        self._held: LogEntry | None = None
        self._run_id = ""

    def take(self, entries: Sequence[LogEntry]) -> Iterator[LogEntry]:
        """The entries that can be told by now: an error is held until it is known whether anything follows."""
        for entry in entries:
            yield from self._followed()
            match entry.event:
                case e.RunError():
                    self._held = entry
                    continue
                case e.RunStarted(run_id=run_id):
                    self._run_id = run_id
                case _:
                    pass
            yield entry

    def end(self) -> Iterator[LogEntry]:
        """What was held: nothing followed it."""
        if self._held is not None:
            yield self._held
            self._held = None

    def _followed(self) -> Iterator[LogEntry]:
        if self._held is None:
            return
        entry, self._held = self._held, None
        error = entry.event
        assert isinstance(error, e.RunError)  # noqa: S101 - nothing else is held
        code = wire_code(error.code)
        told = {"message": error.message, **({"code": code} if code else {})}
        metadata = {**(error.metadata or {}), "error": told}
        finished = e.RunFinished(entry.run.thread_id, self._run_id, usage=error.usage, metadata=metadata)
        yield evolve(entry, event=finished)


async def valid_for_all(batches: Batches, seen: Sequence[LogEntry] = ()) -> Batches:
    """The batches of a connection, with failures of the past told so that every client reads on.

    Args:
        batches: what is told.
        seen: what the client was told of the first run before.
    """
    past = FailuresInThePast()
    for _ in past.take(seen):
        pass
    try:
        async for batch in batches:
            if told := tuple(past.take(batch)):
                yield told
        if told := tuple(past.end()):
            yield told
    finally:
        await close(batches)
