"""What goes into a run, and how it can come out."""

from datetime import datetime
from typing import Any

from attrs import Factory, evolve, frozen

from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object
from agui_runtime.domain.messages import Message
from agui_runtime.domain.tools import Tool

CREDENTIALS = "authorization"
"""The key, in any case, of what must not be kept."""


@frozen
class ContextEntry:
    """A fact that the frontend shares with the agent."""

    description: str
    value: str


@frozen
class Resume:
    """The answer to one interrupt (contract agui §10). ``interrupt_id`` is ``None`` where the wire has no ids."""

    interrupt_id: str | None
    status: str
    payload: JsonValue = None
    metadata: JsonObject | None = None


@frozen
class Interrupt:
    """A question to the user that the run ends with (one-model §3).

    Attributes:
        is_derived: its agent asked with a CUSTOM event: it knows no id of it.
    """

    id: str
    value: JsonValue = None
    reason: str = "interrupt"
    message: str | None = None
    tool_call_id: str | None = None
    response_schema: JsonObject | None = None
    expires_at: datetime | None = None
    metadata: JsonObject | None = None
    is_derived: bool = False
    subagent_run_id: str | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether it is too late to answer it. Without ``expires_at`` it never is."""
        return self.expires_at is not None and self.expires_at <= now


@frozen
class RunInput:
    """All that an agent is given for a run (AG-UI's RunAgentInput, contract agui §4)."""

    thread_id: ThreadId
    run_id: RunId
    agent_name: AgentName | None = None
    messages: tuple[Message, ...] = ()
    state: JsonValue = Factory(dict[str, Any])
    tools: tuple[Tool, ...] = ()
    context: tuple[ContextEntry, ...] = ()
    forwarded_props: JsonObject = Factory(dict[str, Any])
    resume: tuple[Resume, ...] = ()
    parent_run_id: str | None = None

    def from_state(self, state: JsonValue, resume: tuple[Resume, ...]) -> "RunInput":
        """The same input with the state that the run starts from, and with these answers."""
        return self._with(self.messages, state, self.forwarded_props, resume)

    def for_log(self, new: tuple[Message, ...], state: JsonValue, resume: tuple[Resume, ...]) -> "RunInput":
        """The input that is kept: the messages that are new, the state that the run starts from, and these answers.

        It has no credentials: LangGraph frontends put ``authorization`` into what they forward to agents.
        """
        return self._with(new, state, _without_credentials(self.forwarded_props), resume)

    def for_agent(self, name: AgentName, state: JsonValue) -> "RunInput":
        """The same input for another agent, with that agent's state."""
        return evolve(self, agent_name=name, state=state)

    def _with(
        self, messages: tuple[Message, ...], state: JsonValue, forwarded_props: JsonObject, resume: tuple[Resume, ...]
    ) -> "RunInput":
        # Each run needs two of these, and attrs.evolve takes several times as long.
        return RunInput(
            self.thread_id,
            self.run_id,
            self.agent_name,
            messages,
            state,
            self.tools,
            self.context,
            forwarded_props,
            resume,
            self.parent_run_id,
        )


def _without_credentials(value: JsonValue, levels: int = 8) -> JsonValue:
    # Frontends put them near the top; how deep the rest is nested is anybody's choice.
    if not levels or not is_object(value):
        return value
    return {key: _without_credentials(item, levels - 1) for key, item in value.items() if key.lower() != CREDENTIALS}


@frozen
class Finished:
    """The run did all it wanted."""

    result: JsonValue = None
    usage: tuple[JsonObject, ...] = ()


@frozen
class Interrupted:
    """The run waits for the user. ``interrupts`` is not empty."""

    interrupts: tuple[Interrupt, ...]
    usage: tuple[JsonObject, ...] = ()


@frozen
class Stopped:
    """Somebody asked the run to stop."""


@frozen
class Failed:
    """The run broke. ``message`` is safe to show; ``code`` is an ``ErrorCode`` or the agent's own."""

    message: str
    code: str = ErrorCode.INTERNAL
    usage: tuple[JsonObject, ...] = ()


@frozen
class Denied:
    """A guardrail refused the user's input; what the run said meanwhile stays out of history."""

    reason: str


Outcome = Finished | Interrupted | Stopped | Failed | Denied


def keeps_state(outcome: Outcome) -> bool:
    """Whether the state of a run with this outcome is saved (design §4)."""
    return isinstance(outcome, Finished | Interrupted | Stopped)
