"""Each operation of AG-UI: a stranger gets 401, and another caller finds nothing of what is not theirs."""

import json
from typing import Any

import pytest

from agui_runtime.composition.container import RuntimeContainer
from tests.integration.access.world import HIDDEN, THREAD, World, world
from tests.support.aio import run
from tests.support.graphql_client import Answer
from tests.support.leaks import assert_leaks_nothing

LOAD = {"query": f'{{ loadAgentState(data: {{threadId: "{THREAD}", agentName: "notes"}}) {{ state messages }} }}'}


def run_input(thread: str = THREAD, text: str | None = "hello") -> dict[str, Any]:
    messages = [] if text is None else [{"id": "m-2", "role": "user", "content": text}]
    common = {"tools": [], "context": [], "forwardedProps": {}, "state": {}}
    return {"threadId": thread, "runId": "run-2", "messages": messages, **common}


AGENT = {"agentId": "notes"}
NAMED = {"agentId": "notes", "name": "mine"}
# Method, path below the base, body.
REST: dict[str, tuple[str, str, Any]] = {
    "info": ("GET", "/info", None),
    "agent/run": ("POST", "/agent/notes/run", run_input()),
    "agent/suggest": ("POST", "/agent/notes/suggest", run_input()),
    "agent/connect": ("POST", "/agent/notes/connect", run_input(text=None)),
    "agent/stop": ("POST", f"/agent/notes/stop/{THREAD}", {}),
    "threads/list": ("GET", "/threads?agentId=notes", None),
    "threads/messages": ("GET", f"/threads/{THREAD}/messages?agentId=notes", None),
    "threads/events": ("GET", f"/threads/{THREAD}/events?agentId=notes", None),
    "threads/state": ("GET", f"/threads/{THREAD}/state?agentId=notes", None),
    "threads/update": ("PATCH", f"/threads/{THREAD}", NAMED),
    "threads/archive": ("POST", f"/threads/{THREAD}/archive", AGENT),
    "threads/clear": ("POST", "/threads/clear", AGENT),
    "threads/subscribe": ("POST", "/threads/subscribe", AGENT),
    "transcribe": ("POST", "/transcribe", {}),
    "annotate": ("POST", "/annotate", {}),
    "memories": ("GET", "/memories", None),
    "inspector/metadata": ("GET", "/inspector-metadata", None),
    "inspector/learning": ("GET", "/inspector-learning", None),
    "debug-events": ("GET", "/cpk-debug-events", None),
}
PARAMETERS = {"agentId": "notes", "threadId": THREAD}
ENVELOPES = ("info", "agent/run", "agent/suggest", "agent/connect", "agent/stop", "transcribe")
SERVED = sorted(RuntimeContainer().agui_endpoint()._operations)


async def _ask(made: World, operation: str, transport: str, name: str | None) -> Answer:
    method, path, body = REST[operation]
    if transport == "rest":
        return await made.ask(body, name, path=path, method=method)
    return await made.ask({"method": operation, "params": PARAMETERS, "body": body}, name)


def _events(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]


BOTH = pytest.mark.parametrize("transport", ["rest", "envelope"])


def test_all_operations_there_are_have_a_request_here() -> None:
    assert set(SERVED) <= set(REST)


@pytest.mark.parametrize(
    ("operation", "transport"),
    [(name, "rest") for name in SERVED] + [(name, "envelope") for name in SERVED if name in ENVELOPES],
)
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


@pytest.mark.parametrize("operation", [name for name in SERVED if name != "agent/run"])
def test_another_caller_finds_nothing_and_changes_nothing(operation: str) -> None:
    async def test() -> None:
        async with world() as made:
            before = (await made.ask(LOAD, "alice")).json()
            assert HIDDEN in before["data"]["loadAgentState"]["state"]
            answer = await _ask(made, operation, "rest", "bob")
            if operation != "agent/suggest":
                # A suggestion is the agent's own answer to the caller, who may ask it.
                assert HIDDEN not in answer.text
            assert (await made.ask(LOAD, "alice")).json() == before

    run(test())


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


def test_an_unknown_agent_is_not_told_to_strangers() -> None:
    async def test() -> None:
        async with world() as made:
            assert (await made.ask(run_input(), None, path="/agent/none/run")).status == 401

    run(test())
