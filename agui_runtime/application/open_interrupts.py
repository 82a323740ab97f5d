"""The questions of a thread that still wait for an answer."""

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from agui_runtime.application.ports import RunLog
from agui_runtime.domain.events import RunFinished, RunStarted
from agui_runtime.domain.identity import AgentName, Caller, ThreadId
from agui_runtime.domain.runs import Interrupt


@frozen
class OpenInterrupt:
    """A question, who asked it, and when."""

    interrupt: Interrupt
    agent_name: AgentName | None
    asked_at: datetime


class OpenInterrupts:
    """Reads them from the log: the newest run's, since whatever run comes after them answers or cancels them."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    async def __call__(
        self, caller: Caller, thread_id: ThreadId, agent_name: AgentName | None = None
    ) -> Sequence[OpenInterrupt]:
        """The open questions, of one agent where one is named.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        asker: AgentName | None = None
        questions: list[OpenInterrupt] = []
        for entry in await self._log.read(caller.scope, thread_id):
            match entry.event:
                case RunStarted(input=run_input):
                    asker = run_input.agent_name if run_input else None
                    questions = []
                case RunFinished(interrupts=interrupts):
                    questions = [OpenInterrupt(each, asker, entry.recorded_at) for each in interrupts]
                case _:
                    pass
        return [question for question in questions if agent_name in {None, question.agent_name}]
