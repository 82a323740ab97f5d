"""Telemetry into the log."""

import logging

import pytest

from agui_runtime.adapters.telemetry.log import LogTelemetry
from agui_runtime.application.ports import Telemetry


def test_it_is_telemetry() -> None:
    assert isinstance(LogTelemetry(), Telemetry)


def test_each_measurement_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    LogTelemetry().count("runs", 2, outcome="finished")
    LogTelemetry().observe("seconds", 0.5)
    assert caplog.messages == ["runs +2 {'outcome': 'finished'}", "seconds 0.500000 {}"]


def test_a_span_is_timed_even_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RuntimeError), LogTelemetry().span("work", kind="x"):
        raise RuntimeError
    (line,) = caplog.messages
    assert line.startswith("span work 0.")
    assert line.endswith("{'kind': 'x'}")
