"""A runtime with several holders starts once and stops with the last."""

import asyncio
import threading
from typing import Any

import pytest
from dependency_injector import providers

from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.shared_lifespan import SharedLifespan
from agui_runtime.domain.errors import MisuseError, UnavailableError
from tests.contracts.hosted_runtime import Opened
from tests.support.aio import run


def shared(hooks: Any) -> SharedLifespan:
    container = RuntimeContainer(settings=providers.Object(Settings(drain_seconds=0.1)), hooks=providers.Object(hooks))
    return SharedLifespan(container)


def test_the_first_holder_starts_it_and_the_last_stops_it() -> None:
    hooks = Opened()
    life = shared(hooks)

    async def test() -> None:
        async with life.running():
            async with life.running():
                assert hooks.told == ["open"]
            assert hooks.told == ["open"]
        assert hooks.told == ["open", "close"]

    run(test())


def test_only_the_last_to_leave_drains() -> None:
    life = shared(Opened())

    async def test() -> None:
        supervisor = life._container.supervisor()
        async with life.running():
            async with life.running():
                pass
            supervisor.check_open()
        with pytest.raises(UnavailableError):
            supervisor.check_open()

    run(test())


def test_it_takes_runs_again_when_it_is_started_again() -> None:
    life = shared(Opened())

    async def test() -> None:
        for _ in range(2):
            async with life.running():
                life._container.supervisor().check_open()

    run(test())


def test_those_who_need_it_at_once_start_it_once() -> None:
    hooks = Opened()
    life = shared(hooks)

    async def test() -> None:
        await asyncio.gather(*(life.ensure() for _ in range(10)))
        assert hooks.told == ["open"]
        async with life.running():
            assert hooks.told == ["open"]
        assert hooks.told == ["open", "close"]

    run(test())


def test_a_start_that_failed_is_tried_again() -> None:
    class Late(Opened):
        async def open(self) -> None:
            await super().open()
            if len(self.told) == 1:
                raise UnavailableError("Not yet.")

    hooks = Late()
    life = shared(hooks)

    async def test() -> None:
        with pytest.raises(UnavailableError):
            await life.ensure()
        assert not life.is_started
        async with life.running():
            assert life.is_started

    run(test())


def test_it_starts_anew_in_another_loop_when_its_own_has_ended_without_a_word() -> None:
    hooks = Opened()
    life = shared(hooks)
    run(life.ensure())
    run(life.ensure())
    assert hooks.told == ["open", "close", "open"]


def test_it_lives_in_one_loop_at_a_time() -> None:
    life = shared(Opened())
    refused: list[type[Exception]] = []

    def elsewhere() -> None:
        try:
            run(life.ensure())
        except MisuseError as error:
            refused.append(type(error))

    async def test() -> None:
        async with life.running():
            thread = threading.Thread(target=elsewhere)
            thread.start()
            await asyncio.to_thread(thread.join)

    run(test())
    assert refused == [MisuseError]


def test_stopping_what_never_started_is_nothing() -> None:
    run(shared(Opened()).stop())
