"""An agent called by a model as a tool: it runs within the same response (contract graphql §6.6, design §4)."""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence

from attrs import define, evolve, field, frozen

from agui_runtime.application.failures import agent_failure_of, named
from agui_runtime.application.generate_request import GenerateRequest
from agui_runtime.application.iterators import close
from agui_runtime.application.ports import Agent, AgentCatalog
from agui_runtime.application.run_state import RunStates
from agui_runtime.application.values import AgentInput, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError
from agui_runtime.domain.history import next_state
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.messages import Message
from agui_runtime.domain.runs import Failed, Interrupted, RunInput
from agui_runtime.domain.tools import Tool


@define(eq=False)
class NestedAgent:
    """An agent offered to a model.

    Its state goes under its own name, so it leaves as reports (``AgentStateMessage``), never as the run's own state.
    Called again within the run, it goes on from the state that it left.

    Attributes:
        props_for: what an agent of its name is handed beyond its input.
        asks: whether its last run has ended with a question to the user.
    """

    agent: Agent
    run_input: RunInput
    context: RunContext
    states: RunStates
    sent: tuple[AgentInput, ...]
    props_for: Callable[[AgentName], JsonObject]
    asks: bool = field(default=False, init=False)
    _left: list[JsonValue] = field(factory=list[JsonValue], init=False)

    @property
    def tool(self) -> Tool:
        """What a model is told of it."""
        described = self.agent.describe()
        return Tool(described.name, described.description)

    async def run(self, said: tuple[Message, ...] = ()) -> AsyncGenerator[e.Event, None]:
        """Its events, without RUN events.

        Args:
            said: what it finds at the end of the conversation beside what the client sent.

        Raises:
            AguiError: the agent failed.
        """
        name = self.agent.describe().name
        state = self._left.pop() if self._left else await self._base(name)
        messages = (*self.run_input.messages, *said)
        given = evolve(self.run_input, messages=messages, forwarded_props=self.props_for(name))
        run_input = given.for_agent(name, state)
        lifecycle = Lifecycle()
        report = _StateReport(name, run_input, state)
        try:
            events = (await self.agent.start(run_input, self.context)).events
            try:
                async for event in events:
                    for piece in lifecycle.feed(event):
                        yield report.of(piece)
            finally:
                await close(events)
        except Exception as error:
            raise agent_failure_of(error, name) from error
        for piece in lifecycle.end_of_stream():
            yield piece
        outcome = outcome_of(lifecycle.ending)
        if isinstance(outcome, Failed):
            failure = AgentError(outcome.message)
            raise named(failure, name) if lifecycle.ending is None else failure
        self.asks = isinstance(outcome, Interrupted)
        self._left.append(report.state)
        if report.was_sent:
            yield report.last()

    async def _base(self, name: AgentName) -> JsonValue:
        scope = self.context.caller.scope
        return (await self.states.base(scope, self.run_input.thread_id, name, self.sent)).values


@frozen
class NestedAgents:
    """The agents that a model agent may call. Nobody calls itself, not through others either."""

    catalog: AgentCatalog
    states: RunStates
    request: GenerateRequest
    at_work: frozenset[AgentName] = frozenset()

    async def offered(
        self, run_input: RunInput, context: RunContext, names: Collection[str] | None
    ) -> Sequence[NestedAgent]:
        """Those of these names (``None``: all), but for those that are at work already.

        Raises:
            AguiError: the catalogue failed.
        """
        at_work = self.at_work | ({run_input.agent_name} if run_input.agent_name else set[AgentName]())
        within = evolve(context, agents=evolve(self, at_work=at_work))
        request = self.request
        # Answers of the user's are for who asked.
        given = evolve(run_input, resume=())
        offered: list[NestedAgent] = []
        for agent in await self.catalog.list(context.caller):
            name = agent.describe().name
            if name not in at_work and (names is None or name in names):
                nested = NestedAgent(
                    agent, given, within, self.states, request.agent_states, request.forwarded_props_for
                )
                offered.append(nested)
        return offered


class _StateReport:
    """Turns a nested agent's state and step events into reports under its name."""

    def __init__(self, name: str, run_input: RunInput, state: JsonValue) -> None:
        self.was_sent = False
        self.state = state
        self._name = name
        self._input = run_input
        self._node = ""

    def of(self, event: e.Event) -> e.Event:
        if isinstance(event, e.StateSnapshot | e.StateDelta):
            self.state = next_state(self.state, event)
            return self._report(active=True)
        if isinstance(event, e.StepStarted):
            self._node = event.step_name
            return self._report(active=True)
        if isinstance(event, e.StepFinished):
            return self._report(active=False)
        return event

    def last(self) -> e.Event:
        return self._report(active=False)

    def _report(self, *, active: bool) -> e.AgentStateMessage:
        self.was_sent = True
        return e.AgentStateMessage(
            self._name,
            self.state,
            node_name=self._node,
            thread_id=self._input.thread_id,
            run_id=self._input.run_id,
            active=active,
        )
