"""An agent called by a model as a tool: it runs within the same response (contract graphql §6.6, design §4)."""

from collections.abc import AsyncIterator

from attrs import frozen

from agui_runtime.application.failures import agent_failure_of, named
from agui_runtime.application.iterators import close
from agui_runtime.application.ports import Agent
from agui_runtime.application.run_state import RunStates
from agui_runtime.application.values import AgentInput, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError
from agui_runtime.domain.history import next_state
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.runs import Failed, RunInput


@frozen
class NestedAgent:
    """An agent offered to a model.

    Its state goes under its own name, so it leaves as reports (``AgentStateMessage``), never as the run's own state.
    """

    agent: Agent
    run_input: RunInput
    context: RunContext
    states: RunStates
    sent: tuple[AgentInput, ...]

    async def run(self) -> AsyncIterator[e.Event]:
        """Its events, without RUN events.

        Raises:
            AguiError: the agent failed.
        """
        name = self.agent.describe().name
        scope = self.context.caller.scope
        base = await self.states.base(scope, self.run_input.thread_id, name, self.sent)
        run_input = self.run_input.for_agent(name, base.values)
        lifecycle = Lifecycle()
        report = _StateReport(name, run_input, base.values)
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
        if report.was_sent:
            yield report.last()


class _StateReport:
    """Turns a nested agent's state and step events into reports under its name."""

    def __init__(self, name: str, run_input: RunInput, state: JsonValue) -> None:
        self.was_sent = False
        self._name = name
        self._input = run_input
        self._state = state
        self._node = ""

    def of(self, event: e.Event) -> e.Event:
        if isinstance(event, e.StateSnapshot | e.StateDelta):
            self._state = next_state(self._state, event)
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
            self._state,
            node_name=self._node,
            thread_id=self._input.thread_id,
            run_id=self._input.run_id,
            active=active,
        )
