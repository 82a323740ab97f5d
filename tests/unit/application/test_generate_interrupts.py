"""Questions that outlive their run: asked, answered in either form, cancelled, expired, shown again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import evolve

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.runs import Interrupt, Resume, RunInput
from tests.unit.application.connections import replay
from tests.unit.application.world import WRITER, World, agent_that_says, only, scenario, to_agent, user

QUESTION = Interrupt("q1", message="Sure?")


def asking(*asked: Interrupt, name: str = WRITER, custom: bool = False) -> tuple[FunctionAgent, list[RunInput]]:
    """An agent that asks in its first run, and keeps what its later runs are given."""
    seen: list[RunInput] = []

    async def play(run_input: RunInput) -> AsyncIterator[e.Event]:
        seen.append(run_input)
        if len(seen) == 1 and custom:
            yield e.Custom("on_interrupt", "Sure?")
        elif len(seen) == 1:
            yield e.RunFinished(run_input.thread_id, run_input.run_id, interrupts=asked)

    return FunctionAgent(play, name), seen


def recorded(events: list[e.Event]) -> list[tuple[Resume, ...]]:
    return [start.input.resume for start in only(events, e.RunStarted)]


def test_an_answer_reaches_the_agent_and_is_on_record() -> None:
    agent, seen = asking(QUESTION)
    world = World(agents=(agent,))

    async def test() -> None:
        await world.complete(to_agent())
        answer = (Resume("q1", "resolved", {"ok": True}),)
        await world.complete(to_agent(resume=answer))
        assert seen[1].resume == answer
        assert recorded(await world.stored_events()) == [(), answer]

    scenario(world, test)


def test_an_incomplete_answer_is_refused_and_leaves_the_questions_open() -> None:
    agent, seen = asking(QUESTION, Interrupt("q2"))
    world = World(agents=(agent,))

    async def test() -> None:
        await world.complete(to_agent())
        before = await world.stored_events()
        with pytest.raises(InvalidError, match="q2"):
            await world.start(to_agent(resume=(Resume("q1", "resolved"),)))
        assert await world.stored_events() == before
        both = (Resume("q1", "resolved"), Resume("q2", "cancelled"))
        await world.complete(to_agent(resume=both))
        assert seen[1].resume == both

    scenario(world, test)


def test_a_question_answered_twice_is_answered_once() -> None:
    agent, seen = asking(QUESTION)
    world = World(agents=(agent,))

    async def test() -> None:
        await world.complete(to_agent())
        await world.complete(to_agent(resume=(Resume("q1", "resolved", 1),)))
        with pytest.raises(InvalidError, match="q1"):
            await world.start(to_agent(resume=(Resume("q1", "resolved", 2),)))
        assert len(seen) == 2

    scenario(world, test)


def test_a_request_that_answers_nothing_cancels_on_record() -> None:
    agent, seen = asking(QUESTION)
    world = World(agents=(agent,))

    async def test() -> None:
        await world.complete(to_agent())
        await world.complete(to_agent(messages=(user(message_id="u2"),)))
        cancelled = (Resume("q1", "cancelled"),)
        assert recorded(await world.stored_events())[1] == cancelled
        assert seen[1].resume == cancelled

    scenario(world, test)


def test_another_agent_is_not_told_of_questions_that_were_not_its_own() -> None:
    agent, _ = asking(QUESTION)
    other, seen = asking(name="other")
    world = World(agents=(agent, other))

    async def test() -> None:
        await world.complete(to_agent())
        await world.complete(to_agent("other"))
        assert seen[0].resume == ()
        assert recorded(await world.stored_events())[1] == (Resume("q1", "cancelled"),)

    scenario(world, test)


def test_an_old_frontends_answer_finds_the_single_question() -> None:
    agent, seen = asking(QUESTION)
    world = World(agents=(agent,))

    async def test() -> None:
        await world.complete(to_agent())
        await world.complete(to_agent(resume=(Resume(None, "resolved", "yes"),)))
        assert seen[1].resume == (Resume("q1", "resolved", "yes"),)

    scenario(world, test)


def test_a_new_frontends_answer_reaches_an_agent_that_asked_in_the_old_form() -> None:
    agent, seen = asking(custom=True)
    world = World(agents=(agent,))

    async def test() -> None:
        (finished,) = only(await world.complete(to_agent()), e.RunFinished)
        (question,) = finished.interrupts
        await world.complete(to_agent(resume=(Resume(question.id, "resolved", "yes"),)))
        assert seen[1].resume == (Resume(None, "resolved", "yes"),)

    scenario(world, test)


def test_a_question_that_has_expired_takes_no_answer_and_asks_for_none() -> None:
    world = World()
    agent, seen = asking(evolve(QUESTION, expires_at=world.clock.after(60)))
    world.agents = (agent,)

    async def test() -> None:
        await world.complete(to_agent())
        world.clock.advance(60)
        with pytest.raises(InvalidError, match="too late"):
            await world.start(to_agent(resume=(Resume("q1", "resolved"),)))
        await world.complete(to_agent())
        assert len(seen) == 2

    scenario(world, test)


# Shown again


def shown(events: list[e.Event]) -> list[tuple[Interrupt, ...]]:
    return [event.interrupts for event in only(events, e.RunFinished)]


def test_an_open_question_is_shown_again() -> None:
    agent, _ = asking(QUESTION)
    world = World(agents=(agent,))

    async def test() -> None:
        await world.complete(to_agent())
        assert shown(await replay(world)) == [(QUESTION,)]

    scenario(world, test)


def test_an_expired_question_is_not_shown_again() -> None:
    world = World()
    agent, _ = asking(evolve(QUESTION, expires_at=world.clock.after(60)), Interrupt("q2"))
    world.agents = (agent,)

    async def test() -> None:
        await world.complete(to_agent())
        world.clock.advance(60)
        assert shown(await replay(world)) == [(Interrupt("q2"),)]

    scenario(world, test)


@pytest.mark.parametrize("ending", [e.RunError("broke"), None])
def test_a_question_that_was_answered_is_not_open_after_the_replay(ending: Any) -> None:
    agent, _ = asking(QUESTION)
    world = World(agents=(agent, agent_that_says(*([ending] if ending else []), name="second")))

    async def test() -> None:
        await world.complete(to_agent())
        await world.complete(to_agent("second"))
        assert shown(await replay(world))[-1] == ()

    scenario(world, test)
