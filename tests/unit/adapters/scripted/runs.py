"""What an agent is given in these tests, and all that it answers."""

from agui_runtime.application.ports import Agent
from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.application.values import RunContext
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import ANONYMOUS, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.messages import Message
from agui_runtime.domain.runs import RunInput
from tests.support.aio import run


def run_input(*messages: Message) -> RunInput:
    return RunInput(ThreadId("thread-1"), RunId("run-1"), messages=messages)


def context() -> RunContext:
    return RunContext(
        Caller(ANONYMOUS, Scope("default")), ToolExecutor({}, default_seconds=1.0), correlation_id="corr-1"
    )


def collect(agent: Agent, given: RunInput) -> list[Event]:
    async def scenario() -> list[Event]:
        started = await agent.start(given, context())
        return [event async for event in started.events]

    return run(scenario())
