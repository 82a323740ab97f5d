"""The questions that wait: those of the newest run, until another run comes."""

from collections.abc import AsyncIterator
from typing import Any

from agui_runtime.adapters.scripted import FunctionAgent, say
from agui_runtime.application.open_interrupts import OpenInterrupts
from agui_runtime.application.questions import OpenInterrupt
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import AgentName, Caller, Scope, ThreadId
from agui_runtime.domain.runs import Interrupt, Resume, RunInput
from tests.unit.application.world import CALLER, THREAD, WRITER, World, scenario, to_agent

FIRST, SECOND = Interrupt("q1", value="Sure?"), Interrupt("q2", message="Really?")


async def _asking(run_input: RunInput) -> AsyncIterator[e.Event]:
    """Asks until it is answered."""
    if not any(answer.status == "resolved" for answer in run_input.resume):
        yield e.RunFinished(run_input.thread_id, run_input.run_id, interrupts=(FIRST, SECOND))


async def _failing(run_input: RunInput) -> AsyncIterator[e.Event]:
    for event in say("m", ["half"])[:-1]:
        yield event
    raise RuntimeError("as told")


def world() -> World:
    return World(agents=(FunctionAgent(_asking, WRITER), FunctionAgent(_failing, "failing")))


async def waiting(of: World, agent: str | None = None, **given: Any) -> list[OpenInterrupt]:
    caller, thread = given.get("caller", CALLER), ThreadId(given.get("thread", THREAD))
    return list(await OpenInterrupts(of.threads, of.clock)(caller, thread, AgentName(agent) if agent else None))


def test_all_questions_of_a_run_wait_with_their_asker_and_time() -> None:
    here = world()

    async def test() -> None:
        await here.complete(to_agent())
        now = here.clock.now()
        assert await waiting(here) == [OpenInterrupt(FIRST, WRITER, now), OpenInterrupt(SECOND, WRITER, now)]

    scenario(here, test)


def test_questions_of_another_agent_are_left_out() -> None:
    here = world()

    async def test() -> None:
        await here.complete(to_agent())
        assert len(await waiting(here, WRITER)) == 2
        assert await waiting(here, "failing") == []

    scenario(here, test)


def test_an_answer_closes_them() -> None:
    here = world()

    async def test() -> None:
        await here.complete(to_agent())
        await here.complete(to_agent(resume=(Resume(None, "resolved", "yes"),)))
        assert await waiting(here) == []

    scenario(here, test)


def test_a_run_that_asks_again_leaves_only_its_own_questions() -> None:
    here = world()

    async def test() -> None:
        await here.complete(to_agent())
        here.clock.advance(5)
        await here.complete(to_agent())
        assert [question.asked_at for question in await waiting(here)] == [here.clock.now()] * 2

    scenario(here, test)


def test_whatever_run_comes_after_them_cancels_them() -> None:
    here = world()

    async def test() -> None:
        await here.complete(to_agent())
        await here.complete(to_agent("failing"))
        assert await waiting(here) == []

    scenario(here, test)


def test_a_side_request_leaves_them_open() -> None:
    here = world()

    async def test() -> None:
        await here.complete(to_agent())
        await here.complete(to_agent("failing", is_stateless=True))
        assert len(await waiting(here)) == 2

    scenario(here, test)


def test_an_unknown_thread_and_another_scope_have_none() -> None:
    here = world()

    async def test() -> None:
        await here.complete(to_agent())
        assert await waiting(here, thread="another") == []
        assert await waiting(here, caller=Caller(CALLER.principal, Scope("tenant-2"))) == []

    scenario(here, test)
