"""A model agent that calls other agents: within its run, their states under their own names, several steps."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agui_runtime.adapters.scripted import ScriptedAgent, ScriptedModel, call, say
from agui_runtime.application.model_agent import ModelAgent
from agui_runtime.application.values import AgentInput, ModelRequest, RunContext
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import (
    AgentStateMessage,
    Custom,
    Event,
    RunError,
    RunFinished,
    RunStarted,
    StateSnapshot,
    TextMessageContent,
    TextMessageEnd,
    TextMessageStart,
    ToolCallResult,
    ToolCallStart,
)
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.messages import AssistantMessage, ToolMessage
from agui_runtime.domain.runs import Interrupt, RunInput
from agui_runtime.domain.tools import Tool
from tests.unit.application.world import World, agent_that_says, only, scenario, server_tool, to_agent, to_model

PLANNER, RESEARCHER = "planner", "researcher"
SHOW_MAP = Tool("show_map", "Shows a map")


class Model:
    """Answers one turn after another and keeps what it was asked."""

    provider = "test"

    def __init__(self, *turns: tuple[Event, ...]) -> None:
        self.requests: list[ModelRequest] = []
        self._turns = turns
        self._model = ScriptedModel(self._play)

    async def start(self, request: ModelRequest) -> Any:
        self.requests.append(request)
        return await self._model.start(request)

    async def _play(self, request: ModelRequest) -> AsyncIterator[Event]:
        for event in self._turns[len(self.requests) - 1]:
            yield event

    def offered(self, turn: int = 0) -> list[str]:
        return [tool.name for tool in self.requests[turn].tools]


def planner(model: Model, *agents: str, **given: Any) -> ModelAgent:
    return ModelAgent(model, PLANNER, agents=agents, **given)


def asked(name: str, call_id: str = "call-1") -> tuple[Event, ...]:
    return tuple(call(call_id, name, ["{}"]))


def texts(said: list[Event]) -> str:
    return "".join(event.delta for event in only(said, TextMessageContent))


def finding(*events: Event, name: str = RESEARCHER) -> ScriptedAgent:
    return agent_that_says(*(events or tuple(say("found", ["Rome is ", "sunny."]))), name=name)


def test_what_an_agent_says_goes_out_within_the_run_and_is_the_calls_result() -> None:
    model = Model(asked(RESEARCHER), tuple(say("answer", ["Go to Rome."])))
    world = World(agents=(planner(model, RESEARCHER), finding()))

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER))
        assert texts(said) == "Rome is sunny.Go to Rome."
        assert len(only(said, RunStarted)) == len(only(said, RunFinished)) == 1
        (result,) = only(said, ToolCallResult)
        assert (result.tool_call_id, result.content) == ("call-1", "Rome is sunny.")
        assert said.index(result) > said.index(only(said, TextMessageContent)[1])
        # To the model, what the agent said is the result alone.
        assert isinstance(model.requests[1].messages[-1], ToolMessage)
        assert sum(isinstance(message, AssistantMessage) for message in model.requests[1].messages) == 1
        assert len(await world.stored_events()) == len(said)

    scenario(world, test)


def test_only_the_agents_that_it_names_are_offered_and_never_itself() -> None:
    model = Model(tuple(say("m", ["hi"])))
    world = World(agents=(planner(model, RESEARCHER, PLANNER, "absent"), finding(), finding(name="other")))

    async def test() -> None:
        await world.complete(to_agent(PLANNER))
        assert model.offered() == [RESEARCHER]

    scenario(world, test)


def test_all_agents_can_be_offered_behind_the_servers_tools_and_before_the_frontends() -> None:
    async def nothing(_: dict[str, Any]) -> str:
        return "from the server"

    model = Model((*asked("other"), *asked(RESEARCHER, "call-2")), ())
    agents = (ModelAgent(model, PLANNER, agents="all"), finding(), finding(name="other"))
    world = World(agents=agents, tools=(server_tool("other", nothing),))

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER, tools=(SHOW_MAP, Tool(RESEARCHER, "A page's"))))
        assert model.offered() == ["other", RESEARCHER, "show_map"]
        assert [event.content for event in only(said, ToolCallResult)] == ["from the server", "Rome is sunny."]

    scenario(world, test)


def test_without_any_named_none_is_offered() -> None:
    model = Model(asked(RESEARCHER), tuple(say("m", ["so be it"])))
    world = World(agents=(planner(model), finding()))

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER))
        assert model.offered() == []
        assert only(said, ToolCallResult)[0].content == f"There is no tool of the name {RESEARCHER!r}."

    scenario(world, test)


def test_an_agents_state_is_reported_kept_under_its_name_and_found_by_its_next_call() -> None:
    starts: list[Any] = []

    async def count(run_input: RunInput, context: RunContext) -> AsyncIterator[Event]:
        starts.append(run_input.state)
        yield StateSnapshot({"n": run_input.state.get("n", 0) + 1})
        yield RunFinished(run_input.thread_id, run_input.run_id)

    model = Model(asked(RESEARCHER), asked(RESEARCHER, "call-2"), tuple(say("m", ["done"])))
    world = World(agents=(planner(model, RESEARCHER), ScriptedAgent(RESEARCHER, count)))

    async def test() -> None:
        await world.put_state({"n": 7}, RESEARCHER)
        said = await world.complete(to_agent(PLANNER))
        assert starts == [{"n": 7}, {"n": 8}]
        assert only(said, AgentStateMessage)[-1].state == {"n": 9}
        assert only(said, StateSnapshot) == []
        assert await world.state(RESEARCHER) == {"n": 9}
        assert await world.state(PLANNER) is None

    scenario(world, test)


def test_a_clients_state_of_the_agent_goes_before_the_stored_one() -> None:
    starts: list[Any] = []

    async def look(run_input: RunInput, context: RunContext) -> AsyncIterator[Event]:
        starts.append(run_input.state)
        yield RunFinished(run_input.thread_id, run_input.run_id)

    model = Model(asked(RESEARCHER), ())
    world = World(agents=(planner(model, RESEARCHER), ScriptedAgent(RESEARCHER, look)))

    async def test() -> None:
        sent = (AgentInput(AgentName(RESEARCHER), {"from": "the page"}),)
        await world.complete(to_agent(PLANNER, agent_states=sent))
        assert starts == [{"from": "the page"}]

    scenario(world, test)


def test_an_agent_sees_the_conversation_and_what_the_run_has_said_before() -> None:
    seen: list[list[str]] = []

    async def look(run_input: RunInput, context: RunContext) -> AsyncIterator[Event]:
        seen.append([type(message).__name__ for message in run_input.messages])
        yield RunFinished(run_input.thread_id, run_input.run_id)

    model = Model(asked(RESEARCHER), asked("writer", "call-2"), ())
    agents = (planner(model, RESEARCHER, "writer"), ScriptedAgent(RESEARCHER, look), ScriptedAgent("writer", look))

    async def test() -> None:
        await world.complete(to_agent(PLANNER))
        assert seen == [["UserMessage"], ["UserMessage", "AssistantMessage", "ToolMessage"]]

    world = World(agents=agents)
    scenario(world, test)


def test_a_call_of_a_frontend_tool_by_the_agent_ends_the_run_for_the_frontend_to_execute() -> None:
    model = Model(asked(RESEARCHER), tuple(say("m", ["never"])))
    world = World(agents=(planner(model, RESEARCHER), finding(*call("call-2", "show_map", ["{}"]))))

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER, tools=(SHOW_MAP,)))
        assert [event.tool_call_name for event in only(said, ToolCallStart)] == [RESEARCHER, "show_map"]
        assert [event.tool_call_id for event in only(said, ToolCallResult)] == ["call-1"]
        assert len(model.requests) == 1
        assert isinstance(said[-1], RunFinished)

    scenario(world, test)


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ((RunError("It broke."),), "It broke."),
        ((TextMessageEnd("other"),), f"The agent '{RESEARCHER}' failed. TEXT_MESSAGE_END came for"),
    ],
)
def test_an_agent_that_fails_is_told_to_the_model_which_goes_on(last: tuple[Event, ...], words: str) -> None:
    open_text = (TextMessageStart("found"), TextMessageContent("found", "so far"))
    model = Model(asked(RESEARCHER), tuple(say("m", ["It is away."])))
    world = World(agents=(planner(model, RESEARCHER), finding(*open_text, *last)))

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER))
        assert texts(said) == "so farIt is away."
        assert words in only(said, ToolCallResult)[0].content
        assert "HANDLER_ERROR" in only(said, ToolCallResult)[0].content
        assert isinstance(said[-1], RunFinished)

    scenario(world, test)


@pytest.mark.parametrize(
    "question",
    [
        (Custom("on_interrupt", "which?"),),
        (RunFinished("thread-1", "run-1", interrupts=(Interrupt("i", "which?"),)),),
    ],
    ids=["custom", "standard"],
)
def test_an_agent_that_asks_the_user_is_told_that_it_cannot(question: tuple[Event, ...]) -> None:
    model = Model(asked(RESEARCHER), tuple(say("m", ["I do not know."])))
    world = World(agents=(planner(model, RESEARCHER), finding(*question)))

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER))
        assert "asks the user something, which it cannot" in only(said, ToolCallResult)[0].content
        assert only(said, Custom) == []
        assert said[-1].interrupts == ()  # type: ignore[union-attr]

    scenario(world, test)


def test_an_agent_that_says_nothing_is_told_to_be_done() -> None:
    model = Model(asked(RESEARCHER), ())
    world = World(agents=(planner(model, RESEARCHER), finding(StateSnapshot({"n": 1}))))

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER))
        assert only(said, ToolCallResult)[0].content == f"The agent '{RESEARCHER}' is done, and has said nothing."

    scenario(world, test)


def test_model_agents_may_call_each_other_but_nobody_calls_those_at_work() -> None:
    inner = Model(asked(PLANNER, "call-2"), tuple(say("inner", ["inner says"])))
    outer = Model(asked(RESEARCHER), tuple(say("outer", ["outer says"])))
    agents = (ModelAgent(outer, PLANNER, agents="all"), ModelAgent(inner, RESEARCHER, agents="all"))
    world = World(agents=agents)

    async def test() -> None:
        said = await world.complete(to_agent(PLANNER))
        assert (outer.offered(), inner.offered()) == ([RESEARCHER], [])
        assert [event.content for event in only(said, ToolCallResult)] == [
            f"There is no tool of the name {PLANNER!r}.",
            "inner says",
        ]
        assert texts(said) == "inner saysouter says"

    scenario(world, test)


def test_stopping_the_run_stops_the_agent_that_was_called() -> None:
    ended = asyncio.Event()

    async def sleep(run_input: RunInput, context: RunContext) -> AsyncIterator[Event]:
        try:
            yield TextMessageStart("m")
            await asyncio.sleep(3600)
        finally:
            ended.set()

    model = Model(asked(RESEARCHER))
    world = World(agents=(planner(model, RESEARCHER), ScriptedAgent(RESEARCHER, sleep)))

    async def test() -> None:
        started = await world.start(to_agent(PLANNER))
        async for batch in started.live.follow():
            if any(isinstance(entry.event, TextMessageStart) for entry in batch):
                started.live.stop()
        await started.live.wait()
        assert ended.is_set()

    scenario(world, test)


def test_an_agent_that_plain_chat_calls_twice_goes_on_from_its_state() -> None:
    starts: list[Any] = []

    async def count(run_input: RunInput, context: RunContext) -> AsyncIterator[Event]:
        starts.append(run_input.state)
        yield StateSnapshot({"n": run_input.state.get("n", 0) + 1})
        yield RunFinished(run_input.thread_id, run_input.run_id)

    world = World(
        agents=(ScriptedAgent(RESEARCHER, count),),
        model=Model((*asked(RESEARCHER), *asked(RESEARCHER, "call-2"))),
    )

    async def test() -> None:
        await world.complete(to_model())
        assert starts == [{}, {"n": 1}]

    scenario(world, test)


def test_a_text_for_the_agents_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="must be a list of names or"):
        ModelAgent(Model(), PLANNER, agents=RESEARCHER)
