"""What needs opening is opened and closed in order, whatever fails on the way."""

import asyncio
from typing import Any

import pytest
from dependency_injector import providers

from agui_runtime.adapters.memory import MemoryRunLog
from agui_runtime.adapters.scripted import ScriptedAgent, ScriptedModel
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.lifespan import Lifespan
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.events import RunFinished
from agui_runtime.domain.identity import RunId, Scope, ThreadId
from agui_runtime.domain.runs import Finished, RunInput
from tests.support.aio import run
from tests.support.clock import FakeClock


class Opened:
    """Tells when it is opened and closed; fails where it is told to."""

    def __init__(
        self, name: str, told: list[str], *, opening: Exception | None = None, closing: Exception | None = None
    ) -> None:
        self._name, self._told = name, told
        self._opening, self._closing = opening, closing

    async def open(self) -> None:
        self._told.append(f"open {self._name}")
        if self._opening is not None:
            raise self._opening

    async def close(self) -> None:
        self._told.append(f"close {self._name}")
        if self._closing is not None:
            raise self._closing


class OpenedAgent(Opened, ScriptedAgent):
    def __init__(self, name: str, told: list[str]) -> None:
        Opened.__init__(self, name, told)
        ScriptedAgent.__init__(self, name, lambda *_: None)  # type: ignore[arg-type,return-value]


def container(**bound: Any) -> RuntimeContainer:
    given = {"settings": Settings(drain_seconds=0.1), **bound}
    return RuntimeContainer(**{name: providers.Object(value) for name, value in given.items()})


async def live(runtime: RuntimeContainer) -> None:
    async with Lifespan(runtime).running():
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_adapters_are_opened_in_order_and_closed_the_other_way_round() -> None:
    told: list[str] = []
    store, model, agent = Opened("store", told), Opened("model", told), OpenedAgent("agent", told)
    run(live(container(state_store=store, model=model, agents=(agent,))))
    assert told == ["open store", "open model", "open agent", "close agent", "close model", "close store"]


def test_an_adapter_of_several_ports_is_opened_once() -> None:
    told: list[str] = []
    both = Opened("both", told)
    run(live(container(state_store=both, thread_directory=both)))
    assert told == ["open both", "close both"]


def test_adapters_without_a_life_are_left_alone() -> None:
    run(live(container(model=ScriptedModel(lambda _: None))))  # type: ignore[arg-type,return-value]


def test_what_cannot_be_opened_fails_the_start_and_closes_the_rest() -> None:
    told: list[str] = []
    store, model = Opened("store", told), Opened("model", told, opening=UnavailableError("No database there."))

    async def test() -> None:
        with pytest.raises(UnavailableError, match="No database there"):
            await Lifespan(container(state_store=store, model=model)).start()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())
    assert told == ["open store", "open model", "close store"]


def test_an_adapter_that_cannot_be_closed_does_not_keep_the_others_open(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    run(live(container(state_store=Opened("store", told), model=Opened("model", told, closing=RuntimeError("stuck")))))
    assert told[-1] == "close store"
    assert "could not be closed" in caplog.text


def test_stopping_twice_closes_once() -> None:
    told: list[str] = []

    async def test() -> None:
        lifespan = Lifespan(container(state_store=Opened("store", told)))
        await lifespan.start()
        await lifespan.stop()
        await lifespan.stop()

    run(test())
    assert told == ["open store", "close store"]


def test_a_lost_run_is_sealed_at_the_start() -> None:
    clock = FakeClock()
    runtime = container(clock=clock)

    async def test() -> None:
        log: MemoryRunLog = runtime.run_log()
        await log.begin(Scope("s"), RunInput(ThreadId("t"), RunId("r")), on_stop=lambda: None)
        clock.advance(31)
        async with Lifespan(runtime).running():
            await asyncio.sleep(0.01)
            assert [entry.event.type for entry in await log.read(Scope("s"), ThreadId("t"))] == [
                "RUN_STARTED",
                "RUN_ERROR",
            ]

    run(test())


@pytest.mark.parametrize("fault", [UnavailableError("away"), RuntimeError("A driver's own error.")])
def test_a_log_that_is_away_is_looked_at_again(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[int] = []

    class Away:
        async def expired(self) -> Any:
            asked.append(1)
            raise fault

    async def test() -> None:
        async with Lifespan(container(run_log=Away(), settings=Settings(lease_seconds=0.02))).running():
            await asyncio.sleep(0.05)

    run(test())
    assert len(asked) > 1
    assert "tried again" in caplog.text


def test_ended_runs_are_compacted_and_idle_threads_erased_now_and_then() -> None:
    clock = FakeClock()
    runtime = container(clock=clock, settings=Settings(compact_seconds=0.02, retention_days=30))

    async def test() -> None:
        log, scope, idle, used = runtime.run_log(), Scope("s"), ThreadId("idle"), ThreadId("used")
        await _run_through(log, scope, idle)
        clock.advance(31 * 86_400)
        await _run_through(log, scope, used)
        clock.advance(1)
        async with Lifespan(runtime).running(), asyncio.timeout(5):
            while not (await log.read(scope, used))[0].compacted:  # noqa: ASYNC110 - a chore tells nobody of its end
                await asyncio.sleep(0.01)
            assert await log.read(scope, idle) == ()

    run(test())


def test_without_a_time_no_thread_is_erased() -> None:
    clock = FakeClock()
    runtime = container(clock=clock)

    async def test() -> None:
        await _run_through(runtime.run_log(), Scope("s"), ThreadId("t"))
        clock.advance(1000 * 86_400)
        async with Lifespan(runtime).running():
            await asyncio.sleep(0.02)
            assert await runtime.run_log().read(Scope("s"), ThreadId("t")) != ()

    run(test())


async def _run_through(log: MemoryRunLog, scope: Scope, thread_id: ThreadId) -> None:
    lease = await log.begin(scope, RunInput(thread_id, RunId("r")), on_stop=lambda: None)
    await log.finish(lease, [RunFinished(thread_id, "r")], Finished())
