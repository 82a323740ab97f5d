"""The conformance host's agents ``echo`` and ``stateful``, after peers/gql/server.mjs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from agui_runtime.adapters.scripted import AgentScript, ScriptedAgent, call, chunks, say
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import Conversation, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.identity import Caller, ThreadId
from agui_runtime.domain.runs import RunInput
from tests.conformance.inspection import inspect_agent
from tests.conformance.picking import scenario_of, slow_text

FIXED: dict[str, tuple[e.Event, ...]] = {
    "tool": call("acall-1", "setColor", ['{"color":', '"red"}']),
    "servertool": (*call("acall-1", "serverString", ["{}"]), *say("amsg-2", ["done"])),
    "toolresult": (
        *call("acall-1", "agentTool", ['{"x":1}']),
        e.ToolCallResult("ares-1", "acall-1", "tool says hi"),
    ),
    "steps": (
        e.StepStarted("plan"),
        e.StateSnapshot({"phase": "plan"}),
        e.StepFinished("plan"),
        e.StepStarted("act"),
        *say("amsg-1", ["working"]),
        e.StateSnapshot({"phase": "act"}),
        e.StepFinished("act"),
    ),
    "predict": (
        e.StepStarted("write"),
        e.Custom("PredictState", [{"state_key": "document", "tool": "writeDoc", "tool_argument": "doc"}]),
        *call("acall-1", "writeDoc", ['{"doc":"He', 'llo"}']),
        e.StepFinished("write"),
    ),
    "messages": (
        e.StateSnapshot({"k": 1}),
        e.MessagesSnapshot(
            (
                m.UserMessage(id="u1", content="hi"),
                m.AssistantMessage(id="a1", content="yo", tool_calls=(m.ToolCall("t1", "f", '{"z":1}'),)),
                m.ToolMessage(id="r1", tool_call_id="t1", content="res"),
            )
        ),
    ),
    "interrupt": (e.Custom("on_interrupt", '{"question":"ok?"}'),),
    "runerror": (*say("amsg-1", ["partial "]), e.RunError("agent failed", "AGENT_BROKE")),
}

STORED = {
    "thread-stored": Conversation(
        {"topic": "cats"},
        (
            m.UserMessage(id="h1", content="hello"),
            m.AssistantMessage(id="a1", content="hi", parent_message_id="a1"),
            m.AssistantMessage(id="a2", content="", tool_calls=(m.ToolCall("tc1", "lookup", '{"q":1}'),)),
            m.ToolMessage(id="tr1", tool_call_id="tc1", content="found", tool_name="lookup"),
        ),
    )
}


class StoredAgent(ScriptedAgent):
    """Plays the scenarios and remembers one thread."""

    async def load_state(self, thread_id: ThreadId, caller: Caller) -> Conversation | None:
        if thread_id == "thread-broken":
            raise RuntimeError("store unavailable")
        return STORED.get(thread_id)


def conformance_agents(on_cancel: Callable[[str], None] = lambda _: None) -> tuple[Agent, ...]:
    """The agents, in the peer's order.

    Args:
        on_cancel: called with the thread id when a run is cut.
    """
    script = _cancellable(on_cancel)
    return (
        ScriptedAgent("echo", script, "Echo agent"),
        StoredAgent("stateful", script, "Agent with stored state"),
    )


def _cancellable(on_cancel: Callable[[str], None]) -> AgentScript:
    async def script(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        ended = False
        try:
            yield e.RunStarted(run_input.thread_id, run_input.run_id)
            async with aclosing(_play(run_input)) as events:
                async for event in events:
                    ended = isinstance(event, e.RunError)
                    yield event
                    if ended:
                        return
            ended = True
            yield e.RunFinished(run_input.thread_id, run_input.run_id)
        except (asyncio.CancelledError, GeneratorExit):
            # Cancelled while it waits, or closed while its event is being written: cut either way.
            if not ended:
                on_cancel(run_input.thread_id)
            raise

    return script


async def _play(run_input: RunInput) -> AsyncGenerator[e.Event, None]:
    name, arguments = scenario_of(run_input.messages)
    match name:
        case "state":
            yield e.StateSnapshot({"count": 0, "items": []})
            await asyncio.sleep(0.005)
            replace = {"op": "replace", "path": "/count", "value": 1}
            yield e.StateDelta((replace, {"op": "add", "path": "/items/-", "value": "a"}))
        case "throw":
            for event in say("amsg-1", ["partial "]):
                yield event
            await asyncio.sleep(0.02)
            raise RuntimeError("agent threw")
        case "slow":  # Ours alone: the peer's agents are never slow enough to be stopped.
            async for event in slow_text("amsg-1", arguments):
                yield event
        case _:
            for event in _events(name, arguments, run_input):
                yield event


def _events(name: str, arguments: list[str], run_input: RunInput) -> tuple[e.Event, ...]:
    if name == "text":
        return say("amsg-1", chunks(int(arguments[0]) if arguments else 1))
    if name == "inspect":
        return say("amsg-1", [inspect_agent(run_input)])
    return FIXED.get(name, say("amsg-1", [f"unknown scenario {name}"]))
