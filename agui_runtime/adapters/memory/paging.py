"""Pages of threads: opaque cursors and page sizes."""

import base64
import json
from datetime import datetime

from agui_runtime.domain.errors import AguiError, InvalidError
from agui_runtime.domain.identity import ThreadId

Position = tuple[datetime, ThreadId]
"""Where in the order of threads, newest first, a page has ended."""


def encode_cursor(position: Position) -> str:
    """A position as an opaque text, safe in URLs."""
    updated_at, thread_id = position
    return base64.urlsafe_b64encode(json.dumps([updated_at.isoformat(), thread_id]).encode()).decode()


def decode_cursor(cursor: str) -> Position:
    """The position that ``encode_cursor`` was given.

    Raises:
        InvalidError: the text is no cursor.
    """
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True)
        updated_at, thread_id = json.loads(text)
        position = (datetime.fromisoformat(updated_at), ThreadId(thread_id))
    except (ValueError, TypeError, RecursionError, AguiError) as error:
        raise _bad_cursor() from error
    if position[0].tzinfo is None:
        raise _bad_cursor()
    return position


def check_page_size(limit: int) -> None:
    """Refuse a page of nothing.

    Raises:
        InvalidError: ``limit`` is less than 1.
    """
    if limit < 1:
        raise InvalidError(f"The limit of a list must be 1 or more, not {limit}.")


def _bad_cursor() -> InvalidError:
    return InvalidError("The cursor is not one that this list has given.")
