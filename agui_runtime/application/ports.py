"""The ports: what the application needs from outside, as protocols; their contract suites are in tests/contracts."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

from agui_runtime.application.values import (
    AfterRun,
    AgentDescription,
    AgentRun,
    BeforeRun,
    Bookmark,
    Conversation,
    GuardrailRequest,
    Lease,
    LogEntry,
    ModelRequest,
    ModelRun,
    RequestFacts,
    RunContext,
    StateSummary,
    Thread,
    ThreadPage,
    UpstreamHealth,
    Verdict,
)
from agui_runtime.domain.actions import Action
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import AgentName, Caller, Principal, RunId, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.runs import Outcome, RunInput
from agui_runtime.domain.state import AgentState
from agui_runtime.domain.tools import ServerTool


@runtime_checkable
class Agent(Protocol):
    """Something that answers with AG-UI events."""

    def describe(self) -> AgentDescription:
        """What clients are told of it."""
        ...

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Begin a run.

        Raises:
            Exception: a refusal: nothing is stored, the client gets an error instead of a stream. What is raised by
                the events later is a failed run.
        """
        ...


@runtime_checkable
class StatefulAgent(Agent, Protocol):
    """An agent that keeps its own state and is asked before the store."""

    async def load_state(self, thread_id: ThreadId, caller: Caller) -> Conversation | None:
        """What it remembers of the thread; ``None`` where it has nothing.

        Raises:
            Exception: its store failed.
        """
        ...


@runtime_checkable
class Upstream(Protocol):
    """An agent or an endpoint elsewhere, which may be down or set up wrongly."""

    def health(self) -> UpstreamHealth:
        """What is known of it; nothing is asked."""
        ...

    async def probe(self) -> None:
        """Look whether it is there and takes our key, where that can be done without a caller. No run is started."""
        ...


@runtime_checkable
class AgentCatalog(Protocol):
    """The agents offered to a caller. Nothing about a request is kept on a shared object."""

    async def list(self, caller: Caller) -> Sequence[Agent]:
        """All of them, in a stable order."""
        ...

    async def get(self, name: AgentName, caller: Caller) -> Agent:
        """The agent of that name.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND`` and the names there are in ``details["available"]``.
        """
        ...


@runtime_checkable
class ToolCatalog(Protocol):
    """The server-side tools offered to a request."""

    async def list(self, caller: Caller, properties: JsonObject) -> Sequence[ServerTool]:
        """All of them, in a stable order."""
        ...


@runtime_checkable
class LanguageModel(Protocol):
    """A model for plain chat: what the TypeScript runtime calls a service adapter."""

    @property
    def provider(self) -> str:
        """Its provider's name, for people."""
        ...

    async def start(self, request: ModelRequest) -> ModelRun:
        """Ask it.

        Raises:
            Exception: a refusal: the client gets an error instead of a stream.
        """
        ...


@runtime_checkable
class StateStore(Protocol):
    """Agents' states. What has expired is not there."""

    async def load(self, key: StateKey) -> AgentState | None:
        """The state, or ``None``.

        Raises:
            UnavailableError: the store cannot be reached.
            CorruptError: what is stored cannot be read.
        """
        ...

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version if the stored one is still ``expected_version`` (0: none is stored).

        Saving again for the same ``run`` what that run has saved is harmless: it gives the stored state. What is
        given back may share its values with those given; what is stored does not.

        Raises:
            ConflictError: another version is stored; ``details["version"]`` says which.
            InvalidError: a limit is broken or the values are no JSON object; nothing has changed.
            UnavailableError: the store cannot be reached; whether it has saved is not known.
        """
        ...

    async def delete(self, key: StateKey) -> bool:
        """Remove the state; whether there was one."""
        ...

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        """The states of a thread, by agent name, in code point order."""
        ...

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        """An agent's states by thread id, at most ``limit`` of them, from behind ``after``.

        Raises:
            InvalidError: the limit is less than 1.
        """
        ...

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        """Remove all states of a thread; how many there were."""
        ...


@runtime_checkable
class Sweepable(Protocol):
    """A store in which what has expired takes room until somebody removes it."""

    async def sweep(self) -> int:
        """Remove what has expired, of all scopes; how much there was."""
        ...


@runtime_checkable
class RunLog(Protocol):
    """The events of runs: append-only, in one sequence per thread, written under a lease."""

    async def begin(self, scope: Scope, run_input: RunInput, *, on_stop: Callable[[], None]) -> Lease:
        """Make a run live and write its RUN_STARTED with the input.

        Args:
            scope: whose thread it is.
            run_input: as the log keeps it.
            on_stop: called, possibly more than once, when anyone in any process asks the run to stop.

        Raises:
            BusyError: another run is live on the thread.
            InvalidError: a limit is broken.
            UnavailableError: the log cannot be reached.
        """
        ...

    async def append(self, lease: Lease, events: Sequence[Event]) -> None:
        """Take events for commit, in order. Cursors see them once they are committed.

        Raises:
            LeaseLostError: the run was finished or taken over.
            InvalidError: a limit is broken; none of the events was taken.
        """
        ...

    async def renew(self, lease: Lease) -> None:
        """Keep the lease for another period.

        Raises:
            LeaseLostError: the run was finished or taken over.
        """
        ...

    async def finish(self, lease: Lease, events: Sequence[Event], outcome: Outcome) -> None:
        """Write the closing and the terminal events and the outcome, and release the lease, in one commit.

        Raises:
            LeaseLostError: the run was finished or taken over.
        """
        ...

    async def abandon(self, lease: Lease) -> None:
        """Forget the run as if it had never begun, and release the lease.

        Raises:
            LeaseLostError: the run was finished or taken over.
        """
        ...

    async def read(self, scope: Scope, thread_id: ThreadId, *, after: int = 0) -> Sequence[LogEntry]:
        """The committed entries of a thread behind the sequence number ``after``; none for an unknown thread."""
        ...

    async def read_on(self, scope: Scope, thread_id: ThreadId, bookmark: Bookmark) -> Sequence[LogEntry] | None:
        """The committed entries behind a bookmark, at the cost of those alone, however many are before it.

        ``None`` where what was read is no longer what the thread has: it was removed, or runs of it were. Compaction
        of what was read changes nothing.
        """
        ...

    def follow(self, run: RunKey, *, after: int = 0) -> AsyncIterator[Sequence[LogEntry]]:
        """A cursor on one run: all that is committed, then each new batch, to the terminal event.

        Raises:
            NotFoundError: there is no such run.
        """
        ...

    async def request_stop(self, scope: Scope, thread_id: ThreadId, run_id: RunId | None = None) -> bool:
        """Ask the thread's live run to stop; whether there was one (with that id, where one is given)."""
        ...

    async def announce_stop(self, lease: Lease) -> None:
        """Let others know that the run is being stopped, where nobody asked the log for it: it is ``is_ending``.

        Raises:
            LeaseLostError: the run was finished or taken over.
            UnavailableError: the log cannot be reached.
        """
        ...

    async def is_ending(self, run: RunKey) -> bool:
        """Whether the run is not to go on: anyone in any process has asked it to stop, or it is no longer live.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        ...

    async def expired(self) -> Sequence[Lease]:
        """Take over the runs whose lease has expired, so that they can be sealed. Their old holders have lost them."""
        ...

    async def compactable(self, ended_before: datetime, *, limit: int = 100) -> Sequence[RunKey]:
        """Runs of all scopes that ended before then and have their raw events still, the oldest first."""
        ...

    async def compact(self, run: RunKey, entries: Sequence[LogEntry]) -> None:
        """Put fewer entries, which mean the same, in the place of an ended run's. They read as ``compacted``.

        Their sequence numbers are a rising choice of the run's own, the last one its last. What is not there or was
        compacted already is left as it is.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        ...


@runtime_checkable
class ThreadDirectory(Protocol):
    """The threads of a scope. A thread is made by its first run or its first saved state."""

    async def list(
        self,
        scope: Scope,
        *,
        agent_name: AgentName | None = None,
        cursor: str | None = None,
        limit: int = 50,
        include_archived: bool = False,
    ) -> ThreadPage:
        """A page of threads, newest activity first, those of one agent where one is named.

        Raises:
            InvalidError: the cursor is none of ours, or the limit is less than 1.
        """
        ...

    async def get(self, scope: Scope, thread_id: ThreadId) -> Thread | None:
        """The thread, or ``None``."""
        ...

    async def rename(self, scope: Scope, thread_id: ThreadId, name: str) -> Thread:
        """Give it a name.

        Raises:
            NotFoundError: there is no such thread.
            InvalidError: the name breaks a limit.
        """
        ...

    async def archive(self, scope: Scope, thread_id: ThreadId, *, archived: bool = True) -> Thread:
        """Put it away, or take it back.

        Raises:
            NotFoundError: there is no such thread.
        """
        ...

    async def delete(self, scope: Scope, thread_id: ThreadId) -> bool:
        """Remove it with its runs and states; whether there was one.

        Raises:
            BusyError: a run is live on it.
        """
        ...

    async def prune(self, idle_since: datetime, *, limit: int = 100) -> int:
        """Remove threads of all scopes that were last active before then, with their runs and states; how many.

        At most ``limit`` of them, the idlest first. Threads with a live run stay.
        """
        ...


@runtime_checkable
class RunHooks(Protocol):
    """What a host wants to do around every run."""

    async def before_run(self, before: BeforeRun) -> None:
        """Called before anything is stored. Raising refuses the run."""
        ...

    async def after_run(self, after: AfterRun) -> None:
        """Called when the run is over, whatever its outcome. What it raises is logged, no more."""
        ...


@runtime_checkable
class Guardrail(Protocol):
    """Judges what the user said, beside the run."""

    async def check(self, request: GuardrailRequest) -> Verdict:
        """The verdict.

        Raises:
            Exception: the service failed; the run fails with it.
        """
        ...


@runtime_checkable
class Identity(Protocol):
    """Finds out who calls."""

    async def identify(self, facts: RequestFacts) -> Principal:
        """Who calls.

        Raises:
            DeniedError: with ``UNAUTHENTICATED``: the caller is not known.
        """
        ...


@runtime_checkable
class AccessPolicy(Protocol):
    """Maps a principal to the scope that is part of every key."""

    def scope_of(self, principal: Principal) -> Scope:
        """The scope."""
        ...


@runtime_checkable
class ActionPolicy(AccessPolicy, Protocol):
    """An access policy that also decides who may do what within a scope; without this method, all is permitted."""

    async def permits(self, caller: Caller, action: Action, thread_id: ThreadId | None) -> bool:
        """Whether the caller may do that.

        Args:
            caller: with the scope that ``scope_of`` gave.
            action: what is to be done.
            thread_id: on which thread, which need not exist; ``None`` for none in particular: a list, deleting all, a
                run on a new thread.

        Raises:
            DeniedError: they may not, with words of the policy's own, whether or not they may read the thread.
        """
        ...


@runtime_checkable
class Telemetry(Protocol):
    """Counts and times; called once per batch or run, never per chunk."""

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        """Add to a counter."""
        ...

    def observe(self, name: str, value: float, **attributes: str) -> None:
        """Record a duration in seconds, or a size."""
        ...

    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:
        """Time what runs inside.

        A ``request`` has its caller's ``traceparent`` and ``tracestate`` among the attributes, where it came with them.
        """
        ...


@runtime_checkable
class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, with its time zone, which is UTC."""
        ...


@runtime_checkable
class IdGenerator(Protocol):
    """New ids."""

    def new_id(self) -> str:
        """An id nobody has had before, in CopilotKit's form: ``ck-`` and a UUID (contract graphql §4)."""
        ...

    def new_run_id(self) -> RunId:
        """A run id nobody has had before: a plain UUID, as AG-UI clients make them."""
        ...
