"""The questions of a thread that still wait for an answer."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import frozen

from agui_runtime.application.ports import Clock, RunLog
from agui_runtime.application.values import LogEntry
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
    """Reads them from the log, so that they outlive the process that asked."""

    def __init__(self, log: RunLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    async def __call__(
        self, caller: Caller, thread_id: ThreadId, agent_name: AgentName | None = None
    ) -> Sequence[OpenInterrupt]:
        """The questions that have not expired, of one agent where one is named.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        now = self._clock.now()
        return [
            question
            for question in questions_of(await self._log.read(caller.scope, thread_id))
            if agent_name in {None, question.agent_name} and not question.interrupt.is_expired(now)
        ]


def questions_of(entries: Iterable[LogEntry]) -> list[OpenInterrupt]:
    """The newest run's questions, expired ones among them: whatever run comes after answers or cancels them."""
    asker: AgentName | None = None
    questions: list[OpenInterrupt] = []
    for entry in entries:
        match entry.event:
            case RunStarted(input=run_input):
                asker = run_input.agent_name if run_input else None
                questions = []
            case RunFinished(interrupts=interrupts):
                questions = [OpenInterrupt(each, asker, entry.recorded_at) for each in interrupts]
            case _:
                pass
    return questions
