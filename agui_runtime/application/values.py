"""What use cases and ports hand to each other."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from attrs import Factory, frozen

from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import AgentName, Caller, RunId, RunKey, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.messages import Message
from agui_runtime.domain.runs import ContextEntry, Outcome, RunInput
from agui_runtime.domain.tools import Tool


@frozen
class AgentDescription:
    """What clients are told of an agent."""

    name: AgentName
    description: str = ""
    version: str = ""
    capabilities: tuple[str, ...] = ()


class ServerToolExecutor(Protocol):
    """Runs server-side tools for one run; agents that drive their own tool loop use it."""

    def offers(self, name: str) -> bool:
        """Whether a tool of that name runs on the server."""
        ...

    async def execute(self, tool_call_id: str, name: str, arguments: str) -> str:
        """The call's result as text; faults are results too (contract graphql §6.5). It never raises for them."""
        ...


class CalledAgent(Protocol):
    """An agent that a model may call as a tool. It runs within the caller's run."""

    @property
    def tool(self) -> Tool:
        """What the model is told of it."""
        ...

    @property
    def asks(self) -> bool:
        """Whether its last run has ended with a question to the user."""
        ...

    def run(self, said: tuple[Message, ...] = ()) -> AsyncGenerator[Event, None]:
        """Its events, without RUN events, its state as reports under its own name.

        Args:
            said: what it finds at the end of the conversation beside what the client sent.

        Raises:
            AguiError: while iterating: it failed.
        """
        ...


class AgentTools(Protocol):
    """The agents that may be called as tools within a run."""

    async def offered(
        self, run_input: RunInput, context: "RunContext", names: Collection[str] | None
    ) -> Sequence[CalledAgent]:
        """Those of these names (``None``: all), but for those that are at work already.

        Args:
            run_input: the caller's.
            context: the caller's.
            names: of those that are wanted. Who is not offered to the caller of the runtime is left out.
        """
        ...


class NoAgentTools:
    """There are none."""

    async def offered(
        self,
        run_input: RunInput,  # noqa: ARG002 - the protocol's names
        context: "RunContext",  # noqa: ARG002
        names: Collection[str] | None,  # noqa: ARG002
    ) -> Sequence[CalledAgent]:
        """None."""
        return ()


@frozen
class RunContext:
    """What an agent may know beyond its input.

    Attributes:
        headers: the caller's headers that the host allows to go to agents; none by default.
        metadata: what the client says of itself; never trusted as identity.
        correlation_id: goes along in logs and outgoing requests.
        agents: other agents, as tools.
    """

    caller: Caller
    tools: ServerToolExecutor
    properties: JsonObject = Factory(dict[str, Any])
    headers: Mapping[str, str] = Factory(dict[str, str])
    metadata: JsonObject = Factory(dict[str, Any])
    correlation_id: str = ""
    agents: AgentTools = Factory(NoAgentTools)


@frozen
class AgentRun:
    """An agent at work. Its events are read once, by one reader, which closes the iterator."""

    events: AsyncIterator[Event]


@frozen
class Conversation:
    """What an agent that keeps its own state remembers of a thread."""

    values: JsonObject
    messages: tuple[Message, ...] = ()


@frozen
class AgentInput:
    """What a client sends of one agent's state."""

    agent_name: AgentName
    state: JsonObject
    config: JsonObject = Factory(dict[str, Any])


@frozen
class ModelRequest:
    """What a language model is asked.

    Attributes:
        messages: the conversation, in which each tool call is answered (``domain.history_repair``).
        forwarded_parameters: say which model, how warm and so on.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    thread_id: ThreadId | None = None
    run_id: RunId | None = None
    forwarded_parameters: JsonObject = Factory(dict[str, Any])
    extensions: JsonObject | None = None
    agent_states: tuple[AgentInput, ...] = ()
    context: tuple[ContextEntry, ...] = ()
    properties: JsonObject = Factory(dict[str, Any])


@frozen
class ModelRun:
    """A model at work. Its stream's end is success; it needs no terminal event (design §3)."""

    events: AsyncIterator[Event]
    thread_id: ThreadId | None = None
    run_id: RunId | None = None
    extensions: JsonObject | None = None


@frozen
class Bookmark:
    """How far a thread was read, so that its reader can go on there and notice when it is another thread by now.

    Attributes:
        first: the sequence number of the thread's first entry.
        sequence: of the last one that was read.
        run: of that one.
        recorded_at: when that one was recorded.
    """

    first: int
    sequence: int
    run: RunKey
    recorded_at: datetime

    def marks(self, entry: "LogEntry") -> bool:
        """Whether the entry is the last one that was read."""
        return (entry.sequence, entry.run, entry.recorded_at) == (self.sequence, self.run, self.recorded_at)


@frozen
class Lease:
    """The right to write one run. ``token`` grows with every holder, so that an old one can be told from a new one."""

    run: RunKey
    token: int
    run_id: RunId


@frozen
class LogEntry:
    """One committed event. ``sequence`` counts up within the thread.

    ``compacted``: it stands for several events of its run, which have been folded into fewer.
    """

    sequence: int
    run: RunKey
    event: Event
    recorded_at: datetime
    compacted: bool = False


@frozen
class Thread:
    """A thread as lists show it. ``live`` says whether a run is going on."""

    thread_id: ThreadId
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    agent_name: AgentName | None = None
    archived: bool = False
    live: bool = False


@frozen
class ThreadPage:
    """Some threads, newest activity first; ``cursor`` continues the list, ``None`` at its end."""

    threads: tuple[Thread, ...]
    cursor: str | None = None


@frozen
class StateSummary:
    """A stored state without its values."""

    key: StateKey
    version: int
    size: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None


@frozen
class GuardrailRequest:
    """What a guardrail judges: the user's newest text, with the topics the client allows and denies."""

    text: str
    messages: tuple[Message, ...]
    allow_list: tuple[str, ...] = ()
    deny_list: tuple[str, ...] = ()
    credentials: str = ""


@frozen
class Verdict:
    """A guardrail's answer."""

    allowed: bool
    reason: str = ""


@frozen
class RequestFacts:
    """What an identity may look at."""

    method: str
    path: str
    headers: Mapping[str, str]
    peer: str | None = None


@frozen
class UpstreamHealth:
    """What is known of an agent or an endpoint elsewhere. Anybody may read it: no URL, header or token is in it.

    Attributes:
        name: such as ``agent 'weather'``.
        asked: whether it was asked at all.
        problem: what is wrong, in words; empty where all is well or nothing is known.
        breaker: ``closed``, ``open`` (it is left alone) or ``half-open`` (the next request may try).
        failures: how many calls in a row have failed.
        retry_in: seconds until it is asked again; 0 unless it is left alone.
        offers: how many agents and actions it has, by kind, where it tells.
    """

    name: str
    asked: bool = False
    problem: str = ""
    breaker: str = "closed"
    failures: int = 0
    retry_in: float = 0.0
    offers: Mapping[str, int] = Factory(dict[str, int])


@frozen
class BeforeRun:
    """What ``RunHooks.before_run`` is told."""

    caller: Caller
    thread_id: ThreadId | None
    run_id: RunId | None
    agent_name: AgentName | None
    messages: tuple[Message, ...]
    properties: JsonObject
    frontend_url: str | None = None
    metadata: JsonObject = Factory(dict[str, Any])


@frozen
class AfterRun:
    """What ``RunHooks.after_run`` is told: the full output, when the run is over."""

    caller: Caller
    thread_id: ThreadId
    run_id: RunId
    agent_name: AgentName | None
    messages: tuple[Message, ...]
    properties: JsonObject
    output: tuple[Message, ...]
    outcome: Outcome
    frontend_url: str | None = None
    state: JsonValue = None
    metadata: JsonObject = Factory(dict[str, Any])
