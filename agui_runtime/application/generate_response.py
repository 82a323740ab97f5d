"""The main use case: one request of a chat frontend becomes one run (design §4 "Commit protocol")."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from agui_runtime.application import log_context
from agui_runtime.application.agent_tool import NestedAgents
from agui_runtime.application.failures import failure_of
from agui_runtime.application.generate_request import GeneratedResponse, GenerateRequest
from agui_runtime.application.iterators import close
from agui_runtime.application.live_run import Conduct, RunResult, StopSignal
from agui_runtime.application.ports import (
    AgentCatalog,
    Guardrail,
    IdGenerator,
    LanguageModel,
    RunHooks,
    ToolCatalog,
)
from agui_runtime.application.producers import AgentProducer, ModelProducer, Producer, Started
from agui_runtime.application.recording import Recording
from agui_runtime.application.run_admission import RunAdmission
from agui_runtime.application.run_driver import RunPlan
from agui_runtime.application.run_opening import Opened, RunOpening
from agui_runtime.application.run_state import BaseState, RunStates
from agui_runtime.application.run_supervisor import RunSupervisor
from agui_runtime.application.starting import start_or_stop
from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.application.values import AfterRun, BeforeRun, GuardrailRequest, RunContext, Verdict
from agui_runtime.domain.errors import DeniedError, ErrorCode, MisuseError, TimedOutError
from agui_runtime.domain.events import RunStarted
from agui_runtime.domain.history import fold_messages
from agui_runtime.domain.identity import AgentName, ThreadId
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.messages import Message, UserMessage, text_of
from agui_runtime.domain.policy import RunLimits
from agui_runtime.domain.runs import RunInput, keeps_state
from agui_runtime.domain.tools import ServerTool

logger = logging.getLogger(__name__)

NO_MODEL = (
    "Invalid adapter configuration: EmptyAdapter is only meant to be used with agent lock mode. \n"
    "For non-agent components like useCopilotChatSuggestions, CopilotTextarea, or CopilotTask, \n"
    "please use an LLM adapter instead."
)
"""The TypeScript runtime's words for a request that needs a model where none is set up (contract graphql §6.1)."""

VerdictTask = asyncio.Task[Verdict] | None


class GenerateResponse:
    """Starts a run for a request; the run then goes by itself."""

    def __init__(
        self,
        *,
        agents: AgentCatalog,
        tools: ToolCatalog,
        model: LanguageModel | None,
        opening: RunOpening,
        states: RunStates,
        supervisor: RunSupervisor,
        admission: RunAdmission,
        hooks: RunHooks | None,
        guardrail: Guardrail | None,
        ids: IdGenerator,
        limits: RunLimits,
    ) -> None:
        self._agents = agents
        self._tools = tools
        self._model = model
        self._opening = opening
        self._states = states
        self._supervisor = supervisor
        self._admission = admission
        self._hooks = hooks
        self._guardrail = guardrail
        self._ids = ids
        self._limits = limits

    async def __call__(self, request: GenerateRequest) -> GeneratedResponse:
        """Begin the run.

        Raises:
            AguiError: the request is refused; nothing is stored.
        """
        with self._supervisor.arriving() as signal:
            leave = self._admission.admit(request.caller)
            try:
                generated = await self._begin(request, signal)
            except BaseException:
                leave()
                raise
        generated.live.when_over(leave)
        return generated

    async def _begin(self, request: GenerateRequest, signal: StopSignal) -> GeneratedResponse:
        server_tools = tuple(await self._tools.list(request.caller, request.properties))
        producer = await self._producer(request, server_tools)
        await self._before(request)
        verdict = self._judge(request)
        try:
            return await self._launch(request, producer, server_tools, verdict, signal)
        except BaseException:
            if verdict is not None:
                verdict.cancel()
            raise

    async def _producer(self, request: GenerateRequest, server_tools: tuple[ServerTool, ...]) -> Producer:
        described = tuple(tool.tool for tool in server_tools)
        if request.agent_name is not None:
            agent = await self._agents.get(request.agent_name, request.caller)
            return AgentProducer(request, agent, described)
        if self._model is None:
            raise MisuseError(NO_MODEL)
        return ModelProducer(request, self._model, described, tuple(await self._agents.list(request.caller)))

    async def _launch(
        self,
        request: GenerateRequest,
        producer: Producer,
        server_tools: tuple[ServerTool, ...],
        verdict: VerdictTask,
        signal: StopSignal,
    ) -> GeneratedResponse:
        executor = ToolExecutor(
            {tool.tool.name: tool for tool in server_tools},
            default_seconds=self._limits.tool_seconds,
            gate=_gate(verdict),
        )
        context = RunContext(
            caller=request.caller,
            tools=executor,
            properties=request.properties,
            headers=request.headers,
            metadata=request.metadata,
            correlation_id=request.correlation_id,
            agents=NestedAgents(self._agents, self._states, request),
        )
        opened, started = await self._start(request, producer, context, signal)
        run_input, base = opened.run_input, opened.base
        plan = RunPlan(
            run_input=run_input,
            recording=opened.recording,
            events=started.events,
            ends_by_itself=producer.ends_by_itself,
            failure_of=producer.failure_of,
            executor=executor,
            agent_tools=producer.agent_tools(run_input, context, self._states),
            state=base.values,
            limits=self._limits,
            new_id=self._ids.new_id,
        )
        logger.debug(
            "Run %s begins on thread %s: request %s, the client says %s of itself.",
            run_input.run_id,
            run_input.thread_id,
            request.correlation_id,
            dict(request.metadata),
        )
        live = self._supervisor.launch(plan, signal, self._conduct(request, plan, base, verdict))
        return GeneratedResponse(
            run_input.thread_id, started.run_id, started.extensions, producer.agent_name, base.values, live
        )

    async def _start(
        self, request: GenerateRequest, producer: Producer, context: RunContext, signal: StopSignal
    ) -> tuple[Opened, Started]:
        """Open and start; in this order where the thread is known, so that a refusal leaves nothing behind."""
        known = producer.thread_id(self._ids)
        if known is None:
            answering = self._answer(producer, None, context)
            started = await start_or_stop(answering, signal, self._limits.stop_seconds)
            thread_id = started.thread_id or ThreadId(self._ids.new_id())
            try:
                return await self._open(request, producer, thread_id, signal), started
            except BaseException:
                await asyncio.shield(close(started.events))
                raise
        opened = await self._open(request, producer, known, signal)
        try:
            with self._supervisor.starting(opened.recording, signal):
                answering = self._answer(producer, opened.run_input, context)
                return opened, await start_or_stop(answering, signal, self._limits.stop_seconds)
        except BaseException:
            await asyncio.shield(opened.recording.abandon())
            raise

    async def _answer(self, producer: Producer, run_input: RunInput | None, context: RunContext) -> Started:
        limits = self._limits
        seconds = min(limits.max_seconds, limits.idle_seconds or limits.max_seconds)
        try:
            async with asyncio.timeout(seconds):
                return await producer.start(run_input, context)
        except TimeoutError as error:
            text = f"The run was cut: nothing answered it within {seconds:g} seconds, the limit of one run."
            cut = TimedOutError(text, details={"limit": "run_seconds", "maximum": seconds})
            raise producer.failure_of(cut) from error

    async def _open(
        self, request: GenerateRequest, producer: Producer, thread_id: ThreadId, signal: StopSignal
    ) -> Opened:
        async def base_of() -> BaseState:
            if producer.agent_name is None:
                return BaseState()
            # A state without a name is the addressed agent's.
            return await self._base(request, thread_id, producer.agent_name, request.state)

        scope, run_input = request.caller.scope, producer.run_input(thread_id, self._ids)
        log_context.note(thread_id=thread_id, run_id=run_input.run_id, agent=run_input.agent_name or "")
        if request.is_stateless:
            return await self._opening.transient(scope, run_input, base_of)
        return await self._opening.logged(
            scope,
            run_input,
            base_of,
            signal,
            policy=request.busy_policy,
            stops_by_hanging_up=request.stops_by_hanging_up,
        )

    async def _base(
        self, request: GenerateRequest, thread_id: ThreadId, agent_name: AgentName, state: JsonValue = None
    ) -> BaseState:
        return await self._states.base(request.caller.scope, thread_id, agent_name, request.agent_states, state=state)

    async def _before(self, request: GenerateRequest) -> None:
        if self._hooks is None:
            return
        before = BeforeRun(
            caller=request.caller,
            thread_id=request.thread_id,
            run_id=request.run_id,
            agent_name=request.agent_name,
            messages=request.messages,
            properties=request.properties,
            frontend_url=request.frontend_url,
            metadata=request.metadata,
        )
        try:
            await self._hooks.before_run(before)
        except Exception as error:
            raise failure_of(error) from error

    def _judge(self, request: GenerateRequest) -> VerdictTask:
        """Ask the guardrail beside the run; there is nothing to judge when the user did not speak last."""
        topics = request.guardrail
        last = request.messages[-1] if request.messages else None
        if topics is None or not isinstance(last, UserMessage):
            return None
        if self._guardrail is None:
            raise MisuseError(
                "The frontend asks for guardrails, but this runtime has none. Set AGUI_GUARDRAILS_URL or bind the "
                "Guardrail port, or leave the guardrails out of the frontend."
            )
        judged = GuardrailRequest(
            text_of(last.content), request.messages, topics.allow_list, topics.deny_list, topics.credentials
        )
        return asyncio.create_task(self._guardrail.check(judged), name="guardrail")

    def _conduct(self, request: GenerateRequest, plan: RunPlan, base: BaseState, verdict: VerdictTask) -> Conduct:
        async def conclude(result: RunResult) -> None:
            if not request.is_stateless and keeps_state(result.outcome):
                await self._save(request, plan, base, result)

        async def after(result: RunResult) -> None:
            if self._hooks is None:
                return
            await self._hooks.after_run(
                AfterRun(
                    caller=request.caller,
                    thread_id=plan.run_input.thread_id,
                    run_id=plan.run_input.run_id,
                    agent_name=plan.run_input.agent_name,
                    messages=request.messages,
                    properties=request.properties,
                    output=await _output(plan.recording),
                    outcome=result.outcome,
                    frontend_url=request.frontend_url,
                    state=result.state,
                    metadata=request.metadata,
                )
            )

        return Conduct(conclude, after, verdict)

    async def _save(self, request: GenerateRequest, plan: RunPlan, base: BaseState, result: RunResult) -> None:
        run = plan.recording.run
        if plan.run_input.agent_name is not None:
            await self._states.save(run, plan.run_input.agent_name, base, result.state)
        for name, state in result.agent_states.items():
            agent_name = AgentName(name)
            if agent_name != plan.run_input.agent_name:
                own_base = await self._base(request, run.thread_id, agent_name)
                await self._states.save(run, agent_name, own_base, state)


def _gate(verdict: VerdictTask) -> Callable[[], Awaitable[None]]:
    """Server-side tools wait for the verdict; denied means that they do not run (contract graphql §9)."""

    async def gate() -> None:
        if verdict is not None and not (await asyncio.shield(verdict)).allowed:
            raise DeniedError("A guardrail refused the input.", code=ErrorCode.GUARDRAIL_DENIED)

    return gate


async def _output(recording: Recording) -> tuple[Message, ...]:
    events = [entry.event async for batch in recording.follow() for entry in batch]
    return fold_messages(event for event in events if not isinstance(event, RunStarted))
