"""What is known of the work that goes on: by all of a request, and by nobody else."""

import asyncio

from agui_runtime.application import log_context
from tests.support.aio import run


def test_outside_of_any_work_nothing_is_known_or_noted() -> None:
    async def test() -> None:
        log_context.note(scope="s")
        assert log_context.noted() == {}

    run(test())


def test_what_a_child_task_notes_is_known_to_the_whole_request() -> None:
    async def deep() -> None:
        log_context.note(scope="s")

    async def test() -> None:
        log_context.begin(request_id="r")
        await asyncio.gather(deep())
        assert log_context.noted() == {"request_id": "r", "scope": "s"}

    run(test())


def test_a_new_request_on_the_same_task_knows_nothing_of_the_last_one() -> None:
    async def test() -> None:
        log_context.begin(request_id="one")
        log_context.note(scope="s")
        log_context.begin(request_id="two")
        assert log_context.noted() == {"request_id": "two"}

    run(test())


def test_a_part_knows_the_whole_and_keeps_what_is_its_own() -> None:
    async def part() -> None:
        log_context.begin_part(run_id="r")
        log_context.note(agent="a")
        assert log_context.noted() == {"request_id": "one", "run_id": "r", "agent": "a"}

    async def test() -> None:
        log_context.begin(request_id="one")
        await asyncio.create_task(part())
        assert log_context.noted() == {"request_id": "one"}

    run(test())


def test_a_task_that_works_for_everybody_knows_of_no_request() -> None:
    async def chore() -> dict[str, str]:
        return dict(log_context.noted())

    async def test() -> None:
        log_context.begin(request_id="one")
        assert await asyncio.create_task(chore(), context=log_context.apart()) == {}

    run(test())
