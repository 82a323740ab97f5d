"""The use cases over real memory adapters, with fakes at the ports that a test wants to look at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from itertools import count
from typing import Any

from attrs import Factory, define

from agui_runtime.adapters.memory import MemoryDatabase, MemoryRunLog, MemoryStateStore
from agui_runtime.adapters.scripted import ScriptedAgent, ScriptedModel
from agui_runtime.adapters.system.catalogs import FixedAgentCatalog, FixedToolCatalog
from agui_runtime.adapters.telemetry.log import LogTelemetry
from agui_runtime.application.expiry import Expiry
from agui_runtime.application.generate_request import GeneratedResponse, GenerateRequest
from agui_runtime.application.generate_response import GenerateResponse
from agui_runtime.application.known_threads import KnownThreads
from agui_runtime.application.ports import Agent, Guardrail, LanguageModel, RunHooks, RunLog, StateStore
from agui_runtime.application.run_admission import RunAdmission
from agui_runtime.application.run_opening import RunOpening
from agui_runtime.application.run_state import RunStates
from agui_runtime.application.run_supervisor import RunSupervisor
from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.application.values import AfterRun, AgentDescription, AgentRun, BeforeRun, ModelRequest, RunContext
from agui_runtime.domain.events import TERMINAL, Event, RunFinished, RunStarted
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, RunId, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.messages import Message, UserMessage
from agui_runtime.domain.policy import AdmissionLimits, BusyPolicy, RunLimits, StateLimits
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import ServerTool, Tool, ToolHandler
from tests.support.aio import run
from tests.support.clock import FakeClock

SECONDS_PER_TEST = 20.0
LIMITS = RunLimits(
    max_events=1000,
    max_bytes=100_000,
    max_seconds=10.0,
    tool_seconds=5.0,
    stop_seconds=0.1,
    busy_seconds=0.1,
    lease_seconds=30.0,
)
SCOPE = Scope("tenant-1")
CALLER = Caller(ANONYMOUS, SCOPE)
THREAD = ThreadId("thread-1")
WRITER = AgentName("writer")


class SequentialIds:
    """Ids that a test can tell in advance."""

    def __init__(self) -> None:
        self._ids, self._runs = count(1), count(1)

    def new_id(self) -> str:
        return f"ck-{next(self._ids)}"

    def new_run_id(self) -> RunId:
        return RunId(f"run-{next(self._runs)}")


class Hooks:
    """Keeps what it is told; raises what it is given."""

    def __init__(self, *, before: Exception | None = None, after: Exception | None = None) -> None:
        self.before: list[BeforeRun] = []
        self.after: list[AfterRun] = []
        self._before_fault, self._after_fault = before, after

    async def before_run(self, before: BeforeRun) -> None:
        self.before.append(before)
        if self._before_fault is not None:
            raise self._before_fault

    async def after_run(self, after: AfterRun) -> None:
        self.after.append(after)
        if self._after_fault is not None:
            raise self._after_fault


@define
class World:
    """One runtime's application; what is not given is a memory adapter."""

    agents: tuple[Agent, ...] = ()
    tools: tuple[ServerTool, ...] = ()
    model: LanguageModel | None = None
    hooks: RunHooks | None = None
    guardrail: Guardrail | None = None
    limits: RunLimits = LIMITS
    busy_policy: BusyPolicy = BusyPolicy.REJECT
    store: StateStore = None  # type: ignore[assignment]
    log: RunLog = None  # type: ignore[assignment]
    clock: FakeClock = Factory(FakeClock)
    ids: SequentialIds = Factory(SequentialIds)
    database: MemoryDatabase = Factory(MemoryDatabase)
    supervisor: RunSupervisor = None  # type: ignore[assignment]
    admission: RunAdmission = None  # type: ignore[assignment]
    _threads: KnownThreads | None = None

    def __attrs_post_init__(self) -> None:
        self.store = self.store or MemoryStateStore(self.database, self.clock, StateLimits())
        self.log = self.log or MemoryRunLog(self.database, self.clock, self.limits.lease_seconds)
        self.supervisor = RunSupervisor(self.log, LogTelemetry(), self.limits)
        self.admission = RunAdmission(AdmissionLimits())

    @property
    def threads(self) -> KnownThreads:
        """One for all requests, as in a server: it remembers threads."""
        self._threads = self._threads or KnownThreads(self.log)
        return self._threads

    async def start(self, request: GenerateRequest) -> GeneratedResponse:
        generate = GenerateResponse(
            agents=FixedAgentCatalog(self.agents),
            tools=FixedToolCatalog(self.tools),
            model=self.model,
            opening=RunOpening(self.log, self.threads, self.clock, self.limits, self.busy_policy),
            states=RunStates(self.store, Expiry(self.clock)),
            supervisor=self.supervisor,
            admission=self.admission,
            hooks=self.hooks,
            guardrail=self.guardrail,
            ids=self.ids,
            limits=self.limits,
        )
        return await generate(request)

    async def complete(self, request: GenerateRequest) -> list[Event]:
        """All events of a run that was let to its end, its after-hook included."""
        return await events_of(await self.start(request))

    async def stored_events(self, thread_id: str = THREAD) -> list[Event]:
        return [entry.event for entry in await self.log.read(SCOPE, ThreadId(thread_id))]

    async def history(self, thread_id: str = THREAD) -> tuple[Message, ...]:
        return fold_messages(await self.stored_events(thread_id))

    async def state(self, agent: str = WRITER, thread_id: str = THREAD) -> JsonObject | None:
        stored = await self.store.load(key_of(agent, thread_id))
        return None if stored is None else stored.values

    async def put_state(self, values: JsonObject, agent: str = WRITER) -> None:
        key = key_of(agent)
        stored = await self.store.load(key)
        await self.store.save(key, values, expected_version=stored.version if stored else 0)


def key_of(agent: str = WRITER, thread_id: str = THREAD) -> StateKey:
    return StateKey(SCOPE, ThreadId(thread_id), AgentName(agent))


async def events_of(response: GeneratedResponse) -> list[Event]:
    """What the run says to its end, once all around it is done too."""
    events = [entry.event async for batch in response.live.follow() for entry in batch]
    await response.live.wait()
    return events


def agent_context(executor: ToolExecutor | None = None) -> RunContext:
    return RunContext(CALLER, executor or ToolExecutor({}, default_seconds=5.0))


def user(text: str = "Hello", message_id: str = "question-1") -> UserMessage:
    return UserMessage(id=message_id, content=text)


def to_agent(name: str = WRITER, **given: Any) -> GenerateRequest:
    return to_model(agent_name=AgentName(name), **given)


def to_model(**given: Any) -> GenerateRequest:
    return GenerateRequest(**{"caller": CALLER, "messages": (user(),), "thread_id": THREAD, **given})


class Refusing:
    """An agent that takes no run; it looks at the log while it is asked."""

    def __init__(self, fault: Exception, look: Callable[[], Any] = lambda: None) -> None:
        self._fault, self._look = fault, look

    def describe(self) -> AgentDescription:
        return AgentDescription(WRITER)

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        self._look()
        raise self._fault


def agent_that_says(*events: Event, name: str = WRITER) -> ScriptedAgent:
    """An agent whose run is these events within its own boundary; the last may be the end it has."""

    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[Event]:
        yield RunStarted(run_input.thread_id, run_input.run_id)
        for event in events:
            yield event
        if not (events and isinstance(events[-1], TERMINAL)):
            yield RunFinished(run_input.thread_id, run_input.run_id)

    return ScriptedAgent(name, play)


def model_that_says(*events: Event, **given: Any) -> ScriptedModel:
    async def play(request: ModelRequest) -> AsyncIterator[Event]:
        for event in events:
            yield event

    return ScriptedModel(play, **given)


def server_tool(name: str, handler: ToolHandler, timeout: float | None = None) -> ServerTool:
    return ServerTool(Tool(name, f"Does {name}"), handler, timeout)


def only(events: Sequence[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def scenario(world: World, test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story in time; when it is told and the runtime is drained, no task may be left."""

    async def within() -> None:
        async with asyncio.timeout(SECONDS_PER_TEST):
            await test()
            await world.supervisor.drain(0)
            assert world.supervisor.live_runs == 0
            assert world.admission.live == 0
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert left == set(), left

    run(within())
