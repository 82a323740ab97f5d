"""Runs without a use case around them: a plan over a recording that stores nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import define, evolve, field

from agui_runtime.application.failures import agent_failure_of
from agui_runtime.application.live_run import Conduct, LiveRun, RunResult, StopSignal
from agui_runtime.application.recording import LoggedRecording, Recording, TransientRecording
from agui_runtime.application.run_driver import AgentTool, RunPlan
from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.application.values import Verdict
from agui_runtime.domain.events import Event, RunFinished
from agui_runtime.domain.identity import RunId, RunKey
from agui_runtime.domain.policy import RunLimits
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import ServerTool
from tests.support.clock import FakeClock
from tests.unit.application.world import LIMITS, SCOPE, THREAD, WRITER, SequentialIds, World

RUN_INPUT = RunInput(THREAD, RunId("run-1"))
DONE = RunFinished(THREAD, "run-1")


class Recorded(TransientRecording):
    """Counts how often the run was finished."""

    def __init__(self) -> None:
        super().__init__(RunKey(SCOPE, THREAD, 1), RUN_INPUT, FakeClock())
        self.finishes = 0

    async def finish(self, events: Sequence[Event], outcome: Any) -> None:
        self.finishes += 1
        await super().finish(events, outcome)

    @property
    def said(self) -> list[Event]:
        """All but the RUN_STARTED that the recording writes itself."""
        return [entry.event for entry in self._entries.entries[1:]]


def plan(
    events: AsyncIterator[Event],
    recording: Recording | None = None,
    *,
    tools: Sequence[ServerTool] = (),
    agent_tools: Mapping[str, AgentTool] | None = None,
    limits: RunLimits = LIMITS,
    ends_by_itself: bool = False,
    state: Any = None,
) -> RunPlan:
    return RunPlan(
        run_input=RUN_INPUT,
        recording=recording or Recorded(),
        events=events,
        ends_by_itself=ends_by_itself,
        failure_of=partial(agent_failure_of, agent=WRITER),
        executor=ToolExecutor({tool.tool.name: tool for tool in tools}, default_seconds=limits.tool_seconds),
        agent_tools=agent_tools or {},
        state={} if state is None else state,
        limits=limits,
        new_id=SequentialIds().new_id,
    )


class Source:
    """What a producer says, and whether its iterator was closed."""

    def __init__(self, *steps: Event | Exception | Callable[[], Awaitable[None]]) -> None:
        self._steps = iter(steps)
        self.closed = 0

    def __aiter__(self) -> "Source":
        return self

    async def __anext__(self) -> Event:
        for step in self._steps:
            if isinstance(step, Exception):
                raise step
            if not callable(step):
                return step
            await step()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed += 1


@define
class Launched:
    """A run under the supervisor, with what its use case was told."""

    live: LiveRun
    signal: StopSignal
    concluded: list[RunResult] = field(factory=list)
    after: list[RunResult] = field(factory=list)

    async def end(self) -> list[Event]:
        """Everything from the first event to the terminal one; returns when the run is over."""
        events = [entry.event async for batch in self.live.follow() for entry in batch]
        await self.live.wait()
        return events[1:]


async def launch(
    world: World,
    events: AsyncIterator[Event],
    *,
    conclude_fault: Exception | None = None,
    while_concluding: Callable[[], Awaitable[None]] | None = None,
    verdict: "asyncio.Task[Verdict] | None" = None,
    stopped: bool = False,
    logged: bool = False,
    **given: Any,
) -> Launched:
    signal = StopSignal()
    concluded: list[RunResult] = []
    after: list[RunResult] = []

    async def conclude(result: RunResult) -> None:
        concluded.append(result)
        if while_concluding is not None:
            await while_concluding()
        if conclude_fault is not None:
            raise conclude_fault

    async def told(result: RunResult) -> None:
        after.append(result)

    recording: Recording = Recorded()
    if logged:
        lease = await world.log.begin(SCOPE, evolve(RUN_INPUT), on_stop=signal.set)
        recording = LoggedRecording(world.log, lease)
    if stopped:
        signal.set()
    live = world.supervisor.launch(
        plan(events, recording, limits=world.limits, **given), signal, Conduct(conclude, told, verdict)
    )
    return Launched(live, signal, concluded, after)


async def forever() -> None:
    await asyncio.sleep(3600)
