"""Each operation of AG-UI, by each way: a stranger gets 401, and another caller finds nothing of what is not theirs."""

import json
from typing import Any

import pytest

from tests.integration.access.agui_requests import DELETED, ENVELOPES, REST, SERVED, WAYS, ask, run_input
from tests.integration.access.graphql_requests import OPERATIONS
from tests.integration.access.world import HIDDEN, World, world
from tests.support.aio import run
from tests.support.graphql_client import Answer
from tests.support.leaks import assert_leaks_nothing

CLEARS = {"AGUI_CLEAR_THREADS": "1"}
EVERY_WAY = pytest.mark.parametrize(("operation", "way"), WAYS)


def _events(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]


async def seen_by_alice(made: World) -> list[Any]:
    """All that Alice can see of her threads: the list, messages, events, state."""
    reads = ("threads/list", "threads/messages", "threads/events", "threads/state")
    kept = [(await ask(made, name, "rest", "alice")).json() for name in reads]
    return [*kept, (await made.ask(OPERATIONS["loadAgentState"], "alice")).json()]


def test_all_operations_there_are_have_a_request_here() -> None:
    assert set(REST) == {*SERVED, DELETED}
    assert set(REST) >= ENVELOPES


@EVERY_WAY
def test_a_stranger_gets_401_and_no_detail(operation: str, way: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with world() as made:
            answer = await ask(made, operation, way, None)
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "Please sign in." in answer.text
            assert "Authorization" not in answer.text
            assert_leaks_nothing(answer)

    run(test())
    assert "has no Authorization header" in caplog.text


@EVERY_WAY
def test_another_caller_finds_nothing_and_changes_nothing(operation: str, way: str) -> None:
    async def test() -> None:
        async with world(environment=CLEARS) as made:
            before = await seen_by_alice(made)
            assert all(HIDDEN in json.dumps(kept) for kept in before[1:])
            answer = await ask(made, operation, way, "bob")
            if operation not in {"agent/run", "agent/suggest"}:
                # These are the agent's own answer to the caller, who may ask it.
                assert HIDDEN not in answer.text
            assert await seen_by_alice(made) == before

    run(test())


@EVERY_WAY
def test_another_callers_thread_is_answered_for_like_one_that_never_was(operation: str, way: str) -> None:
    async def test() -> None:
        async with world(environment=CLEARS) as made:
            hers = await ask(made, operation, way, "bob")
            none = await ask(made, operation, way, "bob", thread="never-was-one")
            assert hers.status == none.status
            if operation not in {"agent/run", "agent/suggest"}:
                assert _comparable(hers) == _comparable(none)

    run(test())


def _comparable(answer: Answer) -> str:
    text = answer.text.replace("never-was-one", "shared-name")
    return text.replace(answer.headers["x-request-id"], "an id of ours")


@pytest.mark.parametrize("way", ["rest", "envelope"])
def test_a_run_on_a_thread_of_the_same_name_is_another_thread(way: str) -> None:
    async def test() -> None:
        async with world() as made:
            before = await seen_by_alice(made)
            answer = await ask(made, "agent/run", way, "bob")
            assert _events(answer)[-1]["type"] == "RUN_FINISHED"
            assert await seen_by_alice(made) == before

    run(test())


def test_an_unknown_agent_is_not_told_to_strangers() -> None:
    async def test() -> None:
        async with world() as made:
            assert (await made.ask(run_input(), None, path="/agent/none/run")).status == 401

    run(test())
