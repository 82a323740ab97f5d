"""Whom a runtime tells of its work."""

import sys

import pytest

from agui_runtime.composition.settings import Settings
from agui_runtime.composition.telemetry import prometheus_of
from agui_runtime.domain.errors import ConfigurationError
from tests.support.serving import runtime
from tests.unit.adapters.telemetry.test_combined import Telling


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "agui_runtime.adapters.telemetry.prometheus", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigurationError, match=r"agui-runtime\[prometheus\]"):
        prometheus_of(Settings(metrics=True))


def test_a_hosts_own_telemetry_is_told_beside_the_others() -> None:
    own = Telling()
    container = runtime(telemetries=(own,))
    container.telemetry().count("runs", outcome="finished")
    assert own.told == [("runs", 1, {"outcome": "finished"})]


def test_the_store_is_measured_only_for_somebody() -> None:
    plain, watched = runtime(), runtime(telemetries=(Telling(),))
    assert plain.states() is plain.state_store()
    assert watched.states() is not watched.state_store()
