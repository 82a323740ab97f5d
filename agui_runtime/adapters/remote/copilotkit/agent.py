"""An agent behind a remote endpoint."""

from collections.abc import Callable, Mapping
from typing import Any

from agui_runtime.adapters.remote.copilotkit.api import EndpointApi
from agui_runtime.adapters.remote.copilotkit.langgraph_events import LangGraphEvents
from agui_runtime.adapters.remote.copilotkit.messages import remembered_messages, sent_messages
from agui_runtime.adapters.remote.copilotkit.runtime_events import RuntimeEvents
from agui_runtime.adapters.remote.copilotkit.stream import LineStream, Translator
from agui_runtime.adapters.remote.peer import Peer
from agui_runtime.adapters.remote.response import MAX_EVENT_BYTES, MAX_STREAM_BYTES, Deadline, ResponseReader
from agui_runtime.application.values import AgentDescription, AgentRun, Conversation, RunContext
from agui_runtime.domain.errors import AgentError, ConfigurationError
from agui_runtime.domain.events import RunFinished
from agui_runtime.domain.identity import Caller, ThreadId
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object
from agui_runtime.domain.runs import RunInput

_TRANSLATORS: Mapping[str, Callable[[], Translator]] = {"crewai": RuntimeEvents, "langgraph": LangGraphEvents}
_LINE_TYPES = frozenset({"application/json", "application/x-ndjson", "application/jsonl", "text/plain"})


class CopilotKitAgent:
    """Runs with ``/agents/execute`` and remembers with ``/agents/state``.

    Args:
        api: how its endpoint is asked.
        description: what clients are told of it.
        kind: ``crewai`` or ``langgraph``, as the endpoint says; it decides what the lines mean.
        properties: the endpoint's own, under the request's.
    """

    def __init__(self, api: EndpointApi, description: AgentDescription, kind: str, properties: JsonObject) -> None:
        self._api = api
        self._description = description
        self._kind = kind
        self._properties = properties
        self._peer = Peer("agent", str(description.name), api.base)

    def __repr__(self) -> str:
        return f"CopilotKitAgent({self._peer.name!r})"

    def describe(self) -> AgentDescription:
        """What clients are told of it."""
        return self._description

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Post the run and wait for the response's headers.

        Raises:
            ConfigurationError: the endpoint names a type of agent that we do not know.
            AguiError: as ``RemoteClient.send``.
            AgentError: it answers with something else than JSON lines.
        """
        make = _TRANSLATORS.get(self._kind)
        if make is None:
            raise ConfigurationError(
                f"The {self._peer} is of the type {self._kind!r}, which its endpoint cannot be asked for. "
                "Serve it over AG-UI and add it as an agent of its own."
            )
        timeouts = self._api.timeouts
        deadline = Deadline(str(self._peer), timeouts.total)
        async with deadline.kept():
            response = await self._api.post(
                self._peer,
                "/agents/execute",
                self._body(run_input, context),
                context.caller,
                context.headers,
                correlation_id=context.correlation_id,
            )
        if response.content_type not in _LINE_TYPES:
            response.close()
            raise AgentError(f"The {self._peer} answered with something else than JSON lines.")
        reader = ResponseReader(
            str(self._peer), response, idle=timeouts.idle, max_bytes=MAX_STREAM_BYTES, deadline=deadline
        )
        finished = RunFinished(run_input.thread_id, run_input.run_id)
        return AgentRun(LineStream(reader, make(), finished, MAX_EVENT_BYTES))

    async def load_state(self, thread_id: ThreadId, caller: Caller) -> Conversation | None:
        """What it remembers of the thread; ``None`` where it has nothing.

        Raises:
            AguiError: as ``RemoteClient.send``.
            AgentError: the answer is none.
        """
        properties = {**self._properties, **caller.properties}
        body = {"properties": properties, "threadId": thread_id, "name": self._peer.name}
        answer = await self._api.ask(self._peer, "/agents/state", body, caller, caller.headers)
        if not answer.get("threadExists"):
            return None
        state = answer.get("state")
        return Conversation(state if is_object(state) else {}, remembered_messages(answer.get("messages")))

    def _body(self, run_input: RunInput, context: RunContext) -> dict[str, Any]:
        props = run_input.forwarded_props
        node_name, config = props.get("nodeName"), props.get("config")
        return {
            "name": self._peer.name,
            "threadId": run_input.thread_id,
            **({"nodeName": node_name} if isinstance(node_name, str) else {}),
            "messages": sent_messages(run_input.messages),
            "state": run_input.state if is_object(run_input.state) else {},
            "config": config if is_object(config) else {},
            "properties": {**self._properties, **context.properties},
            "actions": [
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
                for tool in run_input.tools
            ],
            "metaEvents": [
                {"name": "LangGraphInterruptEvent", "response": answer} for answer in _answers(run_input, props)
            ],
        }


def _answers(run_input: RunInput, props: JsonObject) -> list[JsonValue]:
    """The user's answers to questions, in whichever form the frontend gave them (one-model §3)."""
    if run_input.resume:
        return [each.payload for each in run_input.resume if each.payload is not None]
    command = props.get("command")
    answer = command.get("resume") if is_object(command) else None
    return [] if answer is None else [answer]
