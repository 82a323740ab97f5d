"""Pydantic AI agents behind its own AG-UI adapter, one per path. Run as a program: it writes its port, then serves."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from ag_ui.core import EventType, StateSnapshotEvent
from pydantic import BaseModel
from pydantic_ai import Agent, RunContext
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.ui import StateDeps
from pydantic_ai.ui.ag_ui import AGUIAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

WORDS = [f"word{number} " for number in range(30)]


class Basket(BaseModel):
    fruits: list[str] = []


async def say_words(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
    for word in WORDS:
        yield word
        await asyncio.sleep(0)


async def think_and_answer(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
    yield {0: DeltaThinkingPart(content="hm, ")}
    yield {0: DeltaThinkingPart(content="yes")}
    yield "42"


async def call_first_tool(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
    last = messages[-1]
    results = (
        [part for part in last.parts if isinstance(part, ToolReturnPart)] if isinstance(last, ModelRequest) else []
    )
    if results:
        yield f"The tool said {results[-1].content}."
        return
    yield {0: DeltaToolCall(name=info.function_tools[0].name, json_args='{"city":', tool_call_id="call-1")}
    yield {0: DeltaToolCall(json_args='"Paris"}')}


async def fail(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
    yield "so far "
    raise RuntimeError("the model broke")


keeper = Agent(TestModel(custom_output_text="done"), deps_type=StateDeps[Basket])


@keeper.tool
async def add_pear(ctx: RunContext[StateDeps[Basket]]) -> StateSnapshotEvent:
    ctx.deps.state.fruits.append("pear")
    return StateSnapshotEvent(type=EventType.STATE_SNAPSHOT, snapshot=ctx.deps.state.model_dump())


agents: dict[str, Agent[Any, Any]] = {
    "words": Agent(FunctionModel(stream_function=say_words)),
    "thinker": Agent(FunctionModel(stream_function=think_and_answer)),
    "caller": Agent(FunctionModel(stream_function=call_first_tool)),
    "failing": Agent(FunctionModel(stream_function=fail)),
    "keeper": keeper,
}


async def run(request: Request) -> Response:
    version = request.query_params.get("version")
    return await AGUIAdapter[Any, Any].dispatch_request(
        request,
        agent=agents[request.path_params["name"]],
        deps=StateDeps(Basket()) if request.path_params["name"] == "keeper" else None,
        **({"ag_ui_version": version} if version else {}),
    )


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    app = Starlette(routes=[Route("/{name}", run, methods=["POST"])])
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])


if __name__ == "__main__":
    main()
