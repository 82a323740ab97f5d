"""Runs without streaming, questions that wait, and what the runtime says of itself."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from agui_runtime import AgentDescription, AgentRun, FunctionAgent, RunContext, RunInput, ServerTool, Tool, __version__
from agui_runtime.adapters.scripted import ScriptedModel, call, say
from agui_runtime.application.values import AfterRun, BeforeRun, ModelRequest
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.runs import Interrupt, Stopped
from tests.support.graphql_client import chat, exchange
from tests.support.scripts import asked
from tests.support.state_api import AGENTS, INFO, StateApi, told

METADATA = {
    "userId": "u-1",
    "sessionId": "s-1",
    "clientVersion": "2.0",
    "platform": "cron",
    "customProperties": {"shift": {"night": True}},
}


async def _worker(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event | str]:
    """Does what its input says."""
    match asked(run_input):
        case "ask":
            yield "before "
            question = Interrupt("question-1", value={"amount": 3}, message="Approve?")
            yield e.RunFinished(run_input.thread_id, run_input.run_id, interrupts=(question,))
        case "ask the old way":
            yield e.Custom("LangGraphInterruptEvent", "approve?")
        case "fail":
            yield "half "
            raise RuntimeError("the disk is full")
        case "result":
            yield e.RunFinished(run_input.thread_id, run_input.run_id, result={"sum": [1, 2]})
        case "metadata":
            yield e.StateSnapshot(dict(context.metadata))
        case "count":
            yield e.StateDelta(({"op": "add", "path": "/seen", "value": True},))
        case "tools":
            for event in call("call-1", "double", ['{"n":21}']):
                yield event
        case text:
            yield f"You said {text}."


class Hooks:
    def __init__(self) -> None:
        self.before: list[BeforeRun] = []
        self.after: list[AfterRun] = []
        self.is_over = asyncio.Event()

    async def before_run(self, before: BeforeRun) -> None:
        self.before.append(before)

    async def after_run(self, after: AfterRun) -> None:
        self.after.append(after)
        self.is_over.set()


async def _double(arguments: dict[str, Any]) -> Any:
    return {"twice": arguments["n"] * 2}


WORKER: dict[str, Any] = {
    "agents": (FunctionAgent(_worker, "worker"), FunctionAgent(_worker, "other")),
    "tools": (ServerTool(Tool("double"), _double),),
}


def test_a_run_is_answered_when_it_is_over() -> None:
    async def story(api: StateApi) -> None:
        run = await api.execute("hello", "worker")
        assert datetime.fromisoformat(run["startedAt"]) <= datetime.fromisoformat(run["completedAt"])
        assert run["executionId"]
        (message,) = run["messages"]
        assert (run["threadId"], run["agentName"], run["status"]) == (api.thread, "worker", "finished")
        assert (run["result"], run["errorMessage"]) == (None, None)
        assert (message["__typename"], message["role"], message["content"]) == (
            "Message",
            "assistant",
            "You said hello.",
        )
        assert message["status"] == {"code": "Success"}

    told(story, **WORKER)


def test_a_run_without_a_thread_gets_a_new_one_that_can_be_loaded() -> None:
    async def story(api: StateApi) -> None:
        first = await api.execute("hello", "worker", threadId=None)
        second = await api.execute("hello", "worker", threadId=None)
        assert first["threadId"] != second["threadId"]
        loaded = await api.load("worker", threadId=first["threadId"], includeHistory=True)
        assert [message["content"] for message in loaded["history"]] == ["hello", "You said hello."]

    told(story, **WORKER)


def test_runs_of_one_thread_are_one_conversation() -> None:
    async def story(api: StateApi) -> None:
        await api.execute("one", "worker")
        second = await api.execute("two", "worker")
        assert [message["content"] for message in second["messages"]] == ["You said two."]
        texts = [message["content"] for message in await api.history("worker")]
        assert texts == ["one", "You said one.", "two", "You said two."]

    told(story, **WORKER)


def test_a_run_may_give_a_result() -> None:
    async def story(api: StateApi) -> None:
        assert (await api.execute("result", "worker"))["result"] == {"sum": [1, 2]}

    told(story, **WORKER)


def test_a_server_tool_runs_and_is_told_with_its_result() -> None:
    async def story(api: StateApi) -> None:
        (message,) = (await api.execute("tools", "worker"))["messages"]
        assert message["__typename"] == "ActionMessage"
        assert (message["actionInput"], message["actionOutput"]) == ({"n": 21}, {"twice": 42})

    told(story, **WORKER)


def test_a_failed_run_tells_the_agents_words_and_what_was_said_before() -> None:
    async def story(api: StateApi) -> None:
        run = await api.execute("fail", "worker")
        (message,) = run["messages"]
        assert (run["status"], run["result"]) == ("failed", None)
        assert "the disk is full" in run["errorMessage"]
        assert (message["content"], message["status"]["code"]) == ("half ", "Failed")

    told(story, **WORKER)


def test_a_run_tells_the_state_that_it_left_whole() -> None:
    async def story(api: StateApi) -> None:
        await api.save({"kept": 1}, "worker")
        (report,) = (await api.execute("count", "worker"))["messages"]
        assert (report["__typename"], report["agentName"]) == ("AgentStateMessage", "worker")
        assert report["state"] == '{"kept":1,"seen":true}'
        assert await api.values("worker") == {"kept": 1, "seen": True}

    told(story, **WORKER)


def test_an_unknown_agent_is_an_error_and_leaves_no_trace() -> None:
    async def story(api: StateApi) -> None:
        query = "mutation($data: ExecuteAgentInput!) { executeAgent(data: $data) { status } }"
        data = {"threadId": api.thread, "agentName": "nobody", "input": "hi"}
        error = (await api.ask(query, data=data)).error()
        assert error["extensions"]["code"] == "AGENT_NOT_FOUND"
        assert (await api.load("worker"))["threadExists"] is False

    told(story, **WORKER)


class Refusing:
    """Refuses every run before it begins."""

    def describe(self) -> AgentDescription:
        return AgentDescription(AgentName("refusing"), "Refuses", version="3.1", capabilities=("refusals", "tools"))

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        raise ConfigurationError("No key is set up.")


def test_a_refused_run_is_an_error() -> None:
    async def story(api: StateApi) -> None:
        query = "mutation($data: ExecuteAgentInput!) { executeAgent(data: $data) { status } }"
        error = (await api.ask(query, data={"agentName": "refusing", "input": "hi"})).error()
        assert (error["message"], error["extensions"]["code"]) == ("No key is set up.", "CONFIGURATION_ERROR")

    told(story, agents=(Refusing(),))


def test_metadata_reaches_hooks_and_the_agents_context() -> None:
    hooks = Hooks()

    async def story(api: StateApi) -> None:
        await api.execute("metadata", "worker", metadata=METADATA)
        assert await api.values("worker") == METADATA
        assert (hooks.before[0].metadata, hooks.after[0].metadata) == (METADATA, METADATA)
        # A claim of the client is no identity.
        assert hooks.before[0].caller.principal.subject == "anonymous"
        assert (await api.load("worker", threadId=api.thread))["stateFound"] is True

    told(story, hooks=hooks, **WORKER)


def test_metadata_may_be_left_out_or_empty() -> None:
    async def story(api: StateApi) -> None:
        for metadata in (None, {}, {"userId": None}):
            assert (await api.execute("metadata", "worker", metadata=metadata))["status"] == "finished"
            assert (await api.load("worker"))["stateData"] in {None, "{}"}

    told(story, **WORKER)


def test_a_script_that_hangs_up_stops_its_run() -> None:
    hooks = Hooks()
    waits = asyncio.Event()

    async def patient(run_input: RunInput) -> AsyncIterator[str]:
        yield "one "
        waits.set()
        await asyncio.sleep(3600)

    async def story(api: StateApi) -> None:
        running = asyncio.create_task(api.execute("wait", "patient"))
        async with asyncio.timeout(10):
            await waits.wait()
            running.cancel()
            await hooks.is_over.wait()
        assert hooks.after[0].outcome == Stopped()

    told(story, hooks=hooks, agents=(FunctionAgent(patient, "patient"),))


def test_an_interrupted_run_leaves_a_question_until_it_is_answered() -> None:
    async def story(api: StateApi) -> None:
        run = await api.execute("ask", "worker")
        assert (run["status"], [message["content"] for message in run["messages"]]) == ("interrupted", ["before "])
        (question,) = await api.questions()
        assert datetime.fromisoformat(question.pop("timestamp"))
        assert question == {
            "eventId": "question-1",
            "eventType": "LangGraphInterruptEvent",
            "threadId": api.thread,
            "agentName": "worker",
            "eventData": {"amount": 3},
            "handled": False,
        }
        assert await api.questions("worker") != []
        assert await api.questions("other") == []
        response = {"name": "LangGraphInterruptEvent", "value": '{"amount":3}', "response": "yes"}
        (await exchange(api.url, chat("go on", thread=api.thread, agent="worker", metaEvents=[response]))).response()
        assert await api.questions() == []

    told(story, **WORKER)


def test_a_question_asked_by_a_custom_event_waits_too() -> None:
    async def story(api: StateApi) -> None:
        (await exchange(api.url, chat("ask the old way", thread=api.thread, agent="worker"))).response()
        (question,) = await api.questions()
        assert (question["eventType"], question["eventData"]) == ("LangGraphInterruptEvent", "approve?")

    told(story, **WORKER)


def test_a_thread_nobody_has_used_has_no_questions() -> None:
    async def story(api: StateApi) -> None:
        assert await api.questions() == []

    told(story, **WORKER)


async def _quiet(request: ModelRequest) -> AsyncIterator[e.Event]:
    for event in say("m", [""]):
        yield event


@pytest.mark.parametrize("model", [None, ScriptedModel(_quiet, provider="quiet")], ids=["no model", "a model"])
def test_the_runtime_says_what_it_is(model: ScriptedModel | None) -> None:
    async def story(api: StateApi) -> None:
        info = (await api.ask(INFO)).json()["data"]["runtimeInfo"]
        protocols = info.pop("protocols")
        assert info == {
            "version": __version__,
            "runtime": "agui-runtime",
            "providers": ["quiet"] if model else [],
            "agentsCount": 2,
        }
        assert "graphql" in protocols

    told(story, model=model, **WORKER)


def test_an_agent_is_listed_with_its_version_and_capabilities() -> None:
    async def story(api: StateApi) -> None:
        first = (await api.ask(AGENTS)).json()["data"]["availableAgents"]["agents"]
        assert first == [
            {
                "id": "refusing",
                "name": "refusing",
                "description": "Refuses",
                "version": "3.1",
                "capabilities": ["refusals", "tools"],
            },
            {
                "id": "worker",
                "name": "worker",
                "description": "Does what its input says.",
                "version": "",
                "capabilities": [],
            },
        ]
        assert (await api.ask(AGENTS)).json()["data"]["availableAgents"]["agents"] == first

    told(story, agents=(Refusing(), FunctionAgent(_worker, "worker")))
