"""Several telemetries as one."""

import logging
from contextlib import AbstractContextManager, contextmanager

import pytest

from agui_runtime.adapters.telemetry.combined import CombinedTelemetry
from agui_runtime.adapters.telemetry.log import LogTelemetry


class Telling:
    def __init__(self) -> None:
        self.told: list[object] = []

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        self.told.append((name, value, attributes))

    def observe(self, name: str, value: float, **attributes: str) -> None:
        self.told.append((name, value, attributes))

    @contextmanager
    def span(self, name: str, **attributes: str):  # type: ignore[no-untyped-def]
        try:
            yield
        finally:
            self.told.append((name, attributes))


class Broken:
    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        raise OSError("no collector")

    def observe(self, name: str, value: float, **attributes: str) -> None:
        raise OSError("no collector")

    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:
        raise OSError("no collector")


def test_each_is_told_everything_although_another_is_broken(caplog: pytest.LogCaptureFixture) -> None:
    first, last = Telling(), Telling()
    combined = CombinedTelemetry([first, Broken(), last])
    combined.count("runs", 2, outcome="failed")
    combined.observe("run", 0.5)
    with combined.span("work", kind="x"):
        pass
    told = [("runs", 2, {"outcome": "failed"}), ("run", 0.5, {}), ("work", {"kind": "x"})]
    assert (first.told, last.told) == (told, told)
    assert [record.getMessage() for record in caplog.records] == [
        "Broken refused runs.",
        "Broken refused run.",
        "Broken refused work.",
    ]


def test_an_error_inside_a_span_goes_through_and_is_no_fault_of_the_telemetries(
    caplog: pytest.LogCaptureFixture,
) -> None:
    telling = Telling()
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(RuntimeError, match="mine"),
        CombinedTelemetry([telling, LogTelemetry()]).span("work"),
    ):
        raise RuntimeError("mine")
    assert telling.told == [("work", {})]
    assert caplog.records == []
