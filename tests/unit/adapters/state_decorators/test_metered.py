"""Each operation on states is one measurement, with its outcome."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from agui_runtime.adapters.state_decorators import MeteredStateStore
from agui_runtime.domain.errors import CorruptError, UnavailableError
from tests.contracts.world import SCOPE, THREAD, key_of
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.adapters.state_decorators.stores import Watched


class Recorded:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.seconds: list[float] = []

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        raise AssertionError

    def observe(self, name: str, value: float, **attributes: str) -> None:
        self.told.append((name, attributes.pop("outcome")))
        self.seconds.append(value)
        assert attributes == {}

    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:
        raise AssertionError


def store_of(telemetry: Any) -> tuple[MeteredStateStore, Watched]:
    inner = Watched(FakeClock())
    return MeteredStateStore(inner, telemetry), inner


def raising(error: BaseException) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


def test_each_operation_is_told_once() -> None:
    telemetry = Recorded()
    store, _ = store_of(telemetry)

    async def story() -> None:
        await store.save(key_of(), {}, expected_version=0)
        await store.load(key_of())
        await store.list_agents(SCOPE, THREAD)
        await store.list_threads(SCOPE, key_of().agent_name)
        await store.delete(key_of())
        await store.clear_thread(SCOPE, THREAD)

    run(story())
    operations = ("save", "load", "list_agents", "list_threads", "delete", "clear_thread")
    assert telemetry.told == [(f"state.{operation}", "ok") for operation in operations]
    assert all(0 < seconds < 5 for seconds in telemetry.seconds)


def test_a_conflict_and_a_refusal_are_told_as_such() -> None:
    telemetry = Recorded()
    store, _ = store_of(telemetry)

    async def story() -> None:
        for values, version in (({}, 7), ({"a": float("nan")}, 0)):
            with pytest.raises(Exception, match=r"."):
                await store.save(key_of(), values, expected_version=version)

    run(story())
    assert telemetry.told == [("state.save", "conflict"), ("state.save", "invalid")]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (UnavailableError("down"), "unavailable"),
        (CorruptError("broken"), "corrupt"),
        (asyncio.CancelledError(), "cancelled"),
        (RuntimeError("a bug"), "failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failure_is_told_and_raised_as_it_is(error: BaseException, outcome: str) -> None:
    telemetry = Recorded()
    store, inner = store_of(telemetry)
    inner.fault = raising(error)

    async def story() -> None:
        with pytest.raises(type(error)) as caught:
            await store.load(key_of())
        assert caught.value is error

    run(story())
    assert telemetry.told == [("state.load", outcome)]


def test_a_save_that_happened_is_no_failure_when_the_telemetry_fails(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Recorded):
        def observe(self, name: str, value: float, **attributes: str) -> None:
            raise OSError("no collector")

    store, _ = store_of(Broken())
    with caplog.at_level(logging.ERROR):
        assert run(store.save(key_of(), {}, expected_version=0)).version == 1
    assert "state.save" in caplog.text
