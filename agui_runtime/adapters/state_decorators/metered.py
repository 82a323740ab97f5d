"""Counts and times what is done with states."""

import logging
from asyncio import CancelledError
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from time import perf_counter

from agui_runtime.adapters.state_decorators.passing import PassingStateStore
from agui_runtime.application.ports import StateStore, Telemetry
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.errors import ConflictError, CorruptError, InvalidError, UnavailableError
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.state import AgentState

logger = logging.getLogger(__name__)

OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (ConflictError, "conflict"),
    (InvalidError, "invalid"),
    (UnavailableError, "unavailable"),
    (CorruptError, "corrupt"),
    (CancelledError, "cancelled"),
)
"""What an operation that raises is counted as; anything else is ``failed``."""


class MeteredStateStore(PassingStateStore):
    """Gives the telemetry a span and a measurement for each operation: its seconds, with the outcome as an attribute.

    What an operation raises goes through its span, so that a tracer can mark it as failed.

    The names are ``state.load``, ``state.save``, ``state.delete``, ``state.list_agents``, ``state.list_threads``,
    ``state.clear_thread`` and ``state.sweep``. Ids are no attributes: there is no end of them,
    and they are nobody else's business.

    Args:
        inner: the store.
        telemetry: where they go. What it raises is logged, no more.
    """

    def __init__(self, inner: StateStore, telemetry: Telemetry) -> None:
        super().__init__(inner)
        self._telemetry = telemetry

    async def load(self, key: StateKey) -> AgentState | None:
        """The state, or ``None``; measured."""
        with self._measured("state.load"):
            return await super().load(key)

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version if the stored one is ``expected_version``; measured."""
        with self._measured("state.save"):
            return await super().save(key, values, expected_version=expected_version, expires_at=expires_at, run=run)

    async def delete(self, key: StateKey) -> bool:
        """Remove the state; measured."""
        with self._measured("state.delete"):
            return await super().delete(key)

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        """The states of a thread; measured."""
        with self._measured("state.list_agents"):
            return await super().list_agents(scope, thread_id)

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        """An agent's states; measured."""
        with self._measured("state.list_threads"):
            return await super().list_threads(scope, agent_name, after=after, limit=limit)

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        """Remove all states of a thread; measured."""
        with self._measured("state.clear_thread"):
            return await super().clear_thread(scope, thread_id)

    async def sweep(self) -> int:
        """Remove what has expired; measured."""
        with self._measured("state.sweep"):
            return await super().sweep()

    @contextmanager
    def _measured(self, name: str) -> Generator[None]:
        started, outcome = perf_counter(), "ok"
        span = self._begun(name)
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            outcome = next((word for kind, word in OUTCOMES if isinstance(raised, kind)), "failed")
            raise
        finally:
            self._end(span, name, error)
            self._tell(name, perf_counter() - started, outcome)

    # A save that has happened must not look like one that failed, whatever is wrong with the telemetry.

    def _begun(self, name: str) -> AbstractContextManager[None]:
        try:
            span = self._telemetry.span(name)
            span.__enter__()
        except Exception:
            logger.exception("The telemetry refused the span %s.", name)
            return nullcontext()
        return span

    def _end(self, span: AbstractContextManager[None], name: str, error: BaseException | None) -> None:
        try:
            span.__exit__(None if error is None else type(error), error, None if error is None else error.__traceback__)
        except Exception:
            logger.exception("The telemetry could not end the span %s.", name)

    def _tell(self, name: str, seconds: float, outcome: str) -> None:
        try:
            self._telemetry.observe(name, seconds, outcome=outcome)
        except Exception:
            logger.exception("The telemetry refused the measurement %s.", name)
