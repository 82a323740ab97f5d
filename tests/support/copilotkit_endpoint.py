"""CopilotKit's own remote endpoint, with actions and agents of both kinds. A program: it writes its port, then serves.

The endpoint, its routes, the run loop of ``crewai`` agents and the actions are the SDK's. LangGraph agents of the SDK's
older releases stream what ``astream_events`` gives; ``GraphAgent`` does so with a real graph.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any

import uvicorn
from copilotkit import Action, Agent, CopilotKitRemoteEndpoint
from copilotkit.integrations.fastapi import add_fastapi_endpoint
from copilotkit.langgraph import copilotkit_emit_message, copilotkit_emit_tool_call
from copilotkit.protocol import (
    RuntimeEventTypes,
    action_execution_args,
    action_execution_end,
    action_execution_start,
    agent_state_message,
    emit_runtime_events,
    text_message_content,
    text_message_end,
    text_message_start,
)
from copilotkit.runloop import CopilotKitRunExecution, copilotkit_run, queue_put
from fastapi import FastAPI, Request
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.load.dump import dumps
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

CANCELLED: list[str] = []


def said(messages: Sequence[Any]) -> str:
    texts = [message["content"] for message in messages if message.get("role") == "user"]
    return str(texts[-1]) if texts else ""


class CrewAgent(Agent):
    """What CrewAI flows do, without CrewAI: events go through the SDK's own run loop."""

    def dict_repr(self) -> Any:
        return {**super().dict_repr(), "type": "crewai"}

    def execute(self, *, state: dict[str, Any], messages: Any, thread_id: str, actions: Any = None, **_: Any) -> Any:
        return self._run(state, messages, thread_id, actions or [])

    async def _run(self, state: Any, messages: Any, thread_id: str, actions: Any) -> AsyncIterator[str]:
        execution: CopilotKitRunExecution = {
            "thread_id": thread_id,
            "agent_name": self.name,
            "run_id": "crew-run",
            "should_exit": False,
            "node_name": "start",
            "is_finished": False,
            "predict_state_configuration": {},
            "predicted_state": {},
            "argument_buffer": "",
            "current_tool_call": None,
            "state": state,
        }
        final = {**state, "said": said(messages)}
        if said(messages) == "fail":
            yield emit_runtime_events(
                text_message_start(message_id="m1"), text_message_content(message_id="m1", content="so far ")
            )
            raise RuntimeError("the crew has left")

        async def flow() -> None:
            await queue_put({"type": RuntimeEventTypes.RUN_STARTED, "state": state})
            await queue_put({"type": RuntimeEventTypes.NODE_STARTED, "node_name": "talk", "state": state})
            await self._talk(said(messages), actions)
            await queue_put({"type": RuntimeEventTypes.NODE_FINISHED, "node_name": "talk", "state": final})
            await queue_put({"type": RuntimeEventTypes.RUN_FINISHED, "state": final})

        try:
            async for lines in copilotkit_run(fn=flow, execution=execution):
                yield lines
        except (asyncio.CancelledError, GeneratorExit):
            CANCELLED.append(thread_id)
            raise
        yield emit_runtime_events(
            agent_state_message(
                thread_id=thread_id,
                agent_name=self.name,
                node_name="talk",
                run_id="crew-run",
                active=False,
                role="assistant",
                state=json.dumps(final),
                running=True,
            )
        )

    async def _talk(self, text: str, actions: Any) -> None:
        match text:
            case "tool":
                await queue_put(action_execution_start(action_execution_id="call-1", action_name=actions[0]["name"]))
                await queue_put(action_execution_args(action_execution_id="call-1", args='{"city":"Paris"}'))
                await queue_put(action_execution_end(action_execution_id="call-1"))
            case "forever":
                await queue_put(text_message_start(message_id="m1"))
                while True:
                    await queue_put(text_message_content(message_id="m1", content="on and on "))
                    await asyncio.sleep(0.01)
            case _:
                await queue_put(text_message_start(message_id="m1"))
                for word in ("you ", "said ", text):
                    await queue_put(text_message_content(message_id="m1", content=word))
                await queue_put(text_message_end(message_id="m1"))

    async def get_state(self, *, thread_id: str) -> Any:
        if thread_id != "known":
            return await super().get_state(thread_id=thread_id)  # type: ignore[safe-super]
        messages = [
            {"role": "user", "content": "hello", "id": "h1"},
            {"role": "assistant", "content": "hi", "id": "a1"},
        ]
        return {"threadId": thread_id, "threadExists": True, "state": {"topic": "cats"}, "messages": messages}


class State(MessagesState):
    approved: str


async def talk(state: State, config: RunnableConfig) -> dict[str, Any]:
    text = str(state["messages"][-1].content)
    if text == "tool":
        await copilotkit_emit_tool_call(config, name="weather", args={"city": "Paris"}, tool_call_id="call-1")
        return {}
    if text == "interrupt":
        answer = interrupt("approve?")
        return {"approved": str(answer)}
    if text == "emit":
        await copilotkit_emit_message(config, "by hand")
        return {}
    model = GenericFakeChatModel(messages=iter([AIMessage(content=f"you said {text}")]))
    return {"messages": [await model.ainvoke(state["messages"], config)]}


builder = StateGraph(State)
builder.add_node("talk", talk)
builder.add_edge(START, "talk")
builder.add_edge("talk", END)
graph = builder.compile(checkpointer=InMemorySaver())


class GraphAgent(Agent):
    """What the SDK's LangGraph agent streamed."""

    def dict_repr(self) -> Any:
        return {**super().dict_repr(), "type": "langgraph"}

    def execute(self, *, messages: Any, thread_id: str, meta_events: Any = None, **_: Any) -> Any:
        answers = [event["response"] for event in meta_events or [] if "response" in event]
        given = Command(resume=answers[0]) if answers else {"messages": [("user", said(messages))]}
        return self._run(given, thread_id)

    async def _run(self, given: Any, thread_id: str) -> AsyncIterator[str]:
        config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
        async for event in graph.astream_events(given, config, version="v2"):
            chunk = event["data"].get("chunk")
            questions = chunk.get("__interrupt__") if isinstance(chunk, dict) else None
            if questions:
                yield dumps({"event": "on_interrupt", "value": questions[0].value}) + "\n"
                continue
            yield dumps(event) + "\n"
        values = (await graph.aget_state(config)).values
        state = {key: value for key, value in values.items() if key != "messages"}
        sync = {"event": "on_copilotkit_state_sync", "thread_id": thread_id, "run_id": "graph-run", "role": "assistant"}
        yield (
            dumps(
                {**sync, "agent_name": self.name, "node_name": "talk", "active": False, "running": True, "state": state}
            )
            + "\n"
        )

    async def get_state(self, *, thread_id: str) -> Any:
        return await super().get_state(thread_id=thread_id)  # type: ignore[safe-super]


def shout(text: str) -> str:
    return text.upper()


def explode() -> str:
    raise RuntimeError("the action exploded")


def main() -> None:
    endpoint = CopilotKitRemoteEndpoint(
        actions=[
            Action(
                name="shout",
                description="Upper-case a text",
                handler=shout,
                parameters=[{"name": "text", "type": "string"}],
            ),
            Action(name="explode", handler=explode),
        ],
        agents=[CrewAgent(name="crew", description="A crew"), GraphAgent(name="graph", description="A graph")],
    )
    app = FastAPI()
    add_fastapi_endpoint(app, endpoint, "/copilotkit")

    @app.get("/cancelled")
    async def cancelled(_: Request) -> list[str]:
        return CANCELLED

    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])


if __name__ == "__main__":
    main()
