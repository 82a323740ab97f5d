"""Lines of the log, for people and for machines."""

import json
import logging
import sys
from datetime import datetime
from typing import Any

from agui_runtime.adapters.telemetry.log_lines import JsonLinesFormatter, LogContextFilter, TextFormatter
from agui_runtime.application import log_context
from tests.support.aio import run


def line(
    formatter: logging.Formatter, text: str, *given: Any, extra: Any = None, noted: Any = None, **more: Any
) -> str:
    async def write() -> str:
        if noted is not None:
            log_context.begin(**noted)
        record = logging.getLogger("some.where").makeRecord(
            "some.where", logging.INFO, "file.py", 1, text, given, more.get("exc_info"), extra=extra
        )
        assert LogContextFilter().filter(record) is True
        return formatter.format(record)

    return run(write())


def as_json(text: str, *given: Any, **more: Any) -> dict[str, Any]:
    written = line(JsonLinesFormatter(), text, *given, **more)
    assert "\n" not in written
    found: dict[str, Any] = json.loads(written)
    return found


def test_a_line_for_machines_says_when_how_grave_who_and_what() -> None:
    found = as_json("it is %s", "done")
    assert datetime.fromisoformat(found.pop("time")).utcoffset() is not None
    assert found == {"level": "INFO", "logger": "some.where", "message": "it is done"}


def test_a_line_for_machines_has_what_is_known_and_its_own_figures() -> None:
    noted = {"request_id": "r-1", "thread_id": "t-1", "run_id": "u-1", "agent": "a", "scope": "owner:1:b"}
    found = as_json("done", extra={"seconds": 0.5, "outcome": "finished"}, noted=noted)
    assert {name: found[name] for name in noted} == noted
    assert (found["seconds"], found["outcome"]) == (0.5, "finished")


def test_zero_is_a_figure_and_stays() -> None:
    assert as_json("done", extra={"chunks": 0})["chunks"] == 0


def test_an_exception_is_one_field_of_the_line() -> None:
    try:
        int("of a kind")
    except ValueError:
        found = as_json("it failed", exc_info=sys.exc_info())
    assert found["exception"].startswith("Traceback")
    assert found["exception"].endswith("'of a kind'")


def test_whatever_a_line_brings_is_written() -> None:
    found = as_json("a \ud800 and\na line", extra={"odd": {1, 2}, "error": ValueError("x"), "large": 2**80})
    assert found["message"] == "a \ud800 and\na line"
    assert found["large"] == 2**80


def test_a_line_for_people_ends_with_what_is_known() -> None:
    written = line(TextFormatter(), "done", noted={"request_id": "r-1", "agent": "a"})
    assert written.endswith(" INFO some.where: done [request_id=r-1 agent=a]")
    assert line(TextFormatter(), "done").endswith(" INFO some.where: done")


def test_a_hosts_own_format_may_name_what_is_known() -> None:
    formatter = logging.Formatter("%(request_id)s/%(thread_id)s/%(run_id)s/%(agent)s/%(scope)s %(message)s")
    assert line(formatter, "done", noted={"thread_id": "t"}) == "/t/// done"
    assert line(formatter, "done") == "//// done"
