"""An agent that a model agent calls as a tool: its events go out with the run's, what it said is the call's result."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from agui_runtime.application.failures import agent_failure_of
from agui_runtime.application.run_driver import INTERRUPT_EVENTS
from agui_runtime.application.values import CalledAgent
from agui_runtime.domain import events as e
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.messages import Message
from agui_runtime.domain.runs import Failed, RunInput
from agui_runtime.domain.tools import HANDLER_ERROR, ToolFault, fault_text

ASKS = "The agent {!r} asks the user something, which it cannot where it is called as a tool."
SAYS_NOTHING = "The agent {!r} is done, and has said nothing."


class AgentCall:
    """One call.

    Attributes:
        result: what the model reads, once all events were read.
        waits_for_frontend: whether the agent has called a tool of the frontend's, which is to be executed first.

    Args:
        agent: who is called.
        run_input: of the run that the call is in.
        is_for_frontend: whether the frontend executes a tool of that name.
    """

    def __init__(self, agent: CalledAgent, run_input: RunInput, is_for_frontend: Callable[[str], bool]) -> None:
        self.result = ""
        self._agent = agent
        self._name = agent.tool.name
        self._input = run_input
        self._is_for_frontend = is_for_frontend
        self._lifecycle = Lifecycle()
        self._texts: dict[str, list[str]] = {}
        self._left_to_frontend: set[str] = set()
        self._asks = False

    @property
    def waits_for_frontend(self) -> bool:
        """Whether the run must end, so that the frontend executes what the agent has called."""
        return bool(self._left_to_frontend)

    async def events(self, said: tuple[Message, ...]) -> AsyncGenerator[e.Event, None]:
        """What the agent says. Its failure is its result: the model may go on without it.

        Args:
            said: what the run has said before.
        """
        try:
            async with aclosing(self._agent.run(said)) as events:
                async for event in events:
                    for piece in self._lifecycle.feed(event):
                        if self._note(piece):
                            yield piece
        except Exception as error:  # noqa: BLE001 - an agent is foreign code; its fault is the call's result
            failure = agent_failure_of(error, self._name)
            ids, failed = self._input, Failed(failure.message, failure.code)
            for closer in self._lifecycle.finalize(failed, thread_id=ids.thread_id, run_id=ids.run_id)[:-1]:
                yield closer
            self._left_to_frontend.clear()
            self.result = fault_text(ToolFault(HANDLER_ERROR, failure.message))
        else:
            self.result = self._answer()

    def _note(self, event: e.Event) -> bool:
        """Take note of an event; whether it goes out."""
        match event:
            case e.TextMessageContent(message_id=key, delta=delta):
                self._texts.setdefault(key, []).append(delta)
            case e.ToolCallStart(tool_call_id=key, tool_call_name=name) if self._is_for_frontend(name):
                self._left_to_frontend.add(key)
            case e.ToolCallResult(tool_call_id=key):
                self._left_to_frontend.discard(key)
            case e.Custom(name=name) if name in INTERRUPT_EVENTS:
                self._asks = True
                return False
            case _:
                pass
        return True

    def _answer(self) -> str:
        if self._asks or self._agent.asks:
            return fault_text(ToolFault(HANDLER_ERROR, ASKS.format(self._name)))
        return "\n\n".join("".join(pieces) for pieces in self._texts.values()) or SAYS_NOTHING.format(self._name)
