"""Deleting all of a caller's threads: for development, and for a person who wants everything gone."""

from agui_runtime.application.threads import MAX_PAGE, DeleteThread, ListThreads
from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.identity import Caller


class ClearThreads:
    """Deletes page by page."""

    def __init__(self, list_threads: ListThreads, delete_thread: DeleteThread) -> None:
        self._list = list_threads
        self._delete = delete_thread

    async def __call__(self, caller: Caller) -> int:
        """Delete all threads of the caller's scope but those with a live run; how many were deleted.

        Raises:
            UnavailableError: the directory or the store cannot be reached; asking again is harmless.
        """
        deleted, cursor = 0, None
        while True:
            page = await self._list(caller, cursor=cursor, limit=MAX_PAGE, include_archived=True)
            for thread in page.threads:
                try:
                    deleted += await self._delete(caller, thread.thread_id)
                except BusyError:
                    continue
            if page.cursor is None:
                return deleted
            cursor = page.cursor
