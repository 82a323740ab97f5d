"""The order of a run's events: expands chunks, refuses the impossible, closes what is open (contract agui §5, §8)."""

from collections.abc import Iterable

from attrs import evolve

from agui_runtime.domain import events as e
from agui_runtime.domain.chunks import Chunk, Opening, continues, end_of, opening_of, pieces_of
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.json_value import dumps
from agui_runtime.domain.open_streams import OpenStreams
from agui_runtime.domain.runs import Denied, Failed, Finished, Interrupted, Outcome, Stopped

STOP_RESULT = dumps({"status": "stopped", "reason": "stop_requested", "message": "Run stopped by user"})

# They belong to no message, so that a chunk stream goes on behind them, as in the clients' own expansion.
_ASIDE = (e.Raw, e.ActivitySnapshot, e.ActivityDelta, e.ReasoningEncryptedValue)


class Lifecycle:
    """Fed one event of a producer at a time, gives the events that may leave.

    The run's own boundary is not the producer's to write: its RUN_STARTED is taken and dropped (the log wrote one),
    its RUN_FINISHED or RUN_ERROR is kept as ``ending``, and ``finalize`` makes the one terminal event.
    """

    def __init__(self) -> None:
        self.ending: e.RunFinished | e.RunError | None = None
        self._started = False
        self._open = OpenStreams()
        self._chunked: Opening | None = None

    def feed(self, event: e.Event) -> tuple[e.Event, ...]:
        """The events that ``event`` stands for, in order.

        Raises:
            InvalidEventError: the event is impossible here; its message names it. Nothing has changed then.
        """
        if self.ending is not None:
            raise InvalidEventError(f"{event.type} came after {self.ending.type}.")
        if isinstance(event, e.PIECES) and self._chunked is None:
            self._open.take(event)
            self._started = True
            return (event,)
        if isinstance(event, Chunk):
            try:
                return self._expand(event)
            except InvalidEventError as error:
                raise InvalidEventError(f"{event.type} was refused: {error.message}") from error
        if self._chunked is None or isinstance(event, _ASIDE):
            return self._take(event)
        return self._take_behind_chunks(event)

    def end_of_stream(self) -> tuple[e.Event, ...]:
        """The producer has nothing more to say: an open chunk stream is complete."""
        if self._chunked is None:
            return ()
        end = end_of(self._chunked)
        self._open.take(end)
        self._chunked = None
        return (end,)

    def finalize(self, outcome: Outcome, *, thread_id: str, run_id: str) -> tuple[e.Event, ...]:
        """What closes all that is open, then the one terminal event. It changes nothing, so it may be asked again.

        A chunk stream that is still open is complete where the run did what it wanted, and cut off otherwise.
        """
        closers = self._open.closers(_open_call_result(outcome))
        if self._chunked is not None and isinstance(outcome, Finished | Interrupted):
            # Whatever opens a stream ends the chunk stream before, so that one was opened last.
            closers = (end_of(self._chunked), *closers[1:])
        return (*closers, self._terminal(outcome, thread_id, run_id))

    def _take(self, event: e.Event) -> tuple[e.Event, ...]:
        if isinstance(event, e.RunStarted):
            if self._started:
                raise InvalidEventError(f"{event.type} must be a run's first event.")
            self._started = True
            return ()
        if isinstance(event, e.TERMINAL):
            if isinstance(event, e.RunFinished):
                self._open.refuse_any(event)
            self.ending = event
            return ()
        self._open.take(event)
        self._started = True
        return (event,)

    def _take_behind_chunks(self, event: e.Event) -> tuple[e.Event, ...]:
        chunked = self._chunked
        closing = self.end_of_stream()
        try:
            return (*closing, *self._take(event))
        except InvalidEventError:
            # An impossible event changes nothing: the chunk stream it would have ended is still open.
            if chunked is not None:
                self._open.take(chunked)
                self._chunked = chunked
            raise

    def _expand(self, chunk: Chunk) -> tuple[e.Event, ...]:
        if self._chunked is not None and continues(chunk, self._chunked):
            pieces = pieces_of(chunk, self._chunked)
            for piece in pieces:
                self._open.take(piece)
            return pieces
        opening = opening_of(chunk)
        pieces = pieces_of(chunk, opening)
        opened = self._take_behind_chunks(opening)
        self._chunked = opening
        return (*opened, *pieces)

    def _terminal(self, outcome: Outcome, thread_id: str, run_id: str) -> e.RunFinished | e.RunError:
        event = terminal_event(outcome, thread_id=thread_id, run_id=run_id)
        ending = self.ending
        if ending is None or ending.type is not event.type:
            return event
        return evolve(event, timestamp=ending.timestamp, raw_event=ending.raw_event, metadata=ending.metadata)


def terminal_event(outcome: Outcome, *, thread_id: str, run_id: str) -> e.RunFinished | e.RunError:
    """The event that ends a run with this outcome, always with both ids: clients need them (contract agui §13)."""
    match outcome:
        case Finished(result=result, usage=usage):
            return e.RunFinished(thread_id, run_id, result=result, usage=usage)
        case Interrupted(interrupts=interrupts, usage=usage):
            return e.RunFinished(thread_id, run_id, interrupts=interrupts, usage=usage)
        case Stopped():
            return e.RunFinished(thread_id, run_id)
        case Failed(message=message, code=code, usage=usage):
            return e.RunError(message, code, usage=usage)
        case Denied(reason=reason):
            return e.RunError(reason, ErrorCode.GUARDRAIL_DENIED)


def outcome_of(ending: e.RunFinished | e.RunError | None) -> Outcome:
    """What an agent's own ending means; an agent's stream without one is incomplete (contract agui §8)."""
    match ending:
        case None:
            return Failed("Run ended without emitting a terminal event", ErrorCode.INCOMPLETE_STREAM)
        case e.RunError(message=message, code=code, usage=usage):
            return Failed(message, code or ErrorCode.AGENT_FAILED, usage)
        case e.RunFinished(interrupts=interrupts, usage=usage) if interrupts:
            return Interrupted(interrupts, usage)
        case e.RunFinished(result=result, usage=usage):
            return Finished(result, usage)


def replay_open(history: Iterable[e.Event]) -> Lifecycle:
    """A lifecycle that has seen a log's events, to seal a run whose process is gone.

    Raises:
        InvalidEventError: the events are none that a lifecycle gave.
    """
    lifecycle = Lifecycle()
    for event in history:
        lifecycle.feed(event)
    return lifecycle


def _open_call_result(outcome: Outcome) -> str | None:
    match outcome:
        case Stopped():
            return STOP_RESULT
        case Failed(message=message, code=code):
            reason = "missing_terminal_event" if code == ErrorCode.INCOMPLETE_STREAM else "run_failed"
            return dumps({"status": "error", "reason": reason, "message": message})
        case _:
            return None
