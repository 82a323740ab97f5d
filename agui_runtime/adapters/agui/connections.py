"""Connecting to a thread, and stopping its run (contract agui §3, §7)."""

from typing import Any

from agui_runtime.adapters.agui.agents import find_agent
from agui_runtime.adapters.agui.answers import agent_not_found, invalid_body, json_answer
from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.agui.event_stream import EventStream, stream_answer
from agui_runtime.adapters.agui.input import read_run_input
from agui_runtime.adapters.agui.operations import Operations
from agui_runtime.adapters.agui.projection import Projection
from agui_runtime.adapters.agui.replay import valid_for_all
from agui_runtime.adapters.http.exchange import Request, Response
from agui_runtime.application.stop_run import StopResult
from agui_runtime.domain.actions import Action
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.json_value import JsonValue, is_object

LAST_EVENT_ID = "last-event-id"
STOPPED = {"type": "RUN_ERROR", "message": "Run stopped by user", "code": "STOPPED"}


class Connections:
    """What a client does with a thread beside running on it."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def connect(self, call: Call) -> Response:
        """The thread's past, then its live run to the end; an unknown thread is an empty stream."""
        operations, request = self._operations, call.request
        caller = await operations.access.caller_of(request)
        agent = await find_agent(operations, caller, call.ids["agentId"])
        if agent is None:
            return agent_not_found(call.ids["agentId"])
        try:
            body = call.body()
            run_input = read_run_input(body)
        except InvalidError as error:
            return invalid_body(error.message)
        caller = await operations.access.allow(request, Action.READ, run_input.thread_id)
        after = _last_seen(body, request.header(LAST_EVENT_ID))
        connection = await operations.connect_thread(caller, run_input.thread_id, agent.name, after=after)
        projection = Projection(hidden=operations.hidden, with_edits=True)
        for entry in connection.seen:
            projection.skip(entry.event)
        entries = valid_for_all(connection.entries, connection.seen)
        stream = EventStream(entries, projection, request.correlation_id)
        return stream_answer(stream, operations.keep_alive_seconds)

    async def stop(self, call: Call) -> Response:
        """Asks the thread's live run to stop; its stream ends by itself. The body is looked at first, as documented."""
        operations = self._operations
        caller = await operations.access.caller_of(call.request)
        try:
            run_id = _run_id(call)
        except InvalidError as error:
            return json_answer({"error": error.message}, 400)
        if await find_agent(operations, caller, call.ids["agentId"]) is None:
            return agent_not_found(call.ids["agentId"])
        thread_id = call.ids["threadId"]
        if await self._stop(call.request, thread_id, run_id):
            return json_answer({"stopped": True, "interrupt": STOPPED})
        if run_id is None:
            text = f"No active run for thread '{thread_id}'."
        else:
            text = f"Run '{run_id}' is not the active run for thread '{thread_id}'."
        return json_answer({"stopped": False, "message": text})

    async def _stop(self, request: Request, thread_id: str, run_id: RunId | None) -> bool:
        try:
            known = ThreadId(thread_id)
        except InvalidError:
            # No thread has such an id, so nothing can be live on it.
            return False
        caller = await self._operations.access.allow(request, Action.STOP, known)
        return await self._operations.stop_run(caller, known, run_id) is StopResult.STOPPED


def _run_id(call: Call) -> RunId | None:
    try:
        body: JsonValue = call.body() if call.has_body() else {}
    except InvalidError as error:
        raise InvalidError("Invalid stop request") from error
    if not is_object(body) or body.keys() - {"runId"}:
        raise InvalidError("Invalid stop request")
    if "runId" not in body:
        return None
    given: Any = body["runId"]
    if not isinstance(given, str) or not given.strip():
        raise InvalidError("Invalid runId")
    try:
        return RunId(given)
    except InvalidError as error:
        raise InvalidError("Invalid runId") from error


def _last_seen(body: JsonValue, header: str | None) -> str | None:
    """The place that the client has seen, by either name; one that is none is as good as not told."""
    given: Any = body.get("lastSeenEventId") if is_object(body) else None
    return given if isinstance(given, str) and given else header
