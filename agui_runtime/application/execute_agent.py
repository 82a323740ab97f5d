"""One run without streaming, for scripts and schedulers."""

from datetime import datetime

from attrs import evolve, frozen

from agui_runtime.application.generate_request import GenerateRequest
from agui_runtime.application.generate_response import GenerateResponse
from agui_runtime.application.ports import Clock
from agui_runtime.application.read_history import History, history_of
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.events import RunError, RunFinished, RunStarted
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.json_value import JsonObject, JsonValue


@frozen
class Execution:
    """A run that is over.

    Attributes:
        status: ``finished``, ``interrupted`` or ``failed``.
        output: what it said.
    """

    run_id: RunId
    thread_id: ThreadId
    agent_name: AgentName | None
    status: str
    result: JsonValue
    output: History
    started_at: datetime
    completed_at: datetime
    error_message: str | None = None


class ExecuteAgent:
    """Runs an agent to its end."""

    def __init__(self, generate: GenerateResponse, clock: Clock) -> None:
        self._generate = generate
        self._clock = clock

    async def __call__(self, request: GenerateRequest) -> Execution:
        """The run, when it is over. Cancelling this call stops it.

        Raises:
            AguiError: the request is refused; nothing is stored.
        """
        started_at = self._clock.now()
        generated = await self._generate(request)
        entries: list[LogEntry] = []
        try:
            async for batch in generated.live.follow():
                entries.extend(batch)
        except BaseException:
            generated.live.stop()
            raise
        last = entries[-1].event
        interrupted = isinstance(last, RunFinished) and bool(last.interrupts)
        return Execution(
            run_id=generated.live.run_id,
            thread_id=generated.thread_id,
            agent_name=generated.agent_name,
            status="failed" if isinstance(last, RunError) else "interrupted" if interrupted else "finished",
            result=last.result if isinstance(last, RunFinished) else None,
            output=history_of(_output(entry, generated.base_state) for entry in entries),
            started_at=started_at,
            completed_at=entries[-1].recorded_at,
            error_message=last.message if isinstance(last, RunError) else None,
        )


def _output(entry: LogEntry, base_state: JsonObject) -> LogEntry:
    """The entry without what the run was given to say: its input keeps only who ran, and from which state."""
    event = entry.event
    if not isinstance(event, RunStarted) or event.input is None:
        return entry
    return evolve(entry, event=evolve(event, input=evolve(event.input, messages=(), state=base_state)))
