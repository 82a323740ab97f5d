"""Reads an agent's or a model's events, checks them, runs server-side tools, and hands them to the recording."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from copy import deepcopy
from time import monotonic
from typing import Protocol

from attrs import define, frozen

from agui_runtime.application.eager_reader import EagerReader
from agui_runtime.application.iterators import close
from agui_runtime.application.recording import Recording
from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AguiError, InvalidEventError
from agui_runtime.domain.history import next_state
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.policy import RunLimits, check_usage
from agui_runtime.domain.runs import Finished, Interrupt, Interrupted, Outcome, RunInput

FAIRNESS = 64
"""After so many events without a pause, readers get a turn."""

INTERRUPT_EVENTS = frozenset({"on_interrupt", "LangGraphInterruptEvent", "CopilotKitLangGraphInterruptEvent"})
"""Names of CUSTOM events that ask the user something (one-model §3)."""

_BOUNDARIES = (
    e.StepStarted
    | e.StepFinished
    | e.TextMessageStart
    | e.TextMessageEnd
    | e.ToolCallStart
    | e.ToolCallEnd
    | e.ReasoningStart
    | e.ReasoningEnd
    | e.ReasoningMessageStart
    | e.ReasoningMessageEnd
    | e.SubagentStarted
    | e.SubagentFinished
    | e.SubagentError
)
"""The events that open and close streams."""


class AgentTool(Protocol):
    """An agent offered to a model as a tool (contract graphql §6.6)."""

    def run(self) -> AsyncIterator[e.Event]:
        """Its events, without RUN events, its state as reports under its own name."""
        ...


@frozen
class RunPlan:
    """All that a run needs to go by itself.

    Attributes:
        events: what the producer says; read once.
        ends_by_itself: the stream's end is success (a model's); else it must say how it ends (an agent's).
        failure_of: what an exception of the producer means to the client.
        state: the run's base state.
        new_id: ids for interrupts that came without one.
    """

    run_input: RunInput
    recording: Recording
    events: AsyncIterator[e.Event]
    ends_by_itself: bool
    failure_of: Callable[[BaseException], AguiError]
    executor: ToolExecutor
    agent_tools: Mapping[str, AgentTool]
    state: JsonValue
    limits: RunLimits
    new_id: Callable[[], str]


@define
class _OpenCall:
    name: str
    pieces: list[str]


def _is_piece(event: e.Event) -> bool:
    """Whether it may wait for more: what is said in one go goes into the log in one go.

    It has text alone; any other payload its agent may change as soon as it goes on.
    """
    return isinstance(event, e.PIECES) and event.raw_event is None and event.metadata is None


class RunDriver:
    """Drives one run to the end of its producer.

    Args:
        plan: the run's.
        recording: takes what the producer says.

    Attributes:
        state: the run's agent's state so far.
        agent_states: states that were reported for agents by name.
        heard_at: when something was last recorded, in seconds of the monotonic clock.
    """

    def __init__(self, plan: RunPlan, recording: Recording) -> None:
        self.state = plan.state
        self.agent_states: dict[str, JsonValue] = {}
        self.heard_at = monotonic()
        self._plan = plan
        self._recording = recording
        self._lifecycle = Lifecycle()
        self._calls: dict[str, _OpenCall] = {}
        self._answered: set[str] = set()
        self._interrupts: list[Interrupt] = []
        self._events = 0
        self._bytes = 0
        self._begun = False
        self._sealed = False
        self._owed: list[e.Event] = []
        self._ready: list[e.Event] = []

    async def drive(self) -> Outcome:
        """Read the producer to its end; how the run came out.

        Raises:
            Exception: the producer failed, or said something impossible.
        """
        self._begun = True
        events = self._plan.events
        try:
            await self._take_all(events)
        except Exception:
            # What was said before the fault was said.
            await self._flush()
            raise
        finally:
            await close(events)
        await self._publish_all(self._lifecycle.end_of_stream())
        await self._flush()
        return self._outcome()

    def seal(self) -> None:
        """From now on nothing more is taken from the producer."""
        self._sealed = True

    async def release(self) -> None:
        """Close a producer that was never read: a task that is cancelled before its first step runs no ``finally``."""
        if not self._begun:
            await close(self._plan.events)

    def finalize(self, outcome: Outcome) -> Sequence[e.Event]:
        """What closes the run, whatever was open."""
        run_input = self._plan.run_input
        closing = self._lifecycle.finalize(outcome, thread_id=run_input.thread_id, run_id=run_input.run_id)
        # The lifecycle counts what a cut or a limit kept from the recording; without it closers would not match.
        return (*(event for event in self._owed if isinstance(event, _BOUNDARIES)), *closing)

    def _outcome(self) -> Outcome:
        ending = self._lifecycle.ending
        outcome = Finished() if ending is None and self._plan.ends_by_itself else outcome_of(ending)
        if isinstance(outcome, Finished) and self._interrupts:
            return Interrupted(tuple(self._interrupts), outcome.usage)
        return outcome

    async def _take_all(self, events: AsyncIterator[e.Event]) -> None:
        async for event in EagerReader(events, self._flush):
            if self._sealed:
                raise InvalidEventError(f"{event.type} came after the run was sealed.")
            fed = self._lifecycle.feed(event)
            if len(fed) == 1 and _is_piece(event):
                self._hold(event)
                if self._events % FAIRNESS == 0:
                    await self._be_fair()
            else:
                await self._publish_all(fed)

    async def _publish_all(self, events: Sequence[e.Event]) -> None:
        owed = self._owed
        owed[:0] = events
        for event in events:
            if isinstance(event, e.ToolCallResult) and event.tool_call_id in self._answered:
                del owed[0]
                continue
            await self._publish(event)
            del owed[0]
            if self._events % FAIRNESS == 0:
                await self._be_fair()
            if isinstance(event, e.ToolCallEnd):
                await self._answer(event)

    async def _publish(self, event: e.Event) -> None:
        if self._sealed:
            raise InvalidEventError(f"{event.type} came after the run was sealed.")
        self._hold(event)
        if not _is_piece(event):
            await self._flush()

    def _hold(self, event: e.Event) -> None:
        """Count an event, and have it ready for the recording."""
        self._note(event)
        self._events += 1
        self._bytes += e.weight(event)
        check_usage(self._events, self._bytes, self._plan.limits)
        self._ready.append(event)

    async def _be_fair(self) -> None:
        await self._flush()
        await asyncio.sleep(0)

    async def _flush(self) -> None:
        """Record what is ready."""
        if self._ready and not self._sealed:
            ready, self._ready = self._ready, []
            await self._recording.append(ready)
            self.heard_at = monotonic()

    def _note(self, event: e.Event) -> None:
        if type(event) is e.TextMessageContent:
            return
        match event:
            case e.ToolCallArgs(tool_call_id=call_id, delta=delta):
                if call_id in self._calls:
                    self._calls[call_id].pieces.append(delta)
            case e.ToolCallStart(tool_call_id=call_id, tool_call_name=name):
                if self._plan.executor.offers(name) or name in self._plan.agent_tools:
                    self._calls[call_id] = _OpenCall(name, [])
            case e.StateSnapshot() | e.StateDelta() | e.AgentStateMessage():
                self._note_state(event)
            case e.Custom(name=name, value=value) if name in INTERRUPT_EVENTS:
                self._interrupts.append(Interrupt(self._plan.new_id(), value, is_derived=True))
            case _:
                pass

    def _note_state(self, event: e.StateSnapshot | e.StateDelta | e.AgentStateMessage) -> None:
        match event:
            case e.StateSnapshot(snapshot=state):
                # Detached: an agent may go on changing the object it yielded.
                self.state = deepcopy(state)
            case e.StateDelta():
                self.state = next_state(self.state, event)
            case e.AgentStateMessage(agent_name=name, state=state) if name == self._plan.run_input.agent_name:
                self.state = deepcopy(state)
            case e.AgentStateMessage(agent_name=name, state=state):
                self.agent_states[name] = state

    async def _answer(self, event: e.ToolCallEnd) -> None:
        call_id = event.tool_call_id
        call = self._calls.pop(call_id, None)
        if call is None or self._plan.executor.has_taken(call_id):
            return
        self._answered.add(call_id)
        if self._plan.executor.offers(call.name):
            result = await self._plan.executor.execute(call_id, call.name, "".join(call.pieces))
            await self._publish(self._result(call_id, result))
            return
        await self._publish(self._result(call_id, f"{call.name} agent started"))
        nested = self._plan.agent_tools[call.name].run()
        try:
            await self._take_all(nested)
        finally:
            await close(nested)

    def _result(self, call_id: str, content: str) -> e.ToolCallResult:
        return e.ToolCallResult(f"result-{call_id}", call_id, content)
