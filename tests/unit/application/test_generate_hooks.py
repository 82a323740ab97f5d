"""What a host is told around a run, and what its faults do."""

import pytest

from agui_runtime.adapters.scripted import say
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import (
    UnavailableError,
)
from agui_runtime.domain.runs import Failed, Finished
from tests.unit.application.world import (
    THREAD,
    WRITER,
    Hooks,
    Refusing,
    World,
    agent_that_says,
    scenario,
    to_agent,
    user,
)

TEXT = say("m", ["Hi"])


def test_hooks_are_told_before_and_after_with_the_full_output() -> None:
    hooks = Hooks()
    world = World(agents=(agent_that_says(*TEXT, *say("m2", ["a", "b"])),), hooks=hooks)

    async def test() -> None:
        await world.complete(to_agent(properties={"p": 1}, frontend_url="http://page"))
        (before,), (after,) = hooks.before, hooks.after
        assert (before.thread_id, before.agent_name, before.properties, before.frontend_url) == (
            THREAD,
            WRITER,
            {"p": 1},
            "http://page",
        )
        assert before.messages == after.messages == (user(),)
        assert [message.content for message in after.output] == ["Hi", "ab"]
        assert after.outcome == Finished()

    scenario(world, test)


def test_a_hook_that_refuses_comes_before_the_agent_and_the_log() -> None:
    world = World(
        agents=(Refusing(AssertionError("never asked")),), hooks=Hooks(before=UnavailableError("closed for today"))
    )

    async def test() -> None:
        with pytest.raises(UnavailableError, match="closed for today"):
            await world.start(to_agent())
        assert world.database.statistics().threads == 0

    scenario(world, test)


def test_a_hook_that_breaks_leaks_no_text() -> None:
    world = World(agents=(agent_that_says(),), hooks=Hooks(before=RuntimeError("password")))

    async def test() -> None:
        with pytest.raises(Exception, match="unexpected error") as caught:
            await world.start(to_agent())
        assert "password" not in str(caught.value)

    scenario(world, test)


def test_an_after_hook_that_fails_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World(agents=(agent_that_says(*TEXT),), hooks=Hooks(after=RuntimeError("bookkeeping broke")))

    async def test() -> None:
        assert (await world.complete(to_agent()))[-1].type == "RUN_FINISHED"
        assert "after_run failed" in caplog.text

    scenario(world, test)


def test_the_after_hook_is_told_of_failures_too() -> None:
    hooks = Hooks()
    world = World(agents=(agent_that_says(*TEXT[:2], e.RunError("broken", "X1")),), hooks=hooks)

    async def test() -> None:
        await world.complete(to_agent())
        assert isinstance(hooks.after[0].outcome, Failed)

    scenario(world, test)
