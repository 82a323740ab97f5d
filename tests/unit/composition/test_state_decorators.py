"""Decorators are bound with one argument, around whichever store there is; the page in docs is right."""

import re
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from agui_runtime.adapters.memory import MemoryDatabase, MemoryLimits, MemoryStateStore
from agui_runtime.adapters.state_decorators import CachedStateStore, MeteredStateStore, ValidatedStateStore
from agui_runtime.adapters.state_decorators.passing import PassingStateStore
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.lifespan import Lifespan
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, Scope, ThreadId
from agui_runtime.domain.policy import StateLimits
from tests.support.aio import run

PAGE = (Path(__file__).parents[3] / "docs" / "state-stores.md").read_text()
CALLER, THREAD, WRITER = Caller(ANONYMOUS, Scope("default")), ThreadId("t"), AgentName("writer")


class OwnStore(MemoryStateStore):
    """A host's own store, that counts loads and wants to be opened and closed."""

    def __init__(self) -> None:
        super().__init__(MemoryDatabase(MemoryLimits()), SystemClock(), StateLimits())
        self.told: list[str] = []

    async def open(self) -> None:
        self.told.append("open")

    async def load(self, key: Any) -> Any:
        self.told.append("load")
        return await super().load(key)

    async def close(self) -> None:
        self.told.append("close")


def container(**bound: Any) -> RuntimeContainer:
    return RuntimeContainer(settings=providers.Object(Settings()), **bound)


def cached(store: Any) -> CachedStateStore:
    return CachedStateStore(store, SystemClock(), max_age_seconds=60)


def test_without_an_argument_there_is_no_decorator() -> None:
    runtime = container()
    assert runtime.states() is runtime.state_store()


def test_one_argument_puts_a_decorator_around_the_hosts_own_store() -> None:
    own = OwnStore()
    runtime = container(state_store=providers.Object(own), state_decorators=providers.Object([cached]))

    async def story() -> None:
        async with Lifespan(runtime).running():
            await runtime.save_state()(CALLER, THREAD, WRITER, {"n": 1})
            for _ in range(3):
                assert (await runtime.load_state()(CALLER, THREAD, WRITER)).values == {"n": 1}

    run(story())
    assert own.told == ["open", "load", "close"]


def test_the_recovery_of_lost_runs_asks_the_store_itself() -> None:
    runtime = container(state_decorators=providers.Object([cached]))
    assert runtime.recover_runs()._store is runtime.state_store()


def test_a_decorated_store_that_is_bound_as_the_store_is_opened_and_closed_with_it() -> None:
    own = OwnStore()
    runtime = container(state_store=providers.Object(PassingStateStore(cached(own))))

    async def story() -> None:
        async with Lifespan(runtime).running():
            pass

    run(story())
    assert own.told == ["open", "close"]


def test_the_example_of_the_page_decorates_and_refuses() -> None:
    examples = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (example,) = [example for example in examples if "state_decorators=" in example]
    made: dict[str, Any] = {}
    exec(compile(example, "state-stores.md", "exec"), made)  # noqa: S102 - our own page
    runtime = made["container"]
    runtime.settings.override(providers.Object(Settings()))
    metered = runtime.states()
    assert isinstance(metered, MeteredStateStore)
    assert isinstance(metered._inner, ValidatedStateStore)
    assert isinstance(metered._inner._inner, CachedStateStore)
    assert metered._inner._inner._inner is runtime.state_store()

    async def story() -> None:
        with pytest.raises(InvalidError, match=r"state\.topic"):
            await runtime.save_state()(CALLER, THREAD, WRITER, {"topic": 1})
        assert (await runtime.save_state()(CALLER, THREAD, WRITER, {"topic": "tea"})).version == 1

    run(story())
