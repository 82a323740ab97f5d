"""What a chat frontend asks for, and what it gets."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import Factory, frozen

from agui_runtime.application.live_run import LiveRun
from agui_runtime.application.values import AgentInput
from agui_runtime.domain.identity import AgentName, Caller, RunId, ThreadId
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.messages import Message
from agui_runtime.domain.policy import BusyPolicy
from agui_runtime.domain.runs import ContextEntry, Resume
from agui_runtime.domain.tools import Tool


def _no_props(_: AgentName) -> JsonObject:
    return {}


@frozen
class GuardrailTopics:
    """What the client asks a guardrail to allow and deny."""

    allow_list: tuple[str, ...] = ()
    deny_list: tuple[str, ...] = ()
    credentials: str = ""


@frozen(kw_only=True)
class GenerateRequest:
    """One request of a chat frontend.

    Attributes:
        caller: with what the page hands over.
        thread_id: ``None``: the runtime mints one.
        agent_name: the agent addressed, ``None`` for plain chat.
        tools: what the frontend can do.
        agent_states: what the client knows of agents' states (GraphQL).
        state: the addressed agent's state as the client has it, any JSON; ``None``: it sends none (AG-UI).
        client_run_id: the run's id, where the protocol lets the client choose it (AG-UI). It may repeat. ``run_id`` is
            GraphQL's: a model's own id, that clients send back.
        parent_run_id: the run that this one goes on from, as the client says.
        resume: answers to open interrupts; ``interrupt_id`` is ``None`` where the wire has no ids.
        forwarded_props_for: what an agent of that name is handed beyond its input.
        busy_policy: what becomes of a live run on the thread; ``None``: as the runtime is set.
        stops_by_hanging_up: its client has no other way to stop a run, and may be heard to hang up only after its next
            request (GraphQL): that one waits for a live run although nobody has asked it to stop.
        is_stateless: tasks, suggestions and completions take no lease and store nothing.
        guardrail: topics, ``None`` where the client asks for no guardrail.
        headers: those that the host allows to go to agents.
    """

    caller: Caller
    messages: tuple[Message, ...]
    thread_id: ThreadId | None = None
    run_id: RunId | None = None
    agent_name: AgentName | None = None
    tools: tuple[Tool, ...] = ()
    context: tuple[ContextEntry, ...] = ()
    agent_states: tuple[AgentInput, ...] = ()
    state: JsonValue = None
    client_run_id: RunId | None = None
    parent_run_id: str | None = None
    forwarded_parameters: JsonObject = Factory(dict[str, Any])
    forwarded_props_for: Callable[[AgentName], JsonObject] = _no_props
    properties: JsonObject = Factory(dict[str, Any])
    extensions: JsonObject | None = None
    resume: tuple[Resume, ...] = ()
    busy_policy: BusyPolicy | None = None
    stops_by_hanging_up: bool = False
    is_stateless: bool = False
    frontend_url: str | None = None
    guardrail: GuardrailTopics | None = None
    headers: Mapping[str, str] = Factory(dict[str, str])
    metadata: JsonObject = Factory(dict[str, Any])
    correlation_id: str = ""

    def __attrs_post_init__(self) -> None:
        # Whoever finds agents and tools may look at what the page hands over.
        object.__setattr__(self, "caller", self.caller.on_page(self.properties, self.frontend_url))


@frozen
class GeneratedResponse:
    """A run under way.

    Attributes:
        run_id: the model's, if it gave one: clients send it back next time (contract graphql §7).
        extensions: the model's, likewise.
        agent_name: the agent at work, ``None`` for plain chat.
        base_state: what the agent started from.
        live: the run, to follow or to stop.
    """

    thread_id: ThreadId
    run_id: RunId | None
    extensions: JsonObject | None
    agent_name: AgentName | None
    base_state: JsonValue
    live: LiveRun
