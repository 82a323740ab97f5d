"""Each operation on states is one measurement with its outcome, and one span."""

import asyncio
import logging
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
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
        self.spans: list[tuple[str, str]] = []

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        raise AssertionError

    def observe(self, name: str, value: float, **attributes: str) -> None:
        self.told.append((name, attributes.pop("outcome")))
        self.seconds.append(value)
        assert attributes == {}

    @contextmanager
    def span(self, name: str, **attributes: str) -> Generator[None]:
        assert attributes == {}
        ended = "well"
        try:
            yield
        except BaseException as error:
            ended = type(error).__name__
            raise
        finally:
            self.spans.append((name, ended))


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
        await store.sweep()

    run(story())
    operations = ("save", "load", "list_agents", "list_threads", "delete", "clear_thread", "sweep")
    assert telemetry.spans == [(f"state.{operation}", "well") for operation in operations]
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
    assert telemetry.spans == [("state.load", type(error).__name__)]


class WithoutMeasurements(Recorded):
    def observe(self, name: str, value: float, **attributes: str) -> None:
        raise OSError("no collector")


class WithoutSpans(Recorded):
    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:
        raise OSError("no collector")


class WithSpansThatDoNotEnd(Recorded):
    @contextmanager
    def span(self, name: str, **attributes: str) -> Generator[None]:
        yield
        raise OSError("no collector")


@pytest.mark.parametrize("broken", [WithoutMeasurements, WithoutSpans, WithSpansThatDoNotEnd])
def test_a_save_that_happened_is_no_failure_when_the_telemetry_fails(
    broken: type[Recorded], caplog: pytest.LogCaptureFixture
) -> None:
    store, _ = store_of(broken())
    with caplog.at_level(logging.ERROR):
        assert run(store.save(key_of(), {}, expected_version=0)).version == 1
    assert "state.save" in caplog.text


def test_a_span_around_another_is_its_parent_also_across_the_save() -> None:
    """A tracer keeps the current span in a context variable; it must be set while the store inside works."""
    current: ContextVar[str] = ContextVar("current", default="none")

    class Tracing(Recorded):
        @contextmanager
        def span(self, name: str, **attributes: str) -> Generator[None]:
            token = current.set(name)
            try:
                yield
            finally:
                current.reset(token)

    store, inner = store_of(Tracing())
    seen: list[str] = []
    inner.fault = lambda: seen.append(current.get())

    async def story() -> None:
        await store.load(key_of())
        assert current.get() == "none"

    run(story())
    assert seen == ["state.load"]
