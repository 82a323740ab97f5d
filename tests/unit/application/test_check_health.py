"""Health: what is wrong is said in words, and asking often costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agui_runtime.application.check_health import CheckHealth, HealthReport
from agui_runtime.domain.errors import UnavailableError
from tests.support.aio import run


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def fine() -> None:
    return None


async def away() -> None:
    raise UnavailableError("The database cannot be reached.")


async def broken() -> None:
    raise RuntimeError("password=hunter2")


async def stuck() -> None:
    await asyncio.sleep(3600)


def report(**checks: Callable[[], Awaitable[None]]) -> HealthReport:
    return run(CheckHealth(checks, limit_seconds=0.05)())


def test_without_problems_it_is_healthy() -> None:
    found = report(one=fine, two=fine)
    assert found.is_healthy
    assert [finding.name for finding in found.findings] == ["one", "two"]


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (away, "The database cannot be reached."),
        (stuck, "No answer within 0.05 seconds."),
        (broken, "The check itself failed; the log says why."),
    ],
)
def test_a_problem_is_said_with_the_name_of_its_check(
    check: Callable[[], Awaitable[None]], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = report(one=fine, two=check)
    assert found.problems == (f"two: {words}",)
    assert not found.is_healthy
    assert words in caplog.text


def test_checks_run_at_the_same_time() -> None:
    async def test() -> None:
        both = asyncio.Barrier(2)

        async def meets() -> None:
            await both.wait()

        assert (await CheckHealth({"one": meets, "two": meets})()).is_healthy

    run(test())


def test_a_report_is_good_for_a_second() -> None:
    async def test() -> None:
        asked: list[int] = []
        time = Time()

        async def check() -> None:
            asked.append(1)

        health = CheckHealth({"one": check}, now=time)
        await asyncio.gather(*(health() for _ in range(100)))
        time.now += 0.9
        await health()
        assert len(asked) == 1
        time.now += 0.2
        await health()
        assert len(asked) == 2

    run(test())


def test_whoever_stops_waiting_does_not_stop_the_others() -> None:
    async def test() -> None:
        go = asyncio.Event()

        async def check() -> None:
            await go.wait()

        health = CheckHealth({"one": check})
        impatient, patient = (asyncio.create_task(health()) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait({impatient})
        go.set()
        assert (await patient).is_healthy

    run(test())


def test_the_log_tells_of_changes_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def test() -> None:
        time, states = Time(), iter([fine, away, away, fine, fine])

        async def check() -> None:
            await next(states)()

        health = CheckHealth({"one": check}, now=time)
        for _ in range(5):
            await health()
            time.now += 2

    run(test())
    assert [record.message for record in caplog.records] == [
        "Not ready: one: The database cannot be reached.",
        "Ready again.",
    ]
