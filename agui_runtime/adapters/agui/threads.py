"""The list of threads, and what can be done with one (contract agui §1)."""

from functools import partial
from typing import Any
from urllib.parse import parse_qs

from agui_runtime.adapters.agui.agents import find_agent
from agui_runtime.adapters.agui.answers import invalid_body, json_answer
from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.agui.operations import Operations
from agui_runtime.adapters.codec.encoding import encode_time
from agui_runtime.adapters.http.exchange import Response
from agui_runtime.application.values import Thread
from agui_runtime.domain.actions import Action
from agui_runtime.domain.errors import DeniedError, InvalidError
from agui_runtime.domain.identity import AgentName, Caller, ThreadId
from agui_runtime.domain.json_value import JsonObject, is_object

PAGE = 50
"""Threads of a list whose caller names no limit."""
_ACTIONS = {"name": Action.RENAME, "archived": Action.ARCHIVE}


class Threads:
    """Lists, renames, archives and deletes the caller's threads."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def list(self, call: Call) -> Response:
        """A page, newest activity first; with fewer threads where the caller may not read all of them."""
        caller = await self._operations.access.allow(call.request, Action.LIST)
        query = {name: values[0] for name, values in parse_qs(call.query).items()}
        page = await self._operations.list_threads(
            caller,
            agent_name=await self._agent_name(caller, query.get("agentId")),
            cursor=query.get("cursor"),
            limit=_limit(query.get("limit")),
            include_archived=query.get("includeArchived") == "true",
        )
        shown = [thread_json(thread) for thread in page.threads if await self._may_read(call, thread)]
        return json_answer({"threads": shown, "nextCursor": page.cursor})

    async def update(self, call: Call) -> Response:
        """A new name, archived or taken back; or deleted, by that verb."""
        access, thread_id = self._operations.access, ThreadId(call.ids["threadId"])
        if call.verb == "DELETE":
            await self._operations.delete_thread(await access.allow(call.request, Action.DELETE, thread_id), thread_id)
            return Response(204)
        try:
            changes = _changes(call.body() if call.has_body() else {})
        except InvalidError as error:
            return invalid_body(error.message)
        caller = await access.caller_of(call.request)
        # All of it is permitted before any of it is done.
        for action in (_ACTIONS[name] for name in _ACTIONS if name in changes):
            caller = await access.allow(call.request, action, thread_id)
        thread = await self._operations.get_thread(caller, thread_id)
        if "name" in changes:
            thread = await self._operations.rename_thread(caller, thread_id, changes["name"])
        if "archived" in changes:
            thread = await self._operations.archive_thread(caller, thread_id, archived=changes["archived"])
        return json_answer(thread_json(thread))

    async def archive(self, call: Call) -> Response:
        """Put away."""
        thread_id = ThreadId(call.ids["threadId"])
        caller = await self._operations.access.allow(call.request, Action.ARCHIVE, thread_id)
        thread = await self._operations.archive_thread(caller, thread_id)
        return json_answer(thread_json(thread))

    async def clear(self, call: Call) -> Response:
        """The caller's threads are deleted, where the host allows that; live ones stay, and those it may not delete."""
        access = self._operations.access
        caller = await access.allow(call.request, Action.DELETE)
        if not self._operations.may_clear_threads:
            raise DeniedError("Clearing all threads is off in this runtime. AGUI_CLEAR_THREADS turns it on.")
        await self._operations.clear_threads(caller, partial(access.may, call.request, Action.DELETE))
        return Response(204)

    async def _may_read(self, call: Call, thread: Thread) -> bool:
        return await self._operations.access.may(call.request, Action.READ, thread.thread_id)

    async def _agent_name(self, caller: Caller, agent_id: str | None) -> AgentName | None:
        """An agent may be asked for by another name than its own; threads are kept under its own."""
        if not agent_id:
            return None
        agent = await find_agent(self._operations, caller, agent_id)
        return AgentName(agent_id) if agent is None else agent.name


def thread_json(thread: Thread) -> dict[str, Any]:
    """A thread as frontends list it; who made it and for whom is the cloud's."""
    return {
        "id": thread.thread_id,
        "name": thread.name,
        "agentId": thread.agent_name or "",
        "organizationId": "",
        "createdById": "",
        "archived": thread.archived,
        "createdAt": encode_time(thread.created_at),
        "updatedAt": encode_time(thread.updated_at),
    }


def _limit(text: str | None) -> int:
    if not text:
        return PAGE
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InvalidError("The limit of a list of threads must be a whole number.")
    return int(text)


def _changes(body: Any) -> JsonObject:
    if not is_object(body):
        raise InvalidError("The change of a thread is invalid: expected an object @ $.")
    for name, kind, what in (("name", str, "a string"), ("archived", bool, "a boolean")):
        if name in body and not isinstance(body[name], kind):
            raise InvalidError(f"The change of a thread is invalid: expected {what} @ $.{name}.")
    if not body.keys() & {"name", "archived"}:
        raise InvalidError("The change of a thread is invalid: expected a name or archived @ $.")
    return body
