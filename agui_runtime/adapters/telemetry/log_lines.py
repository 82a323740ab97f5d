"""Lines of a log for people, and for machines: both say what the line is about (docs/operations.md)."""

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from agui_runtime.application import log_context

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_JSON = ("asctime", "levelname", "name", "message")
_JSON_NAMES = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception"}


class LogContextFilter(logging.Filter):
    """Gives records the attributes ``request_id``, ``thread_id``, ``run_id``, ``agent`` and ``scope``.

    They are empty where nothing is known. It lets every record through. Hosts with a logging of their own put it on
    their handlers: ``handler.addFilter(LogContextFilter())``.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        noted = log_context.noted()
        for name in log_context.FIELDS:
            setattr(record, name, noted.get(name, ""))
        return True


class TextFormatter(logging.Formatter):
    """One line for people, with what is known of the request behind it."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        """The line, without a traceback."""
        given = ((name, getattr(record, name, "")) for name in log_context.FIELDS)
        known = " ".join(f"{name}={value}" for name, value in given if value)
        line = super().formatMessage(record)
        return f"{line} [{known}]" if known else line


class JsonLinesFormatter(JsonFormatter):
    """One JSON object for each record.

    It has ``time`` (UTC, ISO 8601), ``level``, ``logger``, ``message``, what is known of the request, the line's own
    figures, and ``exception`` with a traceback. Nothing that is empty is written.
    """

    def __init__(self) -> None:
        # The standard library's JSON: it takes whatever a record brings, lone surrogates included.
        super().__init__(_JSON, rename_fields=_JSON_NAMES)  # pyright: ignore[reportUnknownMemberType]

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - the base's
        """ISO 8601, in UTC, with milliseconds."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """What goes on the line."""
        return {name: value for name, value in log_data.items() if value not in ("", None)}
