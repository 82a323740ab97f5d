"""One run of an endpoint's agent, read as domain events."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Protocol

from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.adapters.remote.event_stream import ClosingStream
from agui_runtime.adapters.remote.lines import LineDecoder, LineTooLargeError
from agui_runtime.adapters.remote.response import ResponseReader, too_large
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError, InvalidError
from agui_runtime.domain.json_value import JsonObject, is_object


class Translator(Protocol):
    """Turns lines into events."""

    def events(self, line: JsonObject) -> Sequence[e.Event]:
        """What a line stands for.

        Raises:
            InvalidError: naming the field that does not fit.
        """
        ...


class LineStream(ClosingStream):
    """The events of JSON lines. Their end is success: the protocol has no terminal event.

    Raises:
        AgentError: while iterating: broken JSON, an invalid or too large line, a stream that breaks off.
        TimedOutError: while iterating: the agent was silent for too long, or took too long as a whole.
    """

    def __init__(
        self, reader: ResponseReader, translator: Translator, finished: e.RunFinished, max_line_bytes: int
    ) -> None:
        super().__init__(reader, self._read())
        self._peer = reader.peer
        self._translator = translator
        self._finished = finished
        self._max_line_bytes = max_line_bytes
        self._open: dict[str, e.Event] = {}

    async def _read(self) -> AsyncGenerator[e.Event, None]:
        lines = LineDecoder(self._max_line_bytes)
        try:
            while chunk := await self._reader.chunk():
                for line in lines.feed(chunk):
                    for event in self._translate(line):
                        yield event
                        if isinstance(event, e.RunError):
                            return
            for event in self._translate_last(lines.end()):
                yield event
            for event in (*self._open.values(), self._finished):
                yield event
        except LineTooLargeError as error:
            raise too_large(self._peer, "a line", "event_bytes", self._max_line_bytes) from error
        finally:
            self._reader.close()

    def _translate(self, line: bytes) -> Iterator[e.Event]:
        try:
            value = from_json(line)
        except InvalidError as error:
            raise AgentError(f"The {self._peer} sent a line that is not valid JSON.") from error
        if not is_object(value):
            raise AgentError(f"The {self._peer} sent a line that is no JSON object.")
        try:
            events = self._translator.events(value)
        except InvalidError as error:
            raise AgentError(f"The {self._peer} sent a line that does not fit. {error.message}") from error
        for event in events:
            self._note(event)
            yield event

    def _translate_last(self, rest: bytes) -> Iterator[e.Event]:
        if not rest:
            return
        try:
            from_json(rest)
        except InvalidError as error:
            raise AgentError(f"The stream of the {self._peer} broke off within a line.") from error
        yield from self._translate(rest)

    def _note(self, event: e.Event) -> None:
        """Endpoints may leave messages and calls open at their end, which is success all the same."""
        match event:
            case e.TextMessageStart(message_id=key):
                self._open[key] = e.TextMessageEnd(key)
            case e.ToolCallStart(tool_call_id=key):
                self._open[key] = e.ToolCallEnd(key)
            case e.TextMessageEnd(message_id=key) | e.ToolCallEnd(tool_call_id=key):
                self._open.pop(key, None)
            case _:
                pass
