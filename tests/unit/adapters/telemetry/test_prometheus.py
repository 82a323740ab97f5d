"""The table of metrics, and what is not in it."""

import re
from pathlib import Path

import pytest

import agui_runtime
from agui_runtime.adapters.telemetry.prometheus import COUNTED, TIMED, PrometheusTelemetry
from agui_runtime.application.ports import Telemetry


def test_it_is_a_telemetry() -> None:
    assert isinstance(PrometheusTelemetry(), Telemetry)


def test_everything_that_the_runtime_tells_has_a_metric() -> None:
    source = "\n".join(path.read_text() for path in Path(agui_runtime.__file__).parent.rglob("*.py"))
    counted = set(re.findall(r'telemetry\.count\(\s*"([\w.]+)"|self\._count\("([\w.]+)"', source))
    timed = set(re.findall(r'telemetry\.observe\(\s*"([\w.]+)"', source))
    assert {one or other for one, other in counted} == set(COUNTED)
    assert timed | {"state"} == set(TIMED)


def test_another_name_leaves_nothing_behind() -> None:
    telemetry = PrometheusTelemetry()
    telemetry.count("somebody.elses", thread="t")
    telemetry.observe("somebody.elses", 1.0)
    assert b"somebody" not in telemetry.render("")[1]


def test_attributes_that_are_no_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="Incorrect label names"):
        PrometheusTelemetry().count("runs", thread="t")


def test_who_asks_for_openmetrics_gets_it() -> None:
    content_type, text = PrometheusTelemetry().render("application/openmetrics-text;version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")
