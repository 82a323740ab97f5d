"""The questions of a thread that still wait for an answer."""

from collections.abc import Sequence

from agui_runtime.application.known_threads import KnownThreads
from agui_runtime.application.ports import Clock
from agui_runtime.application.questions import OpenInterrupt
from agui_runtime.domain.identity import AgentName, Caller, ThreadId


class OpenInterrupts:
    """Reads them from the log, so that they outlive the process that asked."""

    def __init__(self, threads: KnownThreads, clock: Clock) -> None:
        self._threads = threads
        self._clock = clock

    async def __call__(
        self, caller: Caller, thread_id: ThreadId, agent_name: AgentName | None = None
    ) -> Sequence[OpenInterrupt]:
        """The questions that have not expired, of one agent where one is named.

        Raises:
            UnavailableError: the log cannot be reached.
        """
        past, live = await self._threads.read(caller.scope, thread_id)
        if live:
            # It has answered or cancelled them.
            return []
        now = self._clock.now()
        return [
            question
            for question in past.questions
            if agent_name in {None, question.agent_name} and not question.interrupt.is_expired(now)
        ]
