"""The order of a run's events: expands chunks, refuses the impossible, closes what is open (contract agui §5, §8)."""

from collections.abc import Callable, Iterable
from typing import Any

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidEventError
from agui_runtime.domain.json_value import dumps
from agui_runtime.domain.open_streams import OpenStreams
from agui_runtime.domain.runs import Denied, Failed, Finished, Interrupted, Outcome, Stopped

_Chunk = e.TextMessageChunk | e.ToolCallChunk | e.ReasoningMessageChunk
_Opening = e.TextMessageStart | e.ToolCallStart | e.ReasoningMessageStart

STOP_RESULT = dumps({"status": "stopped", "reason": "stop_requested", "message": "Run stopped by user"})


class Lifecycle:
    """Fed one event of a producer at a time, gives the events that may leave.

    The run's own boundary is not the producer's to write: its RUN_STARTED is taken and dropped (the log wrote one),
    its RUN_FINISHED or RUN_ERROR is kept as ``ending``, and ``finalize`` makes the one terminal event.
    """

    def __init__(self) -> None:
        self.ending: e.RunFinished | e.RunError | None = None
        self._started = False
        self._open = OpenStreams()
        self._chunk: tuple[type[_Chunk], _Opening] | None = None
        self._rules: dict[type, Callable[[Any], None]] = {
            e.TextMessageStart: lambda v: self._open.start("text message", v.message_id, v),
            e.TextMessageContent: lambda v: self._open.need("text message", v.message_id, v),
            e.TextMessageEnd: lambda v: self._open.end("text message", v.message_id, v),
            e.ToolCallStart: lambda v: self._open.start("tool call", v.tool_call_id, v),
            e.ToolCallArgs: lambda v: self._open.need("tool call", v.tool_call_id, v),
            e.ToolCallEnd: lambda v: self._open.end("tool call", v.tool_call_id, v),
            e.ReasoningMessageStart: lambda v: self._open.start("reasoning message", v.message_id, v),
            e.ReasoningMessageContent: lambda v: self._open.need("reasoning message", v.message_id, v),
            e.ReasoningMessageEnd: lambda v: self._open.end("reasoning message", v.message_id, v),
            e.ReasoningStart: lambda v: self._open.start("reasoning", v.message_id, v),
            e.ReasoningEnd: lambda v: self._open.end("reasoning", v.message_id, v),
            e.StepStarted: lambda v: self._open.start("step", v.step_name, v),
            e.StepFinished: lambda v: self._open.end("step", v.step_name, v),
            e.SubagentStarted: self._open.start_subagent,
            e.SubagentFinished: self._open.end_subagent,
            e.SubagentError: self._open.end_subagent,
        }

    def feed(self, event: e.Event) -> tuple[e.Event, ...]:
        """The events that ``event`` stands for, in order.

        Raises:
            InvalidEventError: the event is impossible here; its message names it. Nothing has changed then.
        """
        if self.ending is not None:
            raise InvalidEventError(f"{event.type} came after {self.ending.type}.")
        if isinstance(event, e.TextMessageChunk | e.ToolCallChunk | e.ReasoningMessageChunk):
            return self._expand(event)
        chunk = self._chunk
        closing = self._close_chunk()
        try:
            return (*closing, *self._take(event))
        except InvalidEventError:
            self._reopen_chunk(chunk)
            raise

    def end_of_stream(self) -> tuple[e.Event, ...]:
        """The producer has nothing more to say: an open chunk stream is complete."""
        return self._close_chunk()

    def finalize(self, outcome: Outcome, *, thread_id: str, run_id: str) -> tuple[e.Event, ...]:
        """What closes all that is open, then the one terminal event."""
        closers = (*self._close_chunk(), *self._open.close_all(_open_call_result(outcome)))
        return (*closers, terminal_event(outcome, thread_id=thread_id, run_id=run_id))

    def _take(self, event: e.Event) -> tuple[e.Event, ...]:
        if isinstance(event, e.RunStarted):
            self._take_start(event)
            return ()
        if isinstance(event, e.RunFinished | e.RunError):
            self._take_ending(event)
            return ()
        rule = self._rules.get(type(event))
        if rule is not None:
            rule(event)
        self._started = True
        return (event,)

    def _take_start(self, event: e.RunStarted) -> None:
        if self._started:
            raise InvalidEventError(f"{event.type} must be a run's first event.")
        self._started = True

    def _take_ending(self, event: e.RunFinished | e.RunError) -> None:
        if isinstance(event, e.RunFinished):
            self._open.refuse_any(event)
        self.ending = event

    def _expand(self, chunk: _Chunk) -> tuple[e.Event, ...]:
        given = chunk.tool_call_id if isinstance(chunk, e.ToolCallChunk) else chunk.message_id
        current = self._chunk
        if current is not None and current[0] is type(chunk) and given in {None, _stream_id(current[1])}:
            return self._pieces((), chunk, _stream_id(current[1]))
        if given is None or (isinstance(chunk, e.ToolCallChunk) and chunk.tool_call_name is None):
            needed = "toolCallId and toolCallName" if isinstance(chunk, e.ToolCallChunk) else "messageId"
            raise InvalidEventError(f"The first {chunk.type} of a stream needs {needed}.")
        opening: _Opening
        owner = chunk.subagent_run_id
        if isinstance(chunk, e.TextMessageChunk):
            opening = e.TextMessageStart(given, chunk.role or "assistant", chunk.name, subagent_run_id=owner)
        elif isinstance(chunk, e.ToolCallChunk):
            name = chunk.tool_call_name or ""
            opening = e.ToolCallStart(given, name, chunk.parent_message_id, subagent_run_id=owner)
        else:
            opening = e.ReasoningMessageStart(given, subagent_run_id=owner)
        closing = self._close_chunk()
        try:
            self._take(opening)
        except InvalidEventError:
            self._reopen_chunk(current)
            raise
        self._chunk = (type(chunk), opening)
        return self._pieces((*closing, opening), chunk, given)

    def _pieces(
        self,
        before: tuple[e.Event, ...],
        chunk: _Chunk,
        stream_id: str,
    ) -> tuple[e.Event, ...]:
        if not chunk.delta:
            return before
        piece: e.Event
        if isinstance(chunk, e.TextMessageChunk):
            piece = e.TextMessageContent(stream_id, chunk.delta, subagent_run_id=chunk.subagent_run_id)
        elif isinstance(chunk, e.ToolCallChunk):
            piece = e.ToolCallArgs(stream_id, chunk.delta, subagent_run_id=chunk.subagent_run_id)
        else:
            piece = e.ReasoningMessageContent(stream_id, chunk.delta, subagent_run_id=chunk.subagent_run_id)
        return (*before, piece)

    def _close_chunk(self) -> tuple[e.Event, ...]:
        if self._chunk is None:
            return ()
        opening = self._chunk[1]
        self._chunk = None
        owner = opening.subagent_run_id
        end: e.TextMessageEnd | e.ToolCallEnd | e.ReasoningMessageEnd
        if isinstance(opening, e.TextMessageStart):
            end = e.TextMessageEnd(opening.message_id, subagent_run_id=owner)
        elif isinstance(opening, e.ToolCallStart):
            end = e.ToolCallEnd(opening.tool_call_id, subagent_run_id=owner)
        else:
            end = e.ReasoningMessageEnd(opening.message_id, subagent_run_id=owner)
        self._rules[type(end)](end)
        return (end,)

    def _reopen_chunk(self, chunk: tuple[type[_Chunk], _Opening] | None) -> None:
        # An impossible event changes nothing: the chunk stream it would have closed is still open.
        if chunk is not None:
            self._rules[type(chunk[1])](chunk[1])
            self._chunk = chunk


def terminal_event(outcome: Outcome, *, thread_id: str, run_id: str) -> e.RunFinished | e.RunError:
    """The event that ends a run with this outcome. Both ids always go along: old clients need them (contract agui §13)."""
    match outcome:
        case Finished(result=result, usage=usage):
            return e.RunFinished(thread_id, run_id, result=result, usage=usage)
        case Interrupted(interrupts=interrupts):
            return e.RunFinished(thread_id, run_id, interrupts=interrupts)
        case Stopped():
            return e.RunFinished(thread_id, run_id)
        case Failed(message=message, code=code):
            return e.RunError(message, code)
        case Denied(reason=reason):
            return e.RunError(reason, ErrorCode.GUARDRAIL_DENIED)


def outcome_of(ending: e.RunFinished | e.RunError | None) -> Outcome:
    """What an agent's own ending means; an agent's stream without one is incomplete (contract agui §8)."""
    match ending:
        case None:
            return Failed("Run ended without emitting a terminal event", ErrorCode.INCOMPLETE_STREAM)
        case e.RunError(message=message, code=code):
            return Failed(message, code or ErrorCode.AGENT_FAILED)
        case e.RunFinished(interrupts=interrupts) if interrupts:
            return Interrupted(interrupts)
        case e.RunFinished(result=result, usage=usage):
            return Finished(result, usage)


def replay_open(history: Iterable[e.Event]) -> Lifecycle:
    """A lifecycle that has seen a log's events, to seal a run whose process is gone."""
    lifecycle = Lifecycle()
    for event in history:
        lifecycle.feed(event)
    return lifecycle


def _stream_id(opening: _Opening) -> str:
    return opening.tool_call_id if isinstance(opening, e.ToolCallStart) else opening.message_id


def _open_call_result(outcome: Outcome) -> str | None:
    match outcome:
        case Stopped():
            return STOP_RESULT
        case Failed(message=message, code=code):
            reason = "missing_terminal_event" if code == ErrorCode.INCOMPLETE_STREAM else "run_failed"
            return dumps({"status": "error", "reason": reason, "message": message})
        case _:
            return None
