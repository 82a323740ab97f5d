"""Counts and times what is done with states."""

import logging
from asyncio import CancelledError
from collections.abc import Generator, Sequence
from contextlib import contextmanager
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
    """Gives the telemetry one measurement for each operation: its seconds, with the outcome as an attribute.

    The names are ``state.load``, ``state.save``, ``state.delete``, ``state.list_agents``, ``state.list_threads`` and
    ``state.clear_thread``. Ids are no attributes: there is no end of them, and they are nobody else's business.

    Args:
        inner: the store.
        telemetry: where the measurements go. What it raises is logged, no more.
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

    @contextmanager
    def _measured(self, name: str) -> Generator[None]:
        started, outcome = perf_counter(), "ok"
        try:
            yield
        except BaseException as error:
            outcome = next((word for kind, word in OUTCOMES if isinstance(error, kind)), "failed")
            raise
        finally:
            self._tell(name, perf_counter() - started, outcome)

    def _tell(self, name: str, seconds: float, outcome: str) -> None:
        try:
            self._telemetry.observe(name, seconds, outcome=outcome)
        except Exception:
            # A save that has happened must not look like one that failed.
            logger.exception("The telemetry refused the measurement %s.", name)
