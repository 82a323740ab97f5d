"""Each operation of AG-UI: a stranger gets 401, and another caller finds nothing of what is not theirs."""

import json
from typing import Any

import pytest

from tests.integration.access.world import HIDDEN, THREAD, World, world
from tests.support.aio import run
from tests.support.graphql_client import Answer
from tests.support.leaks import assert_leaks_nothing

LOAD = {"query": f'{{ loadAgentState(data: {{threadId: "{THREAD}", agentName: "notes"}}) {{ state messages }} }}'}


def run_input(thread: str = THREAD, text: str | None = "hello") -> dict[str, Any]:
    messages = [] if text is None else [{"id": "m-2", "role": "user", "content": text}]
    common = {"tools": [], "context": [], "forwardedProps": {}, "state": {}}
    return {"threadId": thread, "runId": "run-2", "messages": messages, **common}


# Method, path below the base, body.
REST: dict[str, tuple[str, str, Any]] = {
    "info": ("GET", "/info", None),
    "agent/run": ("POST", "/agent/notes/run", run_input()),
    "agent/suggest": ("POST", "/agent/notes/suggest", run_input()),
}
ENVELOPES: dict[str, Any] = {
    "info": {"method": "info"},
    "agent/run": {"method": "agent/run", "params": {"agentId": "notes"}, "body": run_input()},
    "agent/suggest": {"method": "agent/suggest", "params": {"agentId": "notes"}, "body": run_input()},
}


async def _ask(made: World, operation: str, transport: str, name: str | None) -> Answer:
    if transport == "envelope":
        return await made.ask(ENVELOPES[operation], name)
    method, path, body = REST[operation]
    return await made.ask(body, name, path=path, method=method)


def _events(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]


BOTH = pytest.mark.parametrize("transport", ["rest", "envelope"])


@BOTH
@pytest.mark.parametrize("operation", REST)
def test_a_stranger_gets_401_and_no_detail(operation: str, transport: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with world() as made:
            answer = await _ask(made, operation, transport, None)
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "Please sign in." in answer.text
            assert "Authorization" not in answer.text
            assert_leaks_nothing(answer)

    run(test())
    assert "has no Authorization header" in caplog.text


@BOTH
def test_a_run_on_a_thread_of_the_same_name_is_another_thread(transport: str) -> None:
    async def test() -> None:
        async with world() as made:
            before = (await made.ask(LOAD, "alice")).json()
            answer = await _ask(made, "agent/run", transport, "bob")
            assert _events(answer)[-1]["type"] == "RUN_FINISHED"
            assert (await made.ask(LOAD, "alice")).json() == before
            assert HIDDEN in before["data"]["loadAgentState"]["state"]

    run(test())


@BOTH
def test_an_unknown_agent_is_not_told_to_strangers(transport: str) -> None:
    async def test() -> None:
        async with world() as made:
            body = {"method": "agent/run", "params": {"agentId": "none"}, "body": run_input()}
            if transport == "envelope":
                answer = await made.ask(body, None)
            else:
                answer = await made.ask(run_input(), None, path="/agent/none/run")
            assert answer.status == 401

    run(test())
