"""What clients from 1.3.0 on send differently, and what their side requests leave behind: nothing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agui_runtime import FunctionAgent, ModelRequest, RunInput, RuntimeContainer
from agui_runtime.adapters.scripted import ScriptedModel, say
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import ANONYMOUS, ThreadId
from tests.conformance.agents import conformance_agents
from tests.support.aio import run
from tests.support.graphql_client import OPERATIONS, Answer, chat, document, exchange
from tests.support.incremental import Payload
from tests.support.serving import runtime, serving

RECORDED = sorted(OPERATIONS.glob("*/*.request.json"))
MUTATIONS = [file for file in RECORDED if file.name.startswith("generateCopilotResponse")]
CONNECTION = frozenset({"host", "connection", "content-length"})
SIDE_REQUESTS = ("Task", "Suggestion", "TextareaCompletion", "TextareaPopover")


async def _model(request: ModelRequest) -> AsyncIterator[e.Event]:
    """Says which tools it was offered."""
    for event in say("m", [",".join(tool.name for tool in request.tools) or "no tools"]):
        yield event


async def _stateful(run_input: RunInput) -> AsyncIterator[e.Event]:
    yield e.StateSnapshot({"touched": True})
    for event in say("m", ["done"]):
        yield event


def _runtime() -> RuntimeContainer:
    return runtime(model=ScriptedModel(_model), agents=(*conformance_agents(), FunctionAgent(_stateful, "keeper")))


def _ask(body: Payload, headers: dict[str, str] | None = None) -> Answer:
    async def ask() -> Answer:
        async with serving(_runtime()) as url:
            return await exchange(url, body, headers=headers)

    return run(ask())


def _recorded(file: Path) -> tuple[Payload, dict[str, str]]:
    """A recorded request, with the document that it was recorded with."""
    request = json.loads(file.read_text())
    query = file.with_name(file.name.removesuffix(".request.json") + ".graphql").read_text()
    headers = {name: value for name, value in request["headers"] if name not in CONNECTION}
    return {**request["body"], "query": query}, headers


def _name(file: Path) -> str:
    return f"{file.parent.name} {file.name.partition('.')[0]}"


@pytest.mark.parametrize("file", RECORDED, ids=_name)
def test_every_recorded_request_is_answered(file: Path) -> None:
    body, headers = _recorded(file)
    answer = _ask(body, headers)
    result = answer.result()
    assert answer.status == 200
    if body["operationName"] == "loadAgentState":
        # The recorded variables name an agent that there is not.
        assert result["errors"][0]["extensions"]["code"] == "AGENT_NOT_FOUND"
    else:
        assert "errors" not in result
        assert result["data"][body["operationName"]]


@pytest.mark.parametrize("file", MUTATIONS, ids=_name)
@pytest.mark.parametrize("thread", ["absent", "null", "empty"])
def test_a_request_without_a_thread_gets_a_new_one(file: Path, thread: str) -> None:
    body, headers = _recorded(file)
    data = body["variables"]["data"]
    del data["threadId"]
    if thread != "absent":
        data["threadId"] = None if thread == "null" else ""
    first, second = _ask(body, headers).response(), _ask(body, headers).response()
    assert first["threadId"]
    assert first["threadId"] != second["threadId"]
    assert first["status"]["code"] == "Success"


@pytest.mark.parametrize("thread", [{}, {"threadId": None}], ids=["absent", "null"])
def test_an_agent_without_a_thread_gets_a_new_one(thread: dict[str, None]) -> None:
    body = chat("text:1", agent="echo")
    del body["variables"]["data"]["threadId"]
    body["variables"]["data"].update(thread)
    response = _ask(body).response()
    assert response["threadId"]
    assert response["status"]["code"] == "Success"


@pytest.mark.parametrize(
    ("available", "offered"),
    [
        ({}, "paint"),
        ({"available": None}, "paint"),
        ({"available": "enabled"}, "paint"),
        ({"available": "disabled"}, "no tools"),
        ({"available": "remote"}, "no tools"),
    ],
    ids=str,
)
def test_an_action_is_offered_unless_it_is_said_not_to_be(available: dict[str, Any], offered: str) -> None:
    async def story() -> Answer:
        async with serving(runtime(model=ScriptedModel(_model))) as url:
            action = {"name": "paint", "description": "", "jsonSchema": "{}", **available}
            return await exchange(url, chat("go", frontend={"actions": [action]}))

    (message,) = run(story()).response()["messages"]
    assert message["content"] == [offered]


@pytest.mark.parametrize("version", ["1.3.0", "1.10.6"])
@pytest.mark.parametrize("agent", [None, "keeper"])
@pytest.mark.parametrize("kind", SIDE_REQUESTS)
@pytest.mark.parametrize("thread", [{}, {"threadId": None}, {"threadId": "known"}], ids=str)
def test_a_side_request_stores_nothing(version: str, agent: str | None, kind: str, thread: dict[str, Any]) -> None:
    async def story() -> None:
        container = _runtime()
        async with serving(container) as url:
            body = chat("suggest", agent=agent, metadata={"requestType": kind})
            data = body["variables"]["data"]
            del data["threadId"]
            data.update(thread)
            response = (await exchange(url, {**body, "query": document(version=version)})).response()
            assert response["status"]["code"] == "Success"
            assert response["messages"]
            await _assert_empty(container, ThreadId(response["threadId"]))

    run(story())


async def _assert_empty(container: RuntimeContainer, thread: ThreadId) -> None:
    scope = container.access_policy().scope_of(ANONYMOUS)
    assert (await container.thread_directory().list(scope, include_archived=True)).threads == ()
    assert list(await container.run_log().read(scope, thread)) == []
    assert list(await container.state_store().list_agents(scope, thread)) == []


def test_a_chat_stores_what_a_side_request_does_not() -> None:
    async def story() -> None:
        container = _runtime()
        async with serving(container) as url:
            await exchange(url, chat("go", agent="keeper", thread="known"))
            with pytest.raises(AssertionError):
                await _assert_empty(container, ThreadId("known"))

    run(story())


def test_a_side_request_on_a_thread_that_is_in_use_changes_nothing_of_it() -> None:
    async def story() -> None:
        container = _runtime()
        async with serving(container) as url:
            await exchange(url, chat("go", thread="known"))
            scope = container.access_policy().scope_of(ANONYMOUS)
            before = list(await container.run_log().read(scope, ThreadId("known")))
            await exchange(url, chat("suggest", thread="known", metadata={"requestType": "Suggestion"}))
            assert list(await container.run_log().read(scope, ThreadId("known"))) == before

    run(story())
