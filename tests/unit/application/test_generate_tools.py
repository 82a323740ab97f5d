"""Tools within a run: what is offered to whom, server tools, and agents that a model calls."""

from collections.abc import AsyncIterator
from typing import Any

from agui_runtime.adapters.scripted import ScriptedAgent, ScriptedModel, call, say
from agui_runtime.application.values import AgentInput, ModelRequest, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.messages import AssistantMessage, ToolCall
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import Tool
from tests.unit.application.world import (
    THREAD,
    Hooks,
    World,
    agent_that_says,
    model_that_says,
    only,
    scenario,
    server_tool,
    to_agent,
    to_model,
    user,
)

CONFIRM = Tool("confirm", "Asks the user")
HELPER = AgentName("helper")


async def add(arguments: dict[str, Any]) -> Any:
    return arguments["a"] + arguments["b"]


ADD = server_tool("add", add)
HELP = call("c", "helper", ["{}"])
STARTED = e.ToolCallResult("result-c", "c", "helper agent started")


def test_a_model_is_offered_server_tools_then_agents_then_the_frontends() -> None:
    asked: list[ModelRequest] = []

    async def play(request: ModelRequest) -> AsyncIterator[e.Event]:
        asked.append(request)
        yield e.Custom("nothing")

    world = World(model=ScriptedModel(play), tools=(ADD,), agents=(agent_that_says(name=HELPER),))

    async def test() -> None:
        of_client = (CONFIRM, Tool("add", "not the server's"), Tool("helper", "not the agent"))
        await world.complete(to_model(tools=of_client))
        (request,) = asked
        assert [tool.name for tool in request.tools] == ["add", "helper", "confirm"]
        assert request.tools[0] == ADD.tool
        assert request.tools[1].parameters["properties"] == {}

    scenario(world, test)


def test_an_agent_is_offered_server_tools_but_itself_then_the_frontends() -> None:
    given: list[RunInput] = []

    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        given.append(run_input)
        yield e.RunFinished(run_input.thread_id, run_input.run_id)

    tools = (ADD, server_tool("writer", add))
    world = World(tools=tools, agents=(ScriptedAgent("writer", play), agent_that_says(name=HELPER)))

    async def test() -> None:
        await world.complete(to_agent(tools=(CONFIRM,)))
        assert [tool.name for tool in given[0].tools] == ["add", "confirm"]

    scenario(world, test)


def test_a_server_tool_of_an_agents_name_comes_first() -> None:
    world = World(model=model_that_says(*call("c", "helper", ['{"a":1,"b":2}'])), tools=(server_tool("helper", add),))
    world.agents = (agent_that_says(*say("inner", ["never"]), name=HELPER),)

    async def test() -> None:
        (result,) = only(await world.complete(to_model()), e.ToolCallResult)
        assert result.content == "3"

    scenario(world, test)


def test_a_server_tool_works_for_models_and_agents_alike() -> None:
    calls = call("c", "add", ['{"a":1,"b":2}'])
    world = World(tools=(ADD,), model=model_that_says(*calls), agents=(agent_that_says(*calls),))

    async def test() -> None:
        for request in (to_model(), to_agent(thread_id=None)):
            events = await world.complete(request)
            assert only(events, e.ToolCallResult) == [e.ToolCallResult("result-c", "c", "3")]

    scenario(world, test)


def test_a_tool_that_fails_does_not_fail_the_run() -> None:
    async def explode(_: dict[str, Any]) -> Any:
        raise RuntimeError("handler exploded")

    world = World(
        tools=(server_tool("boom", explode),), model=model_that_says(*call("c", "boom", ["{}"]), *say("m", ["on"]))
    )

    async def test() -> None:
        events = await world.complete(to_model())
        assert '"code":"HANDLER_ERROR","message":"handler exploded"' in only(events, e.ToolCallResult)[0].content
        assert events[-1].type == "RUN_FINISHED"

    scenario(world, test)


def helper_world(*inner: e.Event, **given: Any) -> World:
    model = model_that_says(*HELP, *say("m", ["after"]))
    return World(model=model, agents=(agent_that_says(*inner, name=HELPER),), **given)


def test_an_agent_called_by_a_model_speaks_within_the_same_run() -> None:
    world = helper_world(*say("inner", ["hi"]))

    async def test() -> None:
        events = await world.complete(to_model())
        assert events[1:-1] == [*HELP, STARTED, *say("inner", ["hi"]), *say("m", ["after"])]
        assert len(only(events, e.RunStarted)) == len(only(events, e.RunFinished)) == 1

    scenario(world, test)


def test_a_called_agents_state_is_its_own() -> None:
    world = helper_world(
        e.StepStarted("think"),
        e.StateSnapshot({"n": 1}),
        e.StateDelta(({"op": "replace", "path": "/n", "value": 2},)),
        e.StepFinished("think"),
    )

    async def test() -> None:
        events = await world.complete(to_model())
        reports = only(events, e.AgentStateMessage)
        assert [(report.node_name, report.state, report.active) for report in reports] == [
            ("think", {}, True),
            ("think", {"n": 1}, True),
            ("think", {"n": 2}, True),
            ("think", {"n": 2}, False),
            ("think", {"n": 2}, False),
        ]
        assert {report.agent_name for report in reports} == {HELPER}
        assert only(events, e.StateSnapshot) == []
        assert await world.state(HELPER) == {"n": 2}

    scenario(world, test)


def test_a_called_agent_starts_from_its_own_state_and_its_own_properties() -> None:
    given: list[RunInput] = []

    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        given.append(run_input)
        yield e.RunFinished(run_input.thread_id, run_input.run_id)

    world = World(model=model_that_says(*HELP), agents=(ScriptedAgent(HELPER, play),))

    async def test() -> None:
        states = (AgentInput(HELPER, {"of": "helper"}), AgentInput(AgentName("else"), {"of": "else"}))
        await world.complete(to_model(agent_states=states, forwarded_props_for=lambda name: {"for": name}))
        (run_input,) = given
        assert (run_input.agent_name, run_input.state, run_input.forwarded_props) == (
            HELPER,
            {"of": "helper"},
            {"for": HELPER},
        )
        assert run_input.thread_id == THREAD

    scenario(world, test)


def test_a_called_agent_that_reports_no_state_stores_none() -> None:
    world = helper_world(*say("inner", ["hi"]))

    async def test() -> None:
        assert only(await world.complete(to_model()), e.AgentStateMessage) == []
        assert await world.state(HELPER) is None

    scenario(world, test)


def failing(ending: str) -> ScriptedAgent:
    async def play(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        yield e.TextMessageStart("inner")
        yield e.StateSnapshot({"n": 1})
        if ending == "raises":
            raise RuntimeError("inner broke")
        if ending == "says so":
            yield e.RunError("inner broke")
        if ending == "breaks the order":
            yield e.ToolCallEnd("nowhere")

    return ScriptedAgent(HELPER, play)


def run_failing(ending: str) -> tuple[World, Hooks, list[e.Event]]:
    hooks = Hooks()
    world = World(model=model_that_says(*HELP, *say("m", ["after"])), agents=(failing(ending),), hooks=hooks)
    events: list[e.Event] = []

    async def test() -> None:
        events.extend(await world.complete(to_model()))
        assert await world.state(HELPER) is None
        assert e.TextMessageEnd("inner", closed_by_runtime=True) in events
        assert not any(isinstance(event, e.TextMessageContent) for event in events)

    scenario(world, test)
    return world, hooks, events


def test_a_called_agent_that_raises_fails_the_run_with_its_message() -> None:
    _, _, events = run_failing("raises")
    assert events[-1] == e.RunError("inner broke", ErrorCode.AGENT_FAILED)


def test_a_called_agent_that_says_an_error_fails_the_run_with_its_message() -> None:
    _, _, events = run_failing("says so")
    assert events[-1] == e.RunError("inner broke", ErrorCode.AGENT_FAILED)


def test_a_called_agent_that_just_ends_fails_the_run() -> None:
    _, _, events = run_failing("just ends")
    assert isinstance(events[-1], e.RunError)
    assert "without emitting a terminal event" in events[-1].message


def test_a_called_agent_that_breaks_the_order_is_told_so() -> None:
    _, _, events = run_failing("breaks the order")
    assert isinstance(events[-1], e.RunError)
    assert (events[-1].code, "TOOL_CALL_END" in events[-1].message) == (ErrorCode.INVALID_EVENT, True)


def test_a_called_agents_results_are_part_of_the_history() -> None:
    world = helper_world(*say("inner", ["hi"]))

    async def test() -> None:
        await world.complete(to_model())
        assert [message.id for message in await world.history()] == ["question-1", "c", "result-c", "inner", "m"]

    scenario(world, test)


def test_a_called_agent_may_use_server_tools() -> None:
    world = helper_world(*call("i", "add", ['{"a":2,"b":2}']), tools=(ADD,))

    async def test() -> None:
        results = {
            result.tool_call_id: result.content for result in only(await world.complete(to_model()), e.ToolCallResult)
        }
        assert results == {"c": "helper agent started", "i": "4"}

    scenario(world, test)


def test_a_model_is_asked_with_every_earlier_call_answered() -> None:
    asked: list[ModelRequest] = []

    async def listen(request: ModelRequest) -> AsyncIterator[e.Event]:
        asked.append(request)
        for event in say("m", ["Hi."]):
            yield event

    world = World(model=ScriptedModel(listen))
    left_open = AssistantMessage(id="a", tool_calls=(ToolCall("c", "show_map"),))

    async def test() -> None:
        await world.complete(to_model(messages=(left_open, user("never mind"))))
        assert [type(message).__name__ for message in asked[0].messages] == [
            "AssistantMessage",
            "ToolMessage",
            "UserMessage",
        ]

    scenario(world, test)
