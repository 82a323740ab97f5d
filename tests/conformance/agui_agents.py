"""The agents ``default`` and ``other`` of peers/agui/server.mjs: a scenario is the text of the last user message."""

import asyncio
from collections.abc import AsyncIterator

from agui_runtime.adapters.scripted import ScriptedAgent, call, say
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import AgentRun, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import dumps, is_object
from agui_runtime.domain.runs import RunInput
from tests.conformance.agui_scenarios import FIXED

SUGGESTIONS = ['{"suggestions":[{"title":"A","mess', 'age":"do A"},{"title":"B","message":"do B"}]}']


class ScenarioAgent(ScriptedAgent):
    """Plays the scenarios; ``error-before`` fails before anything begins."""

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        if scenario_of(run_input)[0] == "error-before":
            raise RuntimeError("boom before start")
        return await super().start(run_input, context)


def agui_agents() -> tuple[Agent, ...]:
    """The agents, in the peer's order."""
    return (
        ScenarioAgent("default", _play, "deterministic script agent"),
        ScenarioAgent("other", _play, "second agent"),
    )


def scenario_of(run_input: RunInput) -> tuple[str, list[str]]:
    """The name and arguments that the last user message gives."""
    name, *arguments = (m.last_user_text(run_input.messages) or "").strip().split(":")
    return name, arguments


async def _play(run_input: RunInput, _: RunContext) -> AsyncIterator[e.Event]:
    yield e.RunStarted(run_input.thread_id, run_input.run_id)
    answer = _answer(run_input)
    if answer is not None:
        for event in say(f"{run_input.run_id}-m", answer):
            yield event
        yield e.RunFinished(run_input.thread_id, run_input.run_id)
        return
    name, arguments = scenario_of(run_input)
    if name in FIXED:
        for event in FIXED[name](run_input, lambda suffix: f"{run_input.run_id}-{suffix}", arguments):
            yield event
        return
    async for event in _told_in_time(name, arguments, run_input):
        yield event


def _answer(run_input: RunInput) -> list[str] | None:
    """What is said to a turn that answers the one before: a resume, or a tool's result."""
    command = run_input.forwarded_props.get("command")
    if is_object(command) and "resume" in command:
        return ["legacy resume ", dumps(command["resume"])]
    last = run_input.messages[-1] if run_input.messages else None
    # A question that the runtime cancelled, since the user went on to something else, is no turn of its own.
    if any(each.status == "resolved" for each in run_input.resume) or (
        run_input.resume and not isinstance(last, m.UserMessage)
    ):
        said = (f"{each.interrupt_id}={each.status}:{dumps(each.payload)}" for each in run_input.resume)
        return ["resumed ", ",".join(said)]
    return ["tool said ", last.content] if isinstance(last, m.ToolMessage) else None


async def _told_in_time(name: str, arguments: list[str], run_input: RunInput) -> AsyncIterator[e.Event]:
    """The scenarios that wait, fail or look at their input."""
    own, finish = run_input.run_id, e.RunFinished(run_input.thread_id, run_input.run_id)
    match name:
        case "error-mid":
            yield e.TextMessageStart(f"{own}-m")
            yield e.TextMessageContent(f"{own}-m", "partial")
            await asyncio.sleep(0 if arguments == ["sync"] else 0.02)
            raise RuntimeError("boom mid")
        case "bad-order":
            await asyncio.sleep(0.02)
            yield e.TextMessageContent(f"{own}-m", "no start")
            yield finish
        case "slow":
            async for event in _slow_text(f"{own}-m", arguments):
                yield event
            yield finish
        case "slow-tool":
            yield e.ToolCallStart(f"{own}-t", "setColor")
            for index in range(100):
                await asyncio.sleep(0.05)
                yield e.ToolCallArgs(f"{own}-t", " " if index else "{")
        case "echo-input":
            for event in say(f"{own}-m", [_echo(run_input)]):
                yield event
            yield finish
        case _:
            for event in _default(run_input):
                yield event
            yield finish


async def _slow_text(message_id: str, arguments: list[str]) -> AsyncIterator[e.Event]:
    count, pause = (int(given) for given in (*arguments, *("20", "50")[len(arguments) :])[:2])
    yield e.TextMessageStart(message_id)
    for index in range(count):
        await asyncio.sleep(pause / 1000)
        yield e.TextMessageContent(message_id, f"w{index} ")
    yield e.TextMessageEnd(message_id)


def _default(run_input: RunInput) -> tuple[e.Event, ...]:
    if any(tool.name == "copilotkitSuggest" for tool in run_input.tools):
        return call(f"{run_input.run_id}-t", "copilotkitSuggest", SUGGESTIONS)
    text = (m.last_user_text(run_input.messages) or "").strip()
    return say(f"{run_input.run_id}-m", ["echo: ", text])


def _echo(run_input: RunInput) -> str:
    return dumps(
        {
            "tools": [tool.name for tool in run_input.tools],
            "context": [{"description": entry.description, "value": entry.value} for entry in run_input.context],
            "forwardedProps": run_input.forwarded_props,
            "state": run_input.state,
            "n": len(run_input.messages),
        }
    )
