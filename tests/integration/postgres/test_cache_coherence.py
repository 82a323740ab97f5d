"""Read caches of two processes over one database: behind by their age at most, and never in the way of a save."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.aio import run

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
FOR_EVER, BRIEF = 600.0, 0.3
Ask = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def process_at(url: str, max_age_seconds: float) -> AsyncIterator[Ask]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.postgres.caching", url, str(max_age_seconds),
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    into, out = process.stdin, process.stdout

    async def ask(line: str) -> str:
        into.write(f"{line}\n".encode())
        return (await out.readline()).decode().rstrip("\n")

    try:
        assert await out.readline() == b"ready\n"
        yield ask
    finally:
        into.close()
        assert await process.wait() == 0


def between_two(max_age_seconds: float, story: Callable[[Ask, Ask], Awaitable[None]]) -> None:
    async def test() -> None:
        async with asyncio.timeout(60), postgres.database() as url, AsyncExitStack() as stack:
            here, there = [await stack.enter_async_context(process_at(url, max_age_seconds)) for _ in range(2)]
            await story(here, there)

    run(test())


async def until(ask: Ask, answer: str) -> None:
    """Load until the answer is there; the test's time is the limit."""
    while await ask("load") != answer:  # noqa: ASYNC110 - the condition is the age of another process's cache
        await asyncio.sleep(0.02)


def test_what_another_process_saved_is_seen_once_the_cache_is_old() -> None:
    async def story(here: Ask, there: Ask) -> None:
        assert await here("save 0") == "1"
        assert await there("load") == "1"
        assert await here("save 1") == "2"
        assert await here("load") == "2"
        await until(there, "2")

    between_two(BRIEF, story)


def test_what_another_process_removed_is_gone_once_the_cache_is_old() -> None:
    async def story(here: Ask, there: Ask) -> None:
        assert await here("save 0") == "1"
        assert await there("load") == "1"
        assert await here("delete") == "True"
        await until(there, "0")

    between_two(BRIEF, story)


def test_a_save_on_top_of_an_old_version_is_a_conflict_after_which_the_new_one_is_seen_at_once() -> None:
    async def story(here: Ask, there: Ask) -> None:
        assert await here("save 0") == "1"
        assert await there("load") == "1"
        assert await here("save 1") == "2"
        assert await there("load") == "1", "the cache is not used"
        assert await there("save 1") == "conflict 2"
        assert await there("load") == "2"
        assert await there("save 2") == "3"

    between_two(FOR_EVER, story)


def test_that_there_is_no_state_is_not_kept() -> None:
    async def story(here: Ask, there: Ask) -> None:
        assert await there("load") == "0"
        assert await here("save 0") == "1"
        assert await there("load") == "1"

    between_two(FOR_EVER, story)
