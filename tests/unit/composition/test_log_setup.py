"""Who sets logging up: our own commands, where nobody else has."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agui_runtime.adapters.telemetry.log_lines import JsonLinesFormatter, TextFormatter
from agui_runtime.composition.log_setup import set_up_logging
from agui_runtime.composition.settings import Settings

OURS = logging.getLogger("agui_runtime")


@contextmanager
def bare() -> Iterator[logging.Logger]:
    """The root logger without handlers; what is changed is put back."""
    root = logging.getLogger()
    kept = (root.handlers[:], root.level, OURS.level)
    root.handlers[:] = []
    try:
        yield root
    finally:
        root.handlers[:] = kept[0]
        root.setLevel(kept[1])
        OURS.setLevel(kept[2])


@pytest.mark.parametrize(("name", "kind"), [("text", TextFormatter), ("json", JsonLinesFormatter)])
def test_lines_are_written_as_the_setting_says(name: str, kind: type) -> None:
    with bare() as root:
        set_up_logging(Settings(log_format=name, log_level="ERROR"))
        (handler,) = root.handlers
        assert isinstance(handler.formatter, kind)
        assert (root.level, OURS.level) == (logging.ERROR, logging.ERROR)


def test_details_are_our_own_alone() -> None:
    # Clients of model providers write whole requests at DEBUG.
    with bare():
        set_up_logging(Settings(log_level="DEBUG"))
        assert OURS.isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("openai._base_client").isEnabledFor(logging.DEBUG)


def test_logging_that_somebody_has_set_up_stays_as_it_is() -> None:
    with bare() as root:
        theirs = logging.StreamHandler()
        root.addHandler(theirs)
        before = (root.level, OURS.level)
        set_up_logging(Settings(log_level="ERROR"))
        assert root.handlers == [theirs]
        assert (root.level, OURS.level) == before


def test_a_host_that_imports_and_makes_a_runtime_keeps_its_logging() -> None:
    program = (
        "import logging, agui_runtime\n"
        "from agui_runtime import runtime_py\n"
        "runtime_py.CopilotRuntime().aiohttp_app()\n"
        "loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]\n"
        "ours = [found for found in loggers if found.name.startswith(('root', 'agui_runtime'))]\n"
        "assert [found.name for found in ours if found.handlers or found.filters] == []\n"
        "assert {found.level for found in ours} == {logging.WARNING, logging.NOTSET}\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
