"""An agent that follows a script."""

from collections.abc import AsyncIterator, Callable

from agui_runtime.application.values import AgentDescription, AgentRun, RunContext
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.runs import RunInput

AgentScript = Callable[[RunInput, RunContext], AsyncIterator[Event]]
"""An async generator function: what the agent answers to an input."""


class ScriptedAgent:
    """Answers with exactly the events of its script, its run's boundary included; nothing is added or mended.

    Args:
        name: as frontends address it.
        script: called once for each run.
        description: for people, and for models that use the agent as a tool.

    Raises:
        InvalidError: the name is none.
    """

    def __init__(self, name: str, script: AgentScript, description: str = "") -> None:
        self._description = AgentDescription(AgentName(name), description)
        self._script = script

    def describe(self) -> AgentDescription:
        """Its name and description."""
        return self._description

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Begin the script; what it raises is a failed run, never a refusal."""
        return AgentRun(self._script(run_input, context))
