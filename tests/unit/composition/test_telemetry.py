"""Whom a runtime tells of its work."""

import sys

import pytest

from agui_runtime.application.ports import Telemetry
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.telemetry import prometheus_of, traces_of
from agui_runtime.domain.errors import ConfigurationError
from tests.support.serving import runtime
from tests.unit.adapters.telemetry.test_combined import Telling


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "agui_runtime.adapters.telemetry.prometheus", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigurationError, match=r"agui-runtime\[prometheus\]"):
        prometheus_of(Settings(metrics=True))


def test_a_missing_tracing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "agui_runtime.adapters.telemetry.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(ConfigurationError, match=r"agui-runtime\[otel\]"):
        traces_of(Settings(traces=True))


def test_spans_are_made_where_they_are_wanted() -> None:
    assert isinstance(traces_of(Settings(traces=True)), Telemetry)
    assert traces_of(Settings()) is None


def test_a_hosts_own_telemetry_is_told_beside_the_others() -> None:
    own = Telling()
    container = runtime(telemetries=(own,))
    container.telemetry().count("runs", outcome="finished")
    assert own.told == [("runs", 1, {"outcome": "finished"})]


def test_the_store_is_measured_only_for_somebody() -> None:
    plain, watched = runtime(), runtime(telemetries=(Telling(),))
    assert plain.states() is plain.state_store()
    assert watched.states() is not watched.state_store()
