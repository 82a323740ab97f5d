"""LangGraph graphs over chat models that answer from a script: nothing leaves the process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCallChunk, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    messages: Annotated[list[BaseMessage], add_messages]
    basket: list[str]


class Scripted(BaseChatModel):
    """Calls the tool once if it may, then tells what it heard last, word by word."""

    call: bool = False

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: Sequence[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content="Hello."))])

    async def _astream(
        self, messages: Sequence[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        if self.call and not isinstance(messages[-1], ToolMessage):
            for piece in ("", '{"city":', '"Rome"}'):
                first = not piece
                chunk = ToolCallChunk(
                    name="weather" if first else None, args=piece, id="call-1" if first else None, index=0
                )
                yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[chunk]))
            return
        for word in ("You ", "said ", str(messages[-1].content), "."):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


@tool
def weather(city: str) -> str:
    """The weather."""
    return f"sunny in {city}"


def talker(*, checkpointer: Any = None, call: bool = False) -> Any:
    """A model, with a tool where it may call it."""
    from langgraph.prebuilt import ToolNode

    model = Scripted(call=call)

    async def think(state: State) -> State:
        return {"messages": [await model.ainvoke(state["messages"])]}

    def where(state: State) -> str:
        return "tools" if getattr(state["messages"][-1], "tool_calls", None) else END

    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode([weather]))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", where, ["tools", END])
    graph.add_edge("tools", "think")
    return graph.compile(checkpointer=checkpointer)


def shopper(*, checkpointer: Any = None) -> Any:
    """Puts a pear into the basket it is given."""

    async def buy(state: State) -> State:
        return {"basket": [*state.get("basket", []), "pear"]}

    graph = StateGraph(State)
    graph.add_node("buy", buy)
    graph.add_edge(START, "buy")
    return graph.compile(checkpointer=checkpointer)


def asker() -> Any:
    """Asks the user, and puts the answer into the basket."""

    async def ask(state: State) -> State:
        return {"basket": [str(interrupt({"question": "Which fruit?"}))]}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    return graph.compile(checkpointer=InMemorySaver())


def twofold_asker() -> Any:
    """Asks two things at once."""

    async def first(state: State) -> State:
        return {"messages": [AIMessage(content=f"first {interrupt('one?')}", id="a1")]}

    async def second(state: State) -> State:
        return {"messages": [AIMessage(content=f"second {interrupt('two?')}", id="a2")]}

    graph = StateGraph(State)
    for name, node in (("first", first), ("second", second)):
        graph.add_node(name, node)
        graph.add_edge(START, name)
    return graph.compile(checkpointer=InMemorySaver())


def sleeper(begun: asyncio.Event, ended: asyncio.Event) -> Any:
    """Waits for ever, and tells when it is cancelled."""

    async def sleep(state: State) -> State:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return {}

    graph = StateGraph(State)
    graph.add_node("sleep", sleep)
    graph.add_edge(START, "sleep")
    return graph.compile()


def breaker() -> Any:
    async def fall(state: State) -> State:
        raise RuntimeError("The graph broke.")

    graph = StateGraph(State)
    graph.add_node("fall", fall)
    graph.add_edge(START, "fall")
    return graph.compile()
