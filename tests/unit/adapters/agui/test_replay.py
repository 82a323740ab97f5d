"""A failure of the past must not keep clients from reading on: contract agui §6, §13."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from agui_runtime.adapters.agui.replay import valid_for_all
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import RunKey, Scope, ThreadId
from tests.support.aio import run

AT = datetime(2026, 1, 1, tzinfo=UTC)
ERROR = e.RunError("broke", "E_OWN", usage=({"inputTokens": 1},))


def entries(*events: e.Event) -> list[LogEntry]:
    key = RunKey(Scope("s"), ThreadId("t"), 1)
    return [LogEntry(number, key, event, AT) for number, event in enumerate(events, 1)]


def told(*batches: Sequence[LogEntry]) -> list[list[e.Event]]:
    async def given() -> AsyncIterator[Sequence[LogEntry]]:
        for batch in batches:
            yield batch

    async def read() -> list[list[e.Event]]:
        return [[entry.event for entry in batch] async for batch in valid_for_all(given())]

    return run(read())


def test_a_failed_run_that_another_follows_is_told_as_finished() -> None:
    past = entries(e.RunStarted("t", "r1"), ERROR, e.RunStarted("t", "r2"), e.RunFinished("t", "r2"))
    ((_, finished, *_rest),) = told(past)
    assert finished == e.RunFinished(
        "t", "r1", usage=ERROR.usage, metadata={"error": {"message": "broke", "code": "E_OWN"}}
    )


def test_the_last_run_s_failure_is_told_as_one() -> None:
    batches = told(entries(e.RunStarted("t", "r1"), ERROR))
    assert [event for batch in batches for event in batch] == [e.RunStarted("t", "r1"), ERROR]


def test_a_live_run_follows_too() -> None:
    first, live = entries(e.RunStarted("t", "r1"), ERROR), entries(e.RunStarted("t", "r2"))
    before, after = told(first, live)
    assert before == [e.RunStarted("t", "r1")]
    assert isinstance(after[0], e.RunFinished)
    assert after[1] == e.RunStarted("t", "r2")


def test_nothing_is_told_of_nothing() -> None:
    assert told() == []


def test_the_order_and_the_places_stay() -> None:
    past = entries(e.RunStarted("t", "r1"), ERROR, e.RunStarted("t", "r2"))

    async def read() -> list[int]:
        async def given() -> AsyncIterator[Sequence[LogEntry]]:
            yield past

        return [entry.sequence async for batch in valid_for_all(given()) for entry in batch]

    assert run(read()) == [1, 2, 3]
