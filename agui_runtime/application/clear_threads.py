"""Deleting all of a caller's threads: for development, and for a person who wants everything gone."""

from collections.abc import Awaitable, Callable

from agui_runtime.application.threads import MAX_PAGE, DeleteThread, ListThreads
from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.identity import Caller, ThreadId


class ClearThreads:
    """Deletes page by page."""

    def __init__(self, list_threads: ListThreads, delete_thread: DeleteThread) -> None:
        self._list = list_threads
        self._delete = delete_thread

    async def __call__(self, caller: Caller, may_delete: Callable[[ThreadId], Awaitable[bool]]) -> int:
        """Delete the threads of the caller's scope that it may delete, but those with a live run; how many were.

        Raises:
            UnavailableError: the directory or the store cannot be reached; asking again is harmless.
        """
        deleted, cursor = 0, None
        while True:
            page = await self._list(caller, cursor=cursor, limit=MAX_PAGE, include_archived=True)
            for thread in page.threads:
                if not await may_delete(thread.thread_id):
                    continue
                try:
                    deleted += await self._delete(caller, thread.thread_id)
                except BusyError:
                    continue
            if page.cursor is None:
                return deleted
            cursor = page.cursor
