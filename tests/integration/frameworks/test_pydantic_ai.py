import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai import RunContext as ToolContext
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.ui import StateDeps

from agui_runtime.adapters.pydantic_ai import PydanticAIAgent
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import (
    Event,
    RunError,
    RunFinished,
    ToolCallArgs,
    ToolCallEnd,
    ToolCallResult,
    ToolCallStart,
)
from agui_runtime.domain.messages import (
    ActivityMessage,
    AssistantMessage,
    MediaPart,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from agui_runtime.domain.tools import Tool
from tests.support.agents import answer, context, question, text
from tests.support.aio import run
from tests.unit.application.world import WRITER, World, only, scenario, server_tool, to_agent

SHOW_MAP = Tool("show_map", "Shows a map", {"type": "object", "properties": {"city": {"type": "string"}}})


class Basket(BaseModel):
    fruits: list[str] = []


def results_in(message: ModelMessage) -> list[Any]:
    return [part.content for part in message.parts if isinstance(part, ToolReturnPart)]


async def echo(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
    last = messages[-1]
    assert isinstance(last, ModelRequest)
    prompts = [part.content for part in last.parts if isinstance(part, UserPromptPart)]
    for piece in ("You ", "said ", str(prompts[-1]), "."):
        yield piece
        await asyncio.sleep(0)


def calling(*names: str) -> FunctionModel:
    """Calls these tools at once, then tells their results."""

    async def answer_with(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        results = results_in(messages[-1])
        if results:
            yield f"Results: {results}"
            return
        for index, name in enumerate(names):
            yield {index: DeltaToolCall(name=name, json_args='{"city":', tool_call_id=f"call-{name}")}
            yield {index: DeltaToolCall(json_args='"Rome"}')}

    return FunctionModel(stream_function=answer_with)


def agent(model: Any, **given: Any) -> PydanticAIAgent:
    return PydanticAIAgent(Agent(model), WRITER, **given)


async def weather(arguments: dict[str, Any]) -> str:
    return f"sunny in {arguments['city']}"


def test_text_comes_piece_by_piece_and_the_run_ends_with_its_usage() -> None:
    said = run(answer(agent(FunctionModel(stream_function=echo))))
    assert text(said) == "You said Hello."
    end = said[-1]
    assert isinstance(end, RunFinished)
    assert end.usage[0]["outputTokens"] > 0


def test_a_call_of_a_frontend_tool_ends_the_run_unanswered() -> None:
    said = run(answer(agent(calling("show_map")), question(tools=(SHOW_MAP,))))
    assert [event.tool_call_name for event in only(said, ToolCallStart)] == ["show_map"]
    assert "".join(event.delta for event in only(said, ToolCallArgs)) == '{"city":"Rome"}'
    assert only(said, ToolCallResult) == []
    assert isinstance(said[-1], RunFinished)


def test_the_agent_goes_on_when_the_frontend_has_answered() -> None:
    history = (
        UserMessage(id="u", content="Map?"),
        AssistantMessage(id="a", tool_calls=(ToolCall("call-show_map", "show_map", '{"city":"Rome"}'),)),
        ToolMessage(id="x", tool_call_id="call-show_map", content="shown"),
    )
    said = run(answer(agent(calling("show_map")), question(*history, tools=(SHOW_MAP,))))
    assert text(said) == "Results: ['shown']"


def test_a_server_tool_runs_once_and_the_agent_goes_on_with_its_result() -> None:
    calls: list[str] = []

    async def counted(arguments: dict[str, Any]) -> str:
        calls.append(arguments["city"])
        return await weather(arguments)

    world = World(agents=(agent(calling("weather")),), tools=(server_tool("weather", counted),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert [event.content for event in only(said, ToolCallResult)] == ["sunny in Rome"]
        assert text(said) == "Results: ['sunny in Rome']"
        assert calls == ["Rome"]

    scenario(world, test)


def test_a_frontend_call_beside_a_server_call_is_left_to_the_frontend() -> None:
    world = World(agents=(agent(calling("weather", "show_map")),), tools=(server_tool("weather", weather),))

    async def test() -> None:
        said = await world.complete(to_agent(tools=(SHOW_MAP,)))
        assert {event.tool_call_id for event in only(said, ToolCallResult)} == {"call-weather"}
        assert len(only(said, ToolCallEnd)) == 2
        assert isinstance(said[-1], RunFinished)

    scenario(world, test)


def test_dependencies_are_made_for_each_run_and_get_its_state() -> None:
    seen: list[list[str]] = []
    keeper = Agent(TestModel(custom_output_text="done"), deps_type=StateDeps[Basket])

    @keeper.tool
    async def look(ctx: ToolContext[StateDeps[Basket]]) -> str:
        seen.append(list(ctx.deps.state.fruits))
        ctx.deps.state.fruits.append("pear")
        return "seen"

    keeping = PydanticAIAgent(keeper, "keeper", deps=lambda run_input, context: StateDeps(Basket()))

    async def main() -> None:
        await answer(keeping, question(state={"fruits": ["apple"]}))
        await answer(keeping, question())

    run(main())
    assert seen == [["apple"], []]


def test_what_the_model_raises_is_the_runs_error_after_what_was_said() -> None:
    async def fail(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield "so far "
        raise RuntimeError("The model broke.")

    said = run(answer(agent(FunctionModel(stream_function=fail))))
    assert text(said) == "so far "
    assert isinstance(said[-1], RunError)
    assert said[-1].message == "The model broke."


def test_cancelling_the_run_cancels_the_model() -> None:
    async def main() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def sleep(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            yield "never"

        reading = asyncio.create_task(answer(agent(FunctionModel(stream_function=sleep))))
        await asyncio.wait_for(begun.wait(), 20)
        reading.cancel()
        await asyncio.wait({reading})
        await asyncio.wait_for(ended.wait(), 20)

    run(main())


def test_closing_the_events_stops_the_agent() -> None:
    async def main() -> None:
        ended = asyncio.Event()

        async def talk(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
            try:
                while True:
                    yield "on and "
                    await asyncio.sleep(0)
            finally:
                ended.set()

        started = await agent(FunctionModel(stream_function=talk)).start(question(), context())
        heard: list[Event] = []
        async for event in started.events:
            heard.append(event)
            if text(heard):
                break
        await started.events.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(ended.wait(), 20)

    run(main())


def test_runs_beside_each_other_do_not_mix() -> None:
    async def main() -> None:
        shared = agent(FunctionModel(stream_function=echo))
        asked = [question(UserMessage(id="u", content=f"number {n}"), thread_id=f"t{n}") for n in range(5)]
        all_said = await asyncio.gather(*(answer(shared, one) for one in asked))
        assert [text(said) for said in all_said] == [f"You said number {n}." for n in range(5)]

    run(main())


def test_a_broken_conversation_reaches_the_agent_repaired() -> None:
    heard: list[ModelMessage] = []

    async def listen(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        heard.extend(messages)
        yield "ok"

    history = (
        UserMessage(id="u1", content="Map?"),
        AssistantMessage(id="a1", tool_calls=(ToolCall("c1", "show_map", "{}"),)),
        ActivityMessage(id="v1", activity_type="plan", content={}),
        ToolMessage(id="x1", tool_call_id="nobody", content="?"),
        UserMessage(id="u2", content=(TextPart("Never mind."), MediaPart("binary", "image/png", data="QUJD"))),
    )
    said = run(answer(agent(FunctionModel(stream_function=listen)), question(*history)))
    assert isinstance(said[-1], RunFinished), said[-1]
    answered = [part.tool_call_id for message in heard for part in message.parts if isinstance(part, ToolReturnPart)]
    assert answered == ["c1"]


def test_options_reach_the_run() -> None:
    seen: list[Any] = []

    async def listen(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        seen.append(info.model_settings)
        yield "ok"

    run(answer(agent(FunctionModel(stream_function=listen), options={"model_settings": {"temperature": 0.5}})))
    assert seen[0]["temperature"] == 0.5


def test_an_agent_without_a_name_needs_one() -> None:
    with pytest.raises(ConfigurationError, match="has no name; pass one"):
        PydanticAIAgent(Agent(TestModel()))


def test_an_agent_has_its_own_name_where_none_is_given() -> None:
    described = PydanticAIAgent(Agent(TestModel(), name="own"), description="Helps.").describe()
    assert (described.name, described.description) == ("own", "Helps.")
