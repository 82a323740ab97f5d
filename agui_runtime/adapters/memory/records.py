"""What the memory adapters keep: mutable records, never handed out."""

import json
from collections.abc import Callable
from datetime import datetime

from attrs import Factory, define, frozen

from agui_runtime.application.event_list import EventList
from agui_runtime.application.values import StateSummary, Thread
from agui_runtime.domain.identity import AgentName, RunId, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.runs import Outcome
from agui_runtime.domain.state import AgentState

RUN_BYTES = 1000
"""A run's record, event list and keys, roughly."""

THREAD_BYTES = 1500
"""A thread's record and its places in the indexes, roughly."""


@frozen
class StateRecord:
    """One stored state. The values are JSON text, so that no caller can share them.

    Attributes:
        bytes_json: the text's length in UTF-8.
        memory: bytes that the record takes.
    """

    text: str
    bytes_json: int
    memory: int
    version: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    saved_by: RunKey | None

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    def state(self, key: StateKey) -> AgentState:
        """The state, with values of its own."""
        return AgentState(
            key=key,
            values=json.loads(self.text),
            version=self.version,
            created_at=self.created_at,
            updated_at=self.updated_at,
            expires_at=self.expires_at,
            saved_by=self.saved_by,
        )

    def summary(self, key: StateKey) -> StateSummary:
        """The state without its values."""
        return StateSummary(
            key=key,
            version=self.version,
            size=self.bytes_json,
            created_at=self.created_at,
            updated_at=self.updated_at,
            expires_at=self.expires_at,
        )


@define(eq=False)
class RunRecord:
    """One run.

    Attributes:
        token: of the lease that may write; no two leases ever have the same.
        active_at: when it began or was finished.
        compacted: its events have been folded into fewer.
        stop_requested: somebody has asked it to stop.
        memory: bytes that the record and its events take, roughly.
        outcome: ``None`` while it is live.
    """

    key: RunKey
    run_id: RunId
    agent_name: AgentName | None
    token: int
    lease_expires_at: datetime
    on_stop: Callable[[], None]
    active_at: datetime
    memory: int
    events: EventList
    outcome: Outcome | None = None
    compacted: bool = False
    stop_requested: bool = False


@define(eq=False)
class ThreadRecord:
    """One thread with all that is in it.

    Attributes:
        touched_at: when a state was last saved, or the thread made, renamed or archived.
        first_agent: whose state or run has made it.
        live: the run that is going on.
        memory: bytes that it takes with its runs and states, roughly.
    """

    scope: Scope
    thread_id: ThreadId
    created_at: datetime
    touched_at: datetime
    first_agent: AgentName | None
    memory: int
    name: str | None = None
    archived: bool = False
    runs: dict[int, RunRecord] = Factory(dict[int, RunRecord])
    states: dict[AgentName, StateRecord] = Factory(dict[AgentName, StateRecord])
    live: RunRecord | None = None
    last_number: int = 0
    last_sequence: int = 0

    @property
    def updated_at(self) -> datetime:
        """Its newest activity. Derived, so that an abandoned run leaves no trace in it."""
        newest = next(reversed(self.runs.values()), None)
        return self.touched_at if newest is None else max(self.touched_at, newest.active_at)

    @property
    def agent_name(self) -> AgentName | None:
        """The agent of the newest run that names one."""
        named = (run.agent_name for run in reversed(self.runs.values()) if run.agent_name is not None)
        return next(named, self.first_agent)

    def thread(self) -> Thread:
        """The thread as lists show it."""
        return Thread(
            thread_id=self.thread_id,
            created_at=self.created_at,
            updated_at=self.updated_at,
            name=self.name,
            agent_name=self.agent_name,
            archived=self.archived,
            live=self.live is not None,
        )
