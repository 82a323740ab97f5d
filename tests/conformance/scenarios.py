"""The conformance host's model, agents and tools: the scenarios of peers/gql/server.mjs, word for word.

A scenario is picked from the text of the last user message: ``NAME`` or ``NAME:ARG:ARG``.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing
from functools import partial

from agui_runtime.adapters.scripted import ModelReply, ScriptedModel, call, chunks, say
from agui_runtime.application.values import ModelRequest
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import DeniedError, ErrorCode
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.json_value import dumps
from tests.conformance.agents import conformance_agents
from tests.conformance.inspection import inspect_model
from tests.conformance.picking import scenario_of, slow_text
from tests.conformance.tools import conformance_tools

__all__ = ["conformance_agents", "conformance_model", "conformance_tools"]

INTERRUPT_MESSAGES = [
    {"type": "TextMessage", "id": "im-1", "role": "assistant", "content": "Please approve"},
    {"type": "ActionExecutionMessage", "id": "im-2", "name": "approve", "arguments": {"amount": 3}},
]

INTERRUPT = e.Custom("LangGraphInterruptEvent", "approve?")

FIXED: dict[str, tuple[e.Event, ...]] = {
    "empty": (),
    "emptychunk": say("msg-1", ["a", "", "b"]),
    "nochunk": say("msg-1", []),
    "unicode": say("msg-1", ["héllo 🌍 ", "\r\n---\r\n", '"quoted" \\ back\t', "\u2028\u0000end", "日本"]),
    "two": (*say("msg-1", ["one ", "two"]), *say("msg-2", ["three ", "four"])),
    "interleaved": (
        e.TextMessageStart("msg-1"),
        e.TextMessageStart("msg-2"),
        e.TextMessageContent("msg-1", "a1 "),
        e.TextMessageContent("msg-2", "b1 "),
        e.TextMessageContent("msg-1", "a2"),
        e.TextMessageContent("msg-2", "b2"),
        e.TextMessageEnd("msg-1"),
        e.TextMessageEnd("msg-2"),
    ),
    "noend": (e.TextMessageStart("msg-1"), e.TextMessageContent("msg-1", "unfinished")),
    "tool": call("call-1", "setColor", ['{"col', 'or":"r', "ed", '"}']),
    "texttool": (
        *say("msg-1", ["Setting ", "color"]),
        *call("call-1", "setColor", ['{"color":', '"red"}'], parent_message_id="msg-1"),
    ),
    "twotools": (
        *call("call-1", "setColor", ['{"color":"red"}']),
        *call("call-2", "setColor", ['{"color":"blue"}']),
    ),
    "serveraction": call("call-1", "serverAdd", ['{"a":1', ',"b":2}']),
    "serveraction-object": call("call-1", "serverObject", ['{"q":"x"}']),
    "serveraction-string": call("call-1", "serverString", ["{}"]),
    "serveraction-undefined": call("call-1", "serverUndefined", ["{}"]),
    "serveraction-throw": call("call-1", "serverThrow", ["{}"]),
    "serveraction-badargs": call("call-1", "serverAdd", ['{"a":']),
    "serveraction-noargs": call("call-1", "serverString", []),
    "serveraction-slow": (*call("call-1", "serverSlow", ["{}"]), *say("msg-2", ["after ", "slow"])),
    "serveraction-then-text": (
        *call("call-1", "serverAdd", ['{"a":1,"b":2}']),
        *say("msg-2", ["after ", "action"]),
    ),
    "meta": (INTERRUPT,),
    "meta-object": (e.Custom("LangGraphInterruptEvent", dumps({"question": "approve?", "n": 1})),),
    "meta-ck": (e.Custom("CopilotKitLangGraphInterruptEvent", {"value": "approve?", "messages": INTERRUPT_MESSAGES}),),
    "meta-text": (*say("msg-1", ["before ", "interrupt"]), INTERRUPT),
    "state": (
        e.AgentStateMessage(
            agent_name="adapterAgent",
            state={"count": 1, "nested": {"a": [1, 2]}},
            node_name="node_a",
            thread_id="thread-1",
            run_id="run-1",
        ),
    ),
    "extensions": say("msg-1", ["ext"]),
    "threadid": say("msg-1", ["thread"]),
    "callagent": call("call-1", "echo", ["{}"]),
    "remoteaction": call("call-1", "remoteShout", ['{"t":"hi"}']),
    "twoserver": (*call("call-1", "serverSlow", ["{}"]), *call("call-2", "serverString", ["{}"])),
}

BREAKING: dict[str, tuple[tuple[e.Event, ...], Callable[[], Exception]]] = {
    "error-stream": ((), partial(RuntimeError, "boom in stream")),
    "error-mid": (
        (
            e.TextMessageStart("msg-1"),
            e.TextMessageContent("msg-1", "one "),
            e.TextMessageContent("msg-1", "two "),
        ),
        partial(RuntimeError, "boom mid stream"),
    ),
    "error-mid-structured": (
        (e.TextMessageStart("msg-1"), e.TextMessageContent("msg-1", "one ")),
        partial(DeniedError, "bad key", code=ErrorCode.UNAUTHENTICATED),
    ),
    "error-mid-tool": (
        (
            e.ToolCallStart("call-1", "setColor"),
            e.ToolCallArgs("call-1", '{"col'),
            e.ToolCallArgs("call-1", 'or":'),
        ),
        partial(RuntimeError, "boom mid tool"),
    ),
}


def conformance_model(
    server_names: Collection[str] | None = None, on_cancel: Callable[[str], None] = lambda _: None
) -> ScriptedModel:
    """The model that plays the scenarios.

    Args:
        server_names: the tools that run on the server, for ``inspect``; by default those of ``conformance_tools`` and
            ``conformance_agents``.
        on_cancel: called with the thread id when an answer is cut.
    """
    if server_names is None:
        tool_names = {tool.tool.name for tool in conformance_tools()}
        server_names = tool_names | {agent.describe().name for agent in conformance_agents()}
    names = frozenset(server_names)

    async def script(request: ModelRequest) -> AsyncIterator[e.Event]:
        name, arguments = scenario_of(request.messages)
        try:
            async with aclosing(_play(name, arguments, request, names)) as events:
                async for event in events:
                    yield event
        except (asyncio.CancelledError, GeneratorExit):
            # Cancelled while it waits, or closed while its event is being written: cut either way.
            on_cancel(request.thread_id or "")
            raise

    return ScriptedModel(script, reply=_reply, provider="scenario")


async def _play(
    name: str, arguments: list[str], request: ModelRequest, server_names: frozenset[str]
) -> AsyncGenerator[e.Event, None]:
    if name == "slow":
        async for event in slow_text("msg-1", arguments):
            yield event
        return
    if name in BREAKING:
        events, error = BREAKING[name]
        for event in events:
            yield event
        # The pause lets what was said before reach the client as parts of their own.
        await asyncio.sleep(0.02 if events else 0)
        raise error()
    for event in _events(name, arguments, request, server_names):
        yield event


def _events(
    name: str, arguments: list[str], request: ModelRequest, server_names: frozenset[str]
) -> tuple[e.Event, ...]:
    if name == "text":
        return say("msg-1", chunks(int(arguments[0]) if arguments else 1))
    if name == "long":
        count = int(arguments[0]) if arguments else 1000
        return say("msg-1", [f"chunk-{index:06}-abcdef " for index in range(count)])
    if name == "inspect":
        return say("msg-1", [inspect_model(request, server_names)])
    return FIXED.get(name, say("msg-1", [f"unknown scenario {name}"]))


def _reply(request: ModelRequest) -> ModelReply:
    match scenario_of(request.messages)[0]:
        case "error-before":
            raise RuntimeError("boom before stream")
        case "error-401":
            raise RuntimeError("Request failed with status code 401")
        case "error-econnrefused":
            raise RuntimeError("connect ECONNREFUSED 127.0.0.1:1")
        case "error-structured":
            raise DeniedError("bad key", code=ErrorCode.UNAUTHENTICATED)
        case "extensions":
            thread_id = request.thread_id or ThreadId("adapter-thread")
            extensions = {"openaiAssistantAPI": {"runId": "oa-run", "threadId": "oa-thread"}}
            return ModelReply(thread_id, RunId("adapter-run"), extensions)
        case "threadid":
            return ModelReply(ThreadId("adapter-thread"))
        case _:
            return ModelReply(request.thread_id, request.run_id)
