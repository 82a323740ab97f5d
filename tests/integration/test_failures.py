"""Agents, models and tools that fail: the client learns it in the contract's form, and nothing it should not know."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agui_runtime.adapters.scripted import FunctionAgent, ScriptedAgent, ScriptedModel, call, say
from agui_runtime.application.values import (
    AgentDescription,
    AgentRun,
    BeforeRun,
    ModelRequest,
    ModelRun,
    RunContext,
)
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import GENERIC_MESSAGE, UnavailableError
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import ServerTool, Tool
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange
from tests.support.leaks import assert_leaks_nothing
from tests.support.scripts import asked
from tests.support.serving import runtime, serving

SECRET = "could not open /srv/app/keys.py: password=hunter2"  # noqa: S105 - what must not leak


class SecretiveError(Exception):
    """An exception whose name and text are nobody's business."""


async def _broken(request: ModelRequest | RunInput) -> AsyncIterator[e.Event]:
    when = asked(request)
    if when == "first":
        raise SecretiveError(SECRET)
    yield e.TextMessageStart("msg-1")
    yield e.TextMessageContent("msg-1", "some words")
    if when == "mid":
        raise SecretiveError(SECRET)
    yield e.TextMessageEnd("msg-1")
    raise SecretiveError(SECRET)


class RefusingModel:
    """A model that fails before it answers."""

    provider = "refusing"

    async def start(self, request: ModelRequest) -> ModelRun:
        raise SecretiveError(SECRET)


class RefusingAgent:
    """An agent that refuses to begin."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def describe(self) -> AgentDescription:
        return AgentDescription(AgentName("agent"))

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        raise self._error


def _ask(text: str = "go", *, agent: str | None = None, environment: Any = None, **bound: Any) -> Answer:
    async def scenario() -> Answer:
        async with serving(runtime(environment=environment, **bound)) as url:
            return await exchange(url, chat(text, agent=agent))

    answer = run(scenario())
    assert_leaks_nothing(answer)
    assert answer.status == 200
    return answer


def _failure(answer: Answer) -> str:
    status = answer.response()["status"]
    assert (status["code"], status["reason"]) == ("Failed", "UNKNOWN_ERROR")
    description: str = status["details"]["description"]
    return description


def test_a_model_that_refuses_is_an_error_with_a_generic_text() -> None:
    answer = _ask(model=RefusingModel())
    assert answer.content_type == "application/graphql-response+json"
    assert answer.error()["message"] == GENERIC_MESSAGE
    assert answer.error()["extensions"]["code"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("when", "statuses"),
    [("first", []), ("mid", ["Failed"]), ("last", ["Success"])],
)
def test_a_model_that_breaks_fails_the_response_and_what_was_open(when: str, statuses: list[str]) -> None:
    answer = _ask(when, model=ScriptedModel(_broken))
    assert _failure(answer) == GENERIC_MESSAGE
    assert [message["status"]["code"] for message in answer.response()["messages"]] == statuses


@pytest.mark.parametrize(
    ("when", "statuses"),
    [("first", []), ("mid", ["Failed"]), ("last", ["Success"])],
)
def test_an_agents_own_words_of_its_failure_are_kept(when: str, statuses: list[str]) -> None:
    async def clumsy(run_input: RunInput) -> AsyncIterator[e.Event]:
        try:
            async for event in _broken(run_input):
                yield event
        except SecretiveError:
            raise RuntimeError("I lost my notes") from None

    answer = _ask(when, agent="clumsy", agents=(FunctionAgent(clumsy),))
    assert _failure(answer) == "I lost my notes"
    assert [m["status"]["code"] for m in answer.response()["messages"] if "content" in m] == statuses


def test_an_agent_that_refuses_is_an_error_in_its_own_words() -> None:
    answer = _ask(agent="agent", agents=(RefusingAgent(RuntimeError("not on Sundays")),))
    assert answer.error()["message"] == "not on Sundays"


def test_an_agent_whose_service_is_away_is_a_network_error() -> None:
    answer = _ask(agent="agent", agents=(RefusingAgent(UnavailableError("The agent's service is away.")),))
    assert answer.error()["message"] == "The agent's service is away."
    assert answer.error()["extensions"]["code"] == "NETWORK_ERROR"


def test_a_hook_that_refuses_is_an_error_instead_of_a_stream() -> None:
    class Refusing:
        async def before_run(self, before: BeforeRun) -> None:
            raise SecretiveError(SECRET)

        async def after_run(self, after: Any) -> None:
            raise AssertionError("nothing was run")

    assert _ask(model=ScriptedModel(_broken), hooks=Refusing()).error()["message"] == GENERIC_MESSAGE


def test_an_after_hook_that_fails_changes_nothing_for_the_client(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        async def before_run(self, before: BeforeRun) -> None:
            return None

        async def after_run(self, after: Any) -> None:
            raise SecretiveError(SECRET)

    async def fine(request: ModelRequest) -> AsyncIterator[e.Event]:
        for event in say("msg-1", ["fine"]):
            yield event

    with caplog.at_level(logging.ERROR):
        answer = _ask(model=ScriptedModel(fine), hooks=Failing())
    assert answer.response()["status"]["code"] == "Success"
    assert [record.exc_info is not None for record in caplog.records] == [True]


IMPOSSIBLE: dict[str, tuple[tuple[e.Event, ...], str]] = {
    "content without a start": ((e.TextMessageContent("msg-1", "x"),), "TEXT_MESSAGE_CONTENT"),
    "an end without a start": ((e.TextMessageEnd("msg-1"),), "TEXT_MESSAGE_END"),
    "a start twice": ((e.TextMessageStart("msg-1"), e.TextMessageStart("msg-1")), "TEXT_MESSAGE_START"),
    "arguments without a call": ((e.ToolCallArgs("call-1", "{"),), "TOOL_CALL_ARGS"),
    "a step that never began": ((e.StepFinished("plan"),), "STEP_FINISHED"),
    "a patch that does not apply": (
        (e.StateDelta(({"op": "replace", "path": "/nowhere", "value": 1},)),),
        "The patch cannot be applied: replace at '/nowhere'.",
    ),
}


@pytest.mark.parametrize(("events", "name"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_order_fails_the_run_and_names_the_event(events: tuple[e.Event, ...], name: str) -> None:
    async def script(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        yield e.RunStarted(run_input.thread_id, run_input.run_id)
        for event in events:
            yield event
        yield e.RunFinished(run_input.thread_id, run_input.run_id)

    assert name in _failure(_ask(agent="odd", agents=(ScriptedAgent("odd", script),)))


def test_an_agent_that_ends_without_saying_so_has_failed() -> None:
    async def script(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        yield e.RunStarted(run_input.thread_id, run_input.run_id)
        for event in say("msg-1", ["half"]):
            yield event

    assert _failure(_ask(agent="odd", agents=(ScriptedAgent("odd", script),)))


def test_a_state_that_is_no_json_fails_the_run() -> None:
    async def script(run_input: RunInput) -> AsyncIterator[e.Event]:
        yield e.StateSnapshot({"when": object()})  # type: ignore[dict-item]

    assert _failure(_ask(agent="odd", agents=(FunctionAgent(script, "odd"),)))


def _tool_answer(handler: Any, environment: Any = None, seconds: float | None = None) -> dict[str, Any]:
    async def script(request: ModelRequest) -> AsyncIterator[e.Event]:
        for event in (*call("call-1", "lookup", ["{}"]), *say("msg-2", ["after"])):
            yield event

    tool = ServerTool(Tool("lookup"), handler, seconds)
    response = _ask(environment=environment, model=ScriptedModel(script), tools=(tool,)).response()
    assert response["status"]["code"] == "Success"
    _, result, after = response["messages"]
    assert after["content"] == ["after"]
    found: dict[str, Any] = json.loads(result["result"])
    return found


@pytest.mark.parametrize(
    ("environment", "seconds"), [({"AGUI_TOOL_SECONDS": "0.2"}, None), ({}, 0.2)], ids=["setting", "tool's own"]
)
def test_a_tool_that_never_answers_is_cut(environment: dict[str, str], seconds: float | None) -> None:
    async def handler(arguments: dict[str, Any]) -> Any:
        await asyncio.Event().wait()

    fault = _tool_answer(handler, environment, seconds)["error"]
    assert fault == {"code": "HANDLER_ERROR", "message": "The tool did not answer within 0.2 seconds."}


def test_a_tool_that_raises_gives_its_words_as_the_result() -> None:
    async def handler(arguments: dict[str, Any]) -> Any:
        raise ValueError("no such city")

    assert _tool_answer(handler) == {"error": {"code": "HANDLER_ERROR", "message": "no such city"}, "result": ""}


def test_a_tool_whose_result_is_no_json_is_an_error_result() -> None:
    async def handler(arguments: dict[str, Any]) -> Any:
        return {"when": object()}

    assert _tool_answer(handler)["error"]["code"] == "HANDLER_ERROR"
