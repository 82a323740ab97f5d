"""The list of threads: what a frontend shows beside the conversation."""

import re

from agui_runtime.application.ports import StateStore, ThreadDirectory
from agui_runtime.application.refusals import no_such_thread
from agui_runtime.application.values import Thread, ThreadPage
from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, Caller, ThreadId

MAX_PAGE = 200
MAX_NAME = 200
"""Characters of a thread's name."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class ListThreads:
    """Lists the caller's threads."""

    def __init__(self, threads: ThreadDirectory) -> None:
        self._threads = threads

    async def __call__(
        self,
        caller: Caller,
        *,
        agent_name: AgentName | None = None,
        cursor: str | None = None,
        limit: int = 50,
        include_archived: bool = False,
    ) -> ThreadPage:
        """A page, newest activity first, of one agent's threads where one is named.

        Raises:
            InvalidError: the cursor is none of ours, or the limit is not from 1 to 200.
            UnavailableError: the directory cannot be reached.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidError(f"The limit of a list of threads must be from 1 to {MAX_PAGE}, not {limit}.")
        return await self._threads.list(
            caller.scope, agent_name=agent_name, cursor=cursor, limit=limit, include_archived=include_archived
        )


class GetThread:
    """Looks one up."""

    def __init__(self, threads: ThreadDirectory) -> None:
        self._threads = threads

    async def __call__(self, caller: Caller, thread_id: ThreadId) -> Thread:
        """The thread.

        Raises:
            NotFoundError: there is no such thread.
            UnavailableError: the directory cannot be reached.
        """
        thread = await self._threads.get(caller.scope, thread_id)
        if thread is None:
            raise no_such_thread(thread_id)
        return thread


class RenameThread:
    """Gives a thread a name for people."""

    def __init__(self, threads: ThreadDirectory) -> None:
        self._threads = threads

    async def __call__(self, caller: Caller, thread_id: ThreadId, name: str) -> Thread:
        """The thread with its new name, without the blanks around it.

        Raises:
            NotFoundError: there is no such thread.
            InvalidError: the name is empty, too long, or has a control character.
            UnavailableError: the directory cannot be reached.
        """
        name = name.strip()
        if not name:
            raise InvalidError("A thread's name must not be empty.")
        if len(name) > MAX_NAME:
            raise InvalidError(
                f"A thread's name may have {MAX_NAME} characters; this one has {len(name)}.",
                code=ErrorCode.LIMIT_EXCEEDED,
                details={"limit": "thread_name", "maximum": MAX_NAME, "actual": len(name)},
            )
        if _CONTROL.search(name):
            raise InvalidError("A thread's name must not have control characters.")
        return await self._threads.rename(caller.scope, thread_id, name)


class ArchiveThread:
    """Puts a thread away, or takes it back."""

    def __init__(self, threads: ThreadDirectory) -> None:
        self._threads = threads

    async def __call__(self, caller: Caller, thread_id: ThreadId, *, archived: bool = True) -> Thread:
        """The thread as it is now.

        Raises:
            NotFoundError: there is no such thread.
            UnavailableError: the directory cannot be reached.
        """
        return await self._threads.archive(caller.scope, thread_id, archived=archived)


class DeleteThread:
    """Erases a thread: its runs, its states and its place in the list."""

    def __init__(self, threads: ThreadDirectory, store: StateStore) -> None:
        self._threads = threads
        self._store = store

    async def __call__(self, caller: Caller, thread_id: ThreadId) -> bool:
        """Erase it; whether there was anything.

        Raises:
            BusyError: a run is live on it; nothing was erased.
            UnavailableError: the directory or the store cannot be reached; asking again is harmless.
        """
        was_listed = await self._threads.delete(caller.scope, thread_id)
        # Where the states are in a store of their own, the directory knows nothing of them.
        return bool(await self._store.clear_thread(caller.scope, thread_id)) or was_listed
