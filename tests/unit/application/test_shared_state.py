"""A model that knows its page's state, and changes it."""

import asyncio
from typing import Any

import pytest

from agui_runtime.adapters.scripted import call, say
from agui_runtime.application.model_agent import ModelAgent
from agui_runtime.application.shared_state import SharedState
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import StateDelta, StateSnapshot, TextMessageContent, ToolCallResult
from agui_runtime.domain.messages import SystemMessage
from agui_runtime.domain.tools import Tool
from tests.unit.application.test_model_agent import Model
from tests.unit.application.world import WRITER, World, agent_context, only, scenario, server_tool, to_agent

SNAPSHOT, DELTA = "AGUISendStateSnapshot", "AGUISendStateDelta"
ADD = '{"delta":[{"op":"add","path":"/items/-","value":"milk"}]}'


def editing(*turns: Any, tools: tuple[Any, ...] = ()) -> tuple[World, Model]:
    model = Model(*turns, say("n", ["Done."]))
    return World(agents=(ModelAgent(model, WRITER, state="edit"),), tools=tools), model


def instructions(model: Model) -> str:
    first = model.requests[0].messages[0]
    return str(first.content) if isinstance(first, SystemMessage) else ""


@pytest.mark.parametrize(
    ("access", "told", "tools"), [("hidden", False, []), ("read", True, []), ("edit", True, [SNAPSHOT, DELTA])]
)
def test_a_model_knows_as_much_of_the_state_as_it_may(access: Any, told: bool, tools: list[str]) -> None:
    model = Model(say("n", ["Hi."]))
    world = World(agents=(ModelAgent(model, WRITER, state=access),))

    async def test() -> None:
        await world.put_state({"items": ["eggs"]})
        await world.complete(to_agent())
        assert ('{"items":["eggs"]}' in instructions(model)) == told
        assert [tool.name for tool in model.requests[0].tools] == tools

    scenario(world, test)


def test_a_state_that_is_empty_is_told_only_where_it_can_be_filled() -> None:
    executor = agent_context().tools
    assert SharedState({}, "read", executor, ()).description == ""
    assert "{}" in SharedState({}, "edit", executor, ()).description


def test_a_change_is_an_event_behind_its_calls_result_and_is_saved() -> None:
    world, model = editing(call("c", DELTA, [ADD]))

    async def test() -> None:
        await world.put_state({"items": ["eggs"]})
        said = await world.complete(to_agent())
        (result,) = only(said, ToolCallResult)
        (change,) = only(said, StateDelta)
        assert result.content == '{"success":true}'
        assert said.index(change) == said.index(result) + 1
        assert await world.state() == {"items": ["eggs", "milk"]}
        assert [event.delta for event in only(said, TextMessageContent)] == ["Done."]
        assert len(model.requests) == 2

    scenario(world, test)


def test_changes_of_one_answer_build_on_each_other_in_their_order() -> None:
    first = call("a", SNAPSHOT, ['{"snapshot":{"items":[]}}'])
    world, _ = editing([*first, *call("b", DELTA, [ADD])])

    async def test() -> None:
        said = await world.complete(to_agent())
        assert only(said, StateSnapshot)[-1] == StateSnapshot({"items": []})
        assert await world.state() == {"items": ["milk"]}

    scenario(world, test)


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        (SNAPSHOT, "{", "no JSON"),
        (SNAPSHOT, "[" * 5000, "no JSON"),
        (SNAPSHOT, "[]", "snapshot must be an object"),
        (SNAPSHOT, "{}", "snapshot must be an object"),
        (SNAPSHOT, '{"snapshot":7}', "snapshot must be an object"),
        (DELTA, "", "delta must be a list"),
        (DELTA, '{"delta":{"op":"add"}}', "delta must be a list"),
        (DELTA, '{"delta":[7]}', "an operation is not an object"),
        (DELTA, '{"delta":[{"op":"replace","path":"/nowhere/x","value":1}]}', "cannot be applied"),
        (DELTA, '{"delta":[{"op":"replace","path":"","value":1}]}', "must stay an object"),
    ],
)
def test_a_change_that_cannot_be_made_is_told_to_the_model(tool: str, arguments: str, reason: str) -> None:
    world, model = editing(call("c", tool, [arguments] if arguments else []))

    async def test() -> None:
        await world.put_state({"items": ["eggs"]})
        said = await world.complete(to_agent())
        (result,) = only(said, ToolCallResult)
        assert result.content.startswith("The state is unchanged: ")
        assert reason in result.content
        assert only(said, StateDelta) == []
        assert await world.state() == {"items": ["eggs"]}
        assert len(model.requests) == 2

    scenario(world, test)


def test_a_tool_of_a_state_tools_name_stands_in_its_place() -> None:
    state = SharedState({}, "edit", agent_context().tools, (Tool(DELTA, "The page's own."),))
    assert [tool.name for tool in state.tools] == [SNAPSHOT]
    assert not state.offers(DELTA)


def test_the_servers_tools_work_beside_them() -> None:
    async def weather(arguments: dict[str, object]) -> str:
        await asyncio.sleep(0)
        return "sunny"

    world, _ = editing(
        [*call("a", "weather", ["{}"]), *call("b", DELTA, [ADD])], tools=(server_tool("weather", weather),)
    )

    async def test() -> None:
        await world.put_state({"items": []})
        said = await world.complete(to_agent())
        assert [result.content for result in only(said, ToolCallResult)] == ["sunny", '{"success":true}']

    scenario(world, test)


def test_an_access_of_another_word_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must be hidden, read or edit, not 'write'"):
        ModelAgent(Model(), WRITER, state="write")  # type: ignore[arg-type]
