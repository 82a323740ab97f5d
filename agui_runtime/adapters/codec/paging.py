"""Cursors into lists of threads, as opaque text."""

import base64
import json
from datetime import UTC, datetime

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
        moment = datetime.fromisoformat(updated_at)
        position = (moment.astimezone(UTC), ThreadId(thread_id))
    except (ValueError, TypeError, OverflowError, RecursionError, AguiError) as error:
        raise _bad_cursor() from error
    if moment.tzinfo is None:
        raise _bad_cursor()
    return position


def _bad_cursor() -> InvalidError:
    return InvalidError("The cursor is not one that this list has given.")
