"""A compiled LangGraph graph in this process, through LangGraph's own AG-UI integration (ADR on in-process agents)."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from importlib import import_module
from typing import Any
from uuid import uuid4

from agui_runtime.adapters.codec.decoding import decode_event
from agui_runtime.adapters.frameworks import agent_input, domain_events, missing_extra

try:
    # Neither the integration nor the graph's own module carries types that a strict checker can read.
    _integration: Any = import_module("ag_ui_langgraph")
    _utils: Any = import_module("ag_ui_langgraph.utils")
    _core: Any = import_module("ag_ui.core")
    _memory: Any = import_module("langgraph.checkpoint.memory")
    _pregel: Any = import_module("langgraph.pregel")
    _types: Any = import_module("langgraph.types")
except ImportError as error:
    raise missing_extra("LangGraph agents", "langgraph") from error

from agui_runtime.application.values import AgentDescription, AgentRun, Conversation, RunContext
from agui_runtime.domain.errors import ConfigurationError, MisuseError
from agui_runtime.domain.events import Event, MessagesSnapshot
from agui_runtime.domain.identity import AgentName, Caller, ThreadId
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object
from agui_runtime.domain.messages import Message
from agui_runtime.domain.runs import RunInput

Graph = Any
"""A ``CompiledStateGraph``."""

ThreadKey = Callable[[Caller, ThreadId], str]

CANCELLED = "__agui_cancelled__"
"""What the graph reads in an answer to an interrupt that the user dismissed: AG-UI's key for it."""


def thread_key_of(caller: Caller, thread_id: ThreadId) -> str:
    """A thread's name within the checkpointer: threads of two scopes never meet there."""
    return f"{caller.scope}/{thread_id}"


def _new_id() -> str:
    return f"ck-{uuid4()}"


def _command_of(_: Any, entries: list[Any], *, open_interrupts: Any = None) -> Any:  # noqa: ARG001
    """The answers to interrupts as LangGraph takes several: by id. The integration has a map that no graph knows."""
    answers = {
        entry.interrupt_id: entry.payload if entry.status == "resolved" else {CANCELLED: True} for entry in entries
    }
    return _types.Command(resume=answers)


# One run of the integration's agent, which keeps on itself what belongs to a run.
_Session: Any = type("_Session", (_integration.LangGraphAgent,), {"_build_command_from_agui_resume": _command_of})


class LangGraphAgent:
    """A compiled graph as an agent.

    Text, tool calls, tool results, states, steps (the nodes) and interrupts (both wire forms) become events as they
    happen. Each run is a clone: nothing of it is kept here. With a checkpointer, the graph remembers its threads and is
    asked for their state; without one, each run starts from what the client sends, and cannot be interrupted.

    Args:
        graph: compiled.
        name: as frontends address it; the graph's own name by default.
        description: for people, and for models that use the agent as a tool.
        config: LangGraph's ``RunnableConfig`` for every run.
        thread_key: a thread's name within the checkpointer; the scope and the thread's id by default. Threads that
            another program shares need its names.

    Raises:
        ConfigurationError: the graph is not compiled.
        InvalidError: the name is none for an agent.
    """

    def __init__(
        self,
        graph: Graph,
        name: str | None = None,
        *,
        description: str = "",
        config: JsonObject | None = None,
        thread_key: ThreadKey = thread_key_of,
    ) -> None:
        if not isinstance(graph, _pregel.Pregel):
            raise ConfigurationError(f"A LangGraph agent needs a compiled graph, not a {type(graph).__name__}.")
        self._graph = graph
        self._description = AgentDescription(AgentName(name or graph.get_name()), description)
        self._config = dict(config or {})
        self._thread_key = thread_key

    def describe(self) -> AgentDescription:
        """Its name and description."""
        return self._description

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Begin a run; what the graph raises is a failed run.

        Raises:
            MisuseError: an interrupt is answered, and the graph has no checkpointer that would know of it.
        """
        if self._graph.checkpointer is None and _is_answer(run_input):
            raise MisuseError(
                f"The agent {str(self._description.name)!r} cannot go on after an interrupt: "
                "its graph has no checkpointer. Compile the graph with one."
            )
        return AgentRun(self._events(run_input, self._thread_key(context.caller, run_input.thread_id)))

    async def load_state(self, thread_id: ThreadId, caller: Caller) -> Conversation | None:
        """What the checkpointer has of the thread; ``None`` without one, or where it knows nothing."""
        if self._graph.checkpointer is None:
            return None
        key = self._thread_key(caller, thread_id)
        snapshot = await self._graph.aget_state({"configurable": {"thread_id": key}})
        if not snapshot.values:
            return None
        values = {name: value for name, value in snapshot.values.items() if name not in {"messages", "tools"}}
        return Conversation(_utils.make_json_safe(values), _messages_of(snapshot.values.get("messages") or []))

    async def _events(self, run_input: RunInput, thread_key: str) -> AsyncGenerator[Event, None]:
        session = _Session(
            name=str(self._description.name),
            graph=self._graph_for_one_run(),
            config=self._config,
            enable_legacy_on_interrupt_event=True,
            emit_interrupt_outcome=True,
            emit_raw_events=False,
        )
        given = _core.RunAgentInput.model_validate(agent_input(run_input, thread_key))
        async with aclosing(domain_events(session.run(given), str(self._description.name), _new_id)) as said:
            async for event in said:
                yield event

    def _graph_for_one_run(self) -> Graph:
        if self._graph.checkpointer is not None:
            return self._graph
        # The integration asks the checkpointer what the thread is like; this one knows nothing and lives for one run.
        return self._graph.copy({"checkpointer": _memory.InMemorySaver()})


def _is_answer(run_input: RunInput) -> bool:
    command: JsonValue = run_input.forwarded_props.get("command")
    return bool(run_input.resume) or (is_object(command) and command.get("resume") is not None)


def _messages_of(messages: list[Any]) -> tuple[Message, ...]:
    snapshot = _core.MessagesSnapshotEvent(messages=_utils.langchain_messages_to_agui(messages))
    event = decode_event(snapshot.model_dump(mode="json", by_alias=True, exclude_none=True))
    return event.messages if isinstance(event, MessagesSnapshot) else ()
