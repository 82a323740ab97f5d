"""The conformance host's scenarios say what the reference peer said when it was recorded."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.application.values import AgentInput, ModelRequest, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import DeniedError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.runs import ContextEntry, RunInput
from agui_runtime.domain.tools import Tool
from tests.conformance.scenarios import FIXED, conformance_agents, conformance_model, conformance_tools
from tests.support.aio import run

RECORDINGS = Path(__file__).parents[1] / "data" / "graphql" / "recordings"
CALLER = Caller(ANONYMOUS, Scope("default"))
WHEN = datetime(2025, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SET_COLOR = Tool(
    "setColor",
    "Set the colour",
    {"type": "object", "properties": {"color": {"type": "string", "description": "colour"}}, "required": ["color"]},
)
HISTORY: tuple[m.Message, ...] = (
    m.SystemMessage(id="sys-1", created_at=WHEN, content="You are a test."),
    m.UserMessage(id="user-0", created_at=WHEN, content="earlier"),
    m.AssistantMessage(
        id="asst-0",
        created_at=WHEN,
        content="hello",
        tool_calls=(m.ToolCall("call-0", "setColor", '{"color":"red"}'),),
    ),
    m.ToolMessage(id="res-0", created_at=WHEN, tool_call_id="call-0", content="ok", tool_name="setColor"),
)
IMAGE = m.UserMessage(id="img-0", created_at=WHEN, content=(m.MediaPart("image", "image/png", "aGk="),))
QUESTION = m.UserMessage(id="user-1", created_at=WHEN, content="inspect")


def _recording(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text())


def _recorded_texts(name: str) -> list[str]:
    """All text chunks of a recording, in order."""
    return [
        item
        for part in _recording(name)["response"]["parts"]
        for entry in part.get("json", {}).get("incremental", [])
        for item in entry.get("items", [])
        if isinstance(item, str)
    ]


def _recorded_messages(recording: Any) -> list[tuple[str, str, list[str]]]:
    """The texts and tool calls of a recording: id, tool name or nothing, chunks."""
    messages: dict[int, tuple[str, str, list[str]]] = {}
    for part in recording["response"]["parts"]:
        for entry in part.get("json", {}).get("incremental", []):
            match entry["path"]:
                case [_, "messages", index] if "items" in entry:
                    item = entry["items"][0]
                    if item["__typename"] in {"TextMessageOutput", "ActionExecutionMessageOutput"}:
                        messages[index] = (item["id"], item.get("name", ""), [])
                case [_, "messages", index, _, _]:
                    messages[index][2].extend(entry["items"])
                case _:
                    pass
    return [messages[index] for index in sorted(messages)]


def _said(events: list[e.Event]) -> list[tuple[str, str, list[str]]]:
    said: dict[str, tuple[str, str, list[str]]] = {}
    for event in events:
        match event:
            case e.TextMessageStart(message_id=key):
                said[key] = (key, "", [])
            case e.ToolCallStart(tool_call_id=key, tool_call_name=name):
                said[key] = (key, name, [])
            case e.TextMessageContent(message_id=key, delta=delta) | e.ToolCallArgs(tool_call_id=key, delta=delta):
                said[key][2].append(delta)
            case _:
                pass
    return list(said.values())


def _model_events(text: str) -> list[e.Event]:
    async def scenario() -> list[e.Event]:
        request = ModelRequest((m.UserMessage(id="u", content=text),), thread_id=ThreadId("thread-1"))
        started = await conformance_model().start(request)
        seen: list[e.Event] = []
        with suppress(RuntimeError, DeniedError):
            async for event in started.events:
                seen.append(event)
        return seen

    return run(scenario())


def _agent_events(run_input: RunInput) -> list[e.Event]:
    async def scenario() -> list[e.Event]:
        context = RunContext(CALLER, ToolExecutor({}, default_seconds=1.0))
        started = await conformance_agents()[0].start(run_input, context)
        seen: list[e.Event] = []
        with suppress(RuntimeError):
            async for event in started.events:
                seen.append(event)
        return seen

    return run(scenario())


MODEL_RECORDINGS = {
    "text-1": "text:1", "text-5": "text:5", "long-1000": "long:1000", "nochunk": "nochunk", "noend": "noend",
    "two": "two", "tool": "tool", "empty": "empty", "meta-text": "meta-text", "extensions": "extensions",
    "serveraction": "serveraction", "serveraction-object": "serveraction-object",
    "serveraction-string": "serveraction-string", "serveraction-undefined": "serveraction-undefined",
    "serveraction-throw": "serveraction-throw", "serveraction-badargs": "serveraction-badargs",
    "serveraction-noargs": "serveraction-noargs", "serveraction-slow": "serveraction-slow",
    "error-mid": "error-mid", "error-mid-structured": "error-mid-structured", "error-stream": "error-stream",
}  # fmt: skip
AGENT_RECORDINGS = {
    "agent-text": "text:3", "agent-tool": "tool", "agent-toolresult": "toolresult", "agent-state": "state",
    "agent-steps": "steps", "agent-messages": "messages", "agent-interrupt": "interrupt",
    "agent-runerror": "runerror", "agent-throw": "throw",
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), MODEL_RECORDINGS.items())
def test_the_model_says_what_was_recorded(name: str, text: str) -> None:
    recording = _recording(name)
    assert recording["request"]["body"]["variables"]["data"]["messages"][-1]["textMessage"]["content"] == text
    assert _said(_model_events(text)) == _recorded_messages(recording)


@pytest.mark.parametrize(("name", "text"), AGENT_RECORDINGS.items())
def test_the_agent_says_what_was_recorded(name: str, text: str) -> None:
    recording = _recording(name)
    assert recording["request"]["body"]["variables"]["data"]["messages"][-1]["textMessage"]["content"] == text
    given = RunInput(ThreadId("t"), RunId("r"), messages=(m.UserMessage(id="u", content=text),))
    assert _said(_agent_events(given)) == _recorded_messages(recording)


@pytest.mark.parametrize("text", [*FIXED, "text:2", "slow:2:1", "long:3", "never heard of"])
def test_a_models_scenario_is_in_order(text: str) -> None:
    lifecycle = Lifecycle()
    for event in _model_events(text):
        lifecycle.feed(event)


def test_the_models_inspection_is_the_recorded_one() -> None:
    given = _recording("inspect")["request"]["body"]["variables"]["data"]
    agents = tuple(
        Tool(described.name, described.description)
        for described in (agent.describe() for agent in conformance_agents())
    )
    request = ModelRequest(
        (*HISTORY, IMAGE, QUESTION),
        (*(tool.tool for tool in conformance_tools()), *agents, SET_COLOR),
        ThreadId("thread-1"),
        RunId("run-in"),
        # A server that reads these as GraphQL Floats has 12.0 where the client wrote 12.
        {**given["forwardedParameters"], "maxTokens": 12.0},
        given["extensions"],
        (AgentInput(AgentName("echo"), {"a": 1}, {"c": 2}),),
    )

    async def scenario() -> list[str]:
        started = await conformance_model().start(request)
        return [event.delta async for event in started.events if isinstance(event, e.TextMessageContent)]

    assert run(scenario()) == _recorded_texts("inspect")


def test_the_agents_inspection_is_the_recorded_one() -> None:
    given = RunInput(
        ThreadId("thread-1"),
        RunId("run-1"),
        messages=(*HISTORY, QUESTION),
        state={"a": 1},
        tools=(
            *(tool.tool for tool in conformance_tools()),
            SET_COLOR,
            Tool("remoteAction", "Only for agents", {"type": "object", "properties": {}}),
        ),
        context=(ContextEntry("d", "v"),),
        forwarded_props={
            "authorization": "tok",
            "config": {"c": 2},
            "nodeName": "plan",
            "streamSubgraphs": True,
            "threadMetadata": {},
            "userId": "u1",
        },
    )
    said = [event.delta for event in _agent_events(given) if isinstance(event, e.TextMessageContent)]
    assert said == _recorded_texts("agent-inspect")
