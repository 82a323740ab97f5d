"""A run as a response that graphql-core can read while it grows."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql import projection as p
from agui_runtime.adapters.graphql.batches import slices, with_deadlines
from agui_runtime.adapters.graphql.channel import Channel, Promise
from agui_runtime.adapters.graphql.coalescing import Coalescer, Streaming
from agui_runtime.adapters.graphql.errors import failed_status_details
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import GENERIC_MESSAGE, AguiError

logger = logging.getLogger(__name__)


class LiveResponse:
    """Feeds a response's lists and statuses from batches of a run's events.

    Attributes:
        is_complete: the response's status is known: hanging up no longer means "stop".
    """

    def __init__(self, projection: p.Projection, streaming: Streaming | None = None) -> None:
        self.is_complete = False
        self._streaming = streaming
        self._coalescer = Coalescer(streaming) if streaming else None
        self._flush_at: float | None = None
        self.messages: Channel[o.OutputMessage] = Channel()
        self.meta_events: Channel[o.MetaEvent] = Channel()
        self.status: Promise[o.ResponseStatus] = Promise()
        self._projection = projection
        self._open: dict[tuple[str, str], o.StreamedMessage] = {}

    async def pump(self, batches: AsyncIterator[Sequence[LogEntry]]) -> None:
        """Read the run to its end."""
        async for _ in self.growth(batches):
            pass

    async def growth(self, batches: AsyncIterator[Sequence[LogEntry]]) -> AsyncGenerator[None, None]:
        """Read the run to its end, with a turn for whoever shows it each time that there may be more to show.

        When it has ended there may be more, too.
        """
        followed = slices(batches if self._coalescer is None else with_deadlines(batches, self._seconds_to_flush))
        try:
            async for batch in followed:
                self._take_batch(batch)
                if self.is_complete:
                    break
                self._flush_if_due()
                yield
        except AguiError as error:
            logger.exception("A run could not be shown to its GraphQL client.")
            self._end(error.message, error.code)
        except Exception:
            logger.exception("A run could not be shown to its GraphQL client.")
        finally:
            self._end()
            await followed.aclose()

    def _take_batch(self, batch: Sequence[LogEntry]) -> None:
        for entry in batch:
            event = entry.event
            if isinstance(event, e.TextMessageContent) and self._coalescer is None:
                # Almost all that comes: not worth a change of its own.
                self._pieces((p.TEXT, event.message_id)).push(event.delta)
            else:
                self._take(self._projection.changes(entry))

    def _take(self, changes: Sequence[p.Change]) -> None:
        for change in changes:
            if self._coalescer is None:
                self._apply(change)
            else:
                for ready in self._coalescer.add(change):
                    self._apply(ready)

    def _seconds_to_flush(self) -> float | None:
        return None if self._flush_at is None else max(0.0, self._flush_at - asyncio.get_running_loop().time())

    def _flush_if_due(self) -> None:
        if self._streaming is None or self._coalescer is None or self._coalescer.is_empty:
            self._flush_at = None
            return
        if self._flush_at is None:
            self._flush_at = asyncio.get_running_loop().time() + self._streaming.flush_seconds
        if self._seconds_to_flush() == 0:
            self._flush_at = None
            for change in self._coalescer.flush():
                self._apply(change)

    def _apply(self, change: p.Change) -> None:
        match change:
            case p.Piece(key=key, text=text):
                self._pieces(key).push(text)
            case p.TextOpened():
                self._add(
                    (p.TEXT, change.id),
                    o.TextMessageOutput(
                        id=change.id,
                        created_at=change.at,
                        content=Channel(),
                        status=Promise(),
                        parent_message_id=change.parent_message_id,
                    ),
                )
            case p.CallOpened():
                self._add(
                    (p.CALL, change.id),
                    o.ActionExecutionMessageOutput(
                        id=change.id,
                        created_at=change.at,
                        name=change.name,
                        arguments=Channel(),
                        status=Promise(),
                        parent_message_id=change.parent_message_id,
                    ),
                )
            case p.Closed(key=key, failure=failure):
                self._close(key, failure)
            case p.ResultGiven():
                self.messages.push(
                    o.ResultMessageOutput(
                        id=f"result-{change.call_id}",
                        created_at=change.at,
                        action_execution_id=change.call_id,
                        action_name=change.name,
                        result=change.result,
                    )
                )
            case p.StateReported():
                self.messages.push(_state_message(change))
            case p.MetaEventRaised(event=event):
                self.meta_events.push(event)
            case p.ResponseClosed(reason=reason, details=details):
                self._finish(reason, details)

    def _pieces(self, key: tuple[str, str]) -> Channel[str]:
        message = self._open[key]
        return message.content if isinstance(message, o.TextMessageOutput) else message.arguments

    def _add(self, key: tuple[str, str], message: o.StreamedMessage) -> None:
        self._open[key] = message
        self.messages.push(message)

    def _close(self, key: tuple[str, str], failure: str | None) -> None:
        self._pieces(key).close()
        message = self._open.pop(key)
        status = o.SUCCESS if failure is None else o.FailedMessageStatus(failure or message.failure)
        message.status.keep(status)

    def _end(self, message: str = GENERIC_MESSAGE, code: str | None = None) -> None:
        """Nothing more will come: whatever is still open has failed, so that no reader waits for ever."""
        for key in tuple(self._open):
            self._take([p.Closed(key, "")])
        self.messages.close()
        self.meta_events.close()
        self.status.keep(o.FailedResponseStatus("UNKNOWN_ERROR", failed_status_details(message, code)))

    def _finish(self, reason: str | None, details: Any) -> None:
        self.is_complete = True
        self.status.keep(o.SuccessResponseStatus() if reason is None else o.FailedResponseStatus(reason, details or {}))


def _state_message(report: p.StateReported) -> o.AgentStateMessageOutput:
    return o.AgentStateMessageOutput(
        id=f"ck-{uuid4()}",
        created_at=report.at,
        thread_id=report.thread_id,
        agent_name=report.agent_name,
        node_name=report.node_name,
        run_id=report.run_id,
        state=report.state,
        running=report.running,
        active=report.active,
    )
