"""LangGraph graphs behind ``ag-ui-langgraph``, one per path. Run as a program: it writes its port, then serves."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from ag_ui_langgraph import LangGraphAgent, add_langgraph_fastapi_endpoint
from fastapi import FastAPI
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

WORDS = [f"word{number} " for number in range(20)]
GONE: list[str] = []
"""Paths whose clients have hung up. ``ag-ui-langgraph`` 0.0.47 is told so, but lets its graph go on."""


class Model(BaseChatModel):
    """Offline: says words, calls the tool that it is told of, thinks for ever, or breaks."""

    does: str = "words"

    @property
    def _llm_type(self) -> str:
        return "offline"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("".join(WORDS)))])

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        if self.does == "tool" and not isinstance(messages[-1], ToolMessage):
            for name, args, call_id in (("weather", "", "call-1"), (None, '{"city":', None), (None, '"Paris"}', None)):
                piece = tool_call_chunk(name=name, args=args, id=call_id, index=0)
                yield _chunk(AIMessageChunk("", tool_call_chunks=[piece]))
            return
        while self.does == "forever":
            yield _chunk(AIMessageChunk("on and on "))
            await asyncio.sleep(0.01)
        texts = [f"The tool said {messages[-1].content}."] if isinstance(messages[-1], ToolMessage) else WORDS
        for word in texts:
            yield _chunk(AIMessageChunk(word))
            await asyncio.sleep(0)
        if self.does == "fail":
            raise RuntimeError("the model broke")


def _chunk(message: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=message)


class State(MessagesState):
    fruits: list[str]
    approved: str
    tools: list[Any]


def answering(does: str) -> Any:
    model = Model(does=does)

    async def answer(state: State, config: RunnableConfig) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"], config)]}

    return answer


async def keep(state: State) -> dict[str, Any]:
    return {"fruits": [*state.get("fruits", []), "pear"]}


async def ask(state: State) -> dict[str, Any]:
    return {"approved": str(interrupt("approve?"))}


def graph(node: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("work", node)
    builder.add_edge(START, "work")
    builder.add_edge("work", END)
    return builder.compile(checkpointer=InMemorySaver())


NODES = {
    "words": answering("words"),
    "caller": answering("tool"),
    "failing": answering("fail"),
    "keeper": keep,
    "asker": ask,
    "forever": answering("forever"),
}


def main() -> None:
    app = FastAPI()
    for name, node in NODES.items():
        add_langgraph_fastapi_endpoint(app, LangGraphAgent(name=name, graph=graph(node)), f"/{name}")

    @app.get("/gone")
    async def gone() -> list[str]:
        return GONE

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        async def heard() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                GONE.append(scope["path"])
            return message

        await app(scope, heard, send)

    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(noting, log_level="critical")).run(sockets=[listening])


if __name__ == "__main__":
    main()
