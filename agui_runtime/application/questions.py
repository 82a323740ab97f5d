"""The questions of a thread's newest run, as the log tells them."""

from collections.abc import Iterable
from datetime import datetime

from attrs import frozen

from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import RunFinished, RunStarted
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.runs import Interrupt


@frozen
class OpenInterrupt:
    """A question, who asked it, and when."""

    interrupt: Interrupt
    agent_name: AgentName | None
    asked_at: datetime


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
