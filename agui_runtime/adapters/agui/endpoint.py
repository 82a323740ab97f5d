"""The AG-UI endpoint: finds the operation that a request means, by its path or its envelope (contract agui §1)."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from agui_runtime.adapters.agui import elsewhere
from agui_runtime.adapters.agui.answers import failed, invalid_envelope, not_allowed, not_found, unforeseen
from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.agui.connections import Connections
from agui_runtime.adapters.agui.envelope import EnvelopeError, envelope_of, open_envelope
from agui_runtime.adapters.agui.info import Info
from agui_runtime.adapters.agui.operations import Operations
from agui_runtime.adapters.agui.paths import target_of
from agui_runtime.adapters.agui.runs import Runs
from agui_runtime.adapters.agui.thread_contents import ThreadContents
from agui_runtime.adapters.agui.threads import Threads
from agui_runtime.adapters.http.exchange import Handler, Request, Response
from agui_runtime.adapters.http.router import OPERATION
from agui_runtime.domain.errors import AguiError
from agui_runtime.domain.json_value import JsonObject

logger = logging.getLogger(__name__)

Operation = Callable[[Call], Awaitable[Response]]

_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "info": ("GET",),
    "inspector/metadata": ("GET",),
    "inspector/learning": ("GET",),
    "debug-events": ("GET",),
    "threads/list": ("GET",),
    "threads/messages": ("GET",),
    "threads/events": ("GET",),
    "threads/state": ("GET",),
    "threads/update": ("PATCH", "DELETE"),
}
_POST_ONLY = ("POST",)

_PURPOSES: Mapping[str, str] = {
    "info": "retrieve runtime information",
    "agent/run": "run agent",
    "agent/suggest": "run agent",
    "agent/connect": "connect agent",
    "agent/stop": "stop agent",
    "threads/list": "list threads",
    "threads/update": "update thread",
    "threads/archive": "archive thread",
    "threads/clear": "clear threads",
    "threads/messages": "fetch thread messages",
    "threads/events": "fetch thread events",
    "threads/state": "fetch thread state",
}


class AguiEndpoint:
    """Serves AG-UI frontends below a base path, and their envelopes on it."""

    def __init__(self, operations: Operations) -> None:
        self._access = operations.access
        runs, connections, info = Runs(operations), Connections(operations), Info(operations)
        threads, contents = Threads(operations), ThreadContents(operations)
        self._operations: Mapping[str, Operation] = {
            "info": info.info,
            "agent/run": runs.run,
            "agent/suggest": runs.suggest,
            "agent/connect": connections.connect,
            "agent/stop": connections.stop,
            "threads/list": threads.list,
            "threads/update": threads.update,
            "threads/archive": threads.archive,
            "threads/clear": threads.clear,
            "threads/messages": contents.messages,
            "threads/events": contents.events,
            "threads/state": contents.state,
            "transcribe": elsewhere.transcribe,
            "inspector/metadata": elsewhere.inspector_metadata,
            "inspector/learning": elsewhere.inspector_learning,
            "debug-events": elsewhere.debug_events,
            "memories": elsewhere.hidden,
            "annotate": elsewhere.cloud_only,
            "threads/subscribe": elsewhere.cloud_only,
        }

    async def handle(self, request: Request) -> Response:
        """Answer a request below the base path."""
        target = target_of(request.path)
        if target is None:
            return not_found()
        return await self._answer(Call(request, target.operation, request.method, target.ids, query=request.query))

    def before(self, graphql: Handler) -> Handler:
        """The handler of the base path itself: envelopes are ours, everything else is GraphQL's."""

        def handle(request: Request) -> Awaitable[Response]:
            envelope = envelope_of(request)
            return graphql(request) if envelope is None else self._answer_envelope(request, envelope)

        return handle

    async def _answer_envelope(self, request: Request, envelope: JsonObject) -> Response:
        try:
            call = open_envelope(request, envelope)
        except EnvelopeError as error:
            return not_found() if error.status == 404 else invalid_envelope(error.message, error.status)
        return await self._answer(call)

    async def _answer(self, call: Call) -> Response:
        operation = self._operations[call.operation]
        call.request.memo[OPERATION] = call.operation
        if call.operation != "memories":
            allowed = _ALLOWED.get(call.operation, _POST_ONLY)
            if call.verb not in allowed:
                return not_allowed(", ".join(allowed))
        try:
            # Before anything is done, so that no operation can forget to ask.
            await self._access.caller_of(call.request)
            return await operation(call)
        except AguiError as error:
            return failed(error, _PURPOSES.get(call.operation, "answer"), call.request.correlation_id)
        except Exception:
            logger.exception("Unforeseen failure of request %s.", call.request.correlation_id)
            return failed(unforeseen(), _PURPOSES.get(call.operation, "answer"), call.request.correlation_id)
