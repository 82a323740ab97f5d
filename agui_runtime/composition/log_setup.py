"""Logging of our own commands. Nothing else here touches it: a host's logging is the host's."""

import logging

from agui_runtime.adapters.telemetry.log_lines import JsonLinesFormatter, LogContextFilter, TextFormatter
from agui_runtime.composition.settings import Settings


def set_up_logging(settings: Settings) -> None:
    """Write to standard error what ``AGUI_LOG_LEVEL`` and ``AGUI_LOG_FORMAT`` say.

    Where the process has a handler already, everything stays as it is.
    """
    root = logging.getLogger()
    if root.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLinesFormatter() if settings.log_format == "json" else TextFormatter())
    handler.addFilter(LogContextFilter())
    level = logging.getLevelNamesMapping()[settings.log_level]
    # Details are our own alone: what clients of model providers write at DEBUG has what users say.
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO))
    logging.getLogger("agui_runtime").setLevel(level)
