"""One run of an agent without a use case around it."""

from collections.abc import Sequence
from typing import Any

from agui_runtime.application.ports import Agent
from agui_runtime.application.values import RunContext
from agui_runtime.domain.events import Event, TextMessageContent
from agui_runtime.domain.identity import ANONYMOUS, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.messages import Message, UserMessage
from agui_runtime.domain.runs import RunInput


class NoServerTools:
    def offers(self, name: str) -> bool:
        return False

    async def execute(self, tool_call_id: str, name: str, arguments: str) -> str:
        raise AssertionError("no server tool is offered")


def caller(scope: str = "tenant-1") -> Caller:
    return Caller(ANONYMOUS, Scope(scope))


def context(scope: str = "tenant-1") -> RunContext:
    return RunContext(caller(scope), NoServerTools())


def question(*messages: Message, **fields: Any) -> RunInput:
    conversation = messages or (UserMessage(id="u1", content="Hello"),)
    return RunInput(**{"thread_id": ThreadId("t"), "run_id": RunId("r"), "messages": conversation, **fields})


async def answer(agent: Agent, run_input: RunInput | None = None, scope: str = "tenant-1") -> list[Event]:
    """What an agent says, its own ending last; a lifecycle refuses a wrong order."""
    lifecycle = Lifecycle()
    said: list[Event] = []
    started = await agent.start(run_input or question(), context(scope))
    async for event in started.events:
        said.extend(lifecycle.feed(event))
    assert lifecycle.ending is not None
    return [*said, lifecycle.ending]


def text(said: Sequence[Event]) -> str:
    return "".join(event.delta for event in said if isinstance(event, TextMessageContent))
