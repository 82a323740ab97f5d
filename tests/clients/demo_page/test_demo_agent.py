"""The demo agent, through the lifecycle that every run passes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from agui_runtime.application.ports import Agent
from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.application.values import RunContext
from agui_runtime.composition.demo.agent import DemoAgent
from agui_runtime.composition.demo.tools import ROLL_DICE, roll_dice
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError
from agui_runtime.domain.history import fold_messages, next_state
from agui_runtime.domain.identity import ANONYMOUS, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.messages import AssistantMessage, Message, ToolMessage, UserMessage
from agui_runtime.domain.runs import Finished, RunInput
from agui_runtime.domain.tools import ServerTool, Tool
from tests.support.aio import run

FRONTEND_TOOLS = (Tool("setAccentColor"),)


def said(text: str, *, state: Any = None, run_id: str = "run-1") -> RunInput:
    return RunInput(
        ThreadId("thread-1"),
        RunId(run_id),
        messages=(UserMessage(id="user-1", content=text),),
        state={} if state is None else state,
        tools=FRONTEND_TOOLS,
    )


def events_of(given: RunInput, *tools: ServerTool) -> list[e.Event]:
    async def scenario() -> list[e.Event]:
        executor = ToolExecutor({tool.tool.name: tool for tool in tools}, default_seconds=1.0)
        context = RunContext(Caller(ANONYMOUS, Scope("default")), executor)
        started = await DemoAgent(delay=0).start(given, context)
        lifecycle = Lifecycle()
        passed = [out async for event in started.events for out in lifecycle.feed(event)]
        assert outcome_of(lifecycle.ending) == Finished()
        return passed

    return run(scenario())


def messages_of(events: list[e.Event]) -> tuple[Message, ...]:
    return fold_messages(events)


def words_of(events: list[e.Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, e.TextMessageContent))


def state_after(events: list[e.Event], start: Mapping[str, Any]) -> Any:
    state: Any = start
    for event in events:
        state = next_state(state, event)
    return state


def test_it_is_an_agent_named_demo() -> None:
    agent: Agent = DemoAgent()
    assert agent.describe().name == "demo"


def test_words_it_does_not_know_are_answered_with_what_to_try() -> None:
    text = words_of(events_of(said("hello there")))
    assert "plan a picnic" in text
    assert "roll 3 dice" in text


def test_a_conversation_without_a_user_message_is_answered_too() -> None:
    assert "demo agent" in words_of(events_of(evolve(said(""), messages=())))


def test_text_comes_in_many_pieces() -> None:
    pieces = [event for event in events_of(said("hello")) if isinstance(event, e.TextMessageContent)]
    assert len(pieces) > 50


def test_the_same_input_gives_the_same_events() -> None:
    assert events_of(said("plan a trip")) == events_of(said("plan a trip"))


def test_message_ids_differ_between_runs() -> None:
    first, second = (messages_of(events_of(said("hello", run_id=run_id)))[0].id for run_id in ("run-1", "run-2"))
    assert first != second


def test_a_plan_grows_in_the_state_one_task_at_a_time() -> None:
    events = events_of(said("Plan a house move, please"))
    deltas = [event for event in events if isinstance(event, e.StateDelta)]
    state = state_after(events, {})
    assert len(deltas) == len(state["tasks"]) == 5
    assert state["goal"] == "a house move, please"
    assert not any(task["done"] for task in state["tasks"])


def test_a_plan_is_a_step_that_ends() -> None:
    steps = [event for event in events_of(said("plan x")) if isinstance(event, e.StepStarted | e.StepFinished)]
    assert [type(step) for step in steps] == [e.StepStarted, e.StepFinished]


def test_what_others_keep_in_the_state_stays() -> None:
    assert state_after(events_of(said("plan x", state={"mine": 1})), {"mine": 1})["mine"] == 1


def test_turns_are_counted_across_runs() -> None:
    assert state_after(events_of(said("hello", state={"turns": 4})), {})["turns"] == 5


@pytest.mark.parametrize("state", [None, [], "text", {"turns": "many", "tasks": "none"}, {"tasks": [1, {"title": 2}]}])
def test_a_state_of_another_shape_is_no_reason_to_fail(state: Any) -> None:
    assert "There are no tasks yet." in words_of(events_of(said("next", state=state)))


def test_next_ticks_the_first_open_task() -> None:
    state = {"tasks": [{"title": "a", "done": True}, {"title": "b", "done": False}, {"title": "c", "done": False}]}
    events = events_of(said("next", state=state))
    assert [task["done"] for task in state_after(events, state)["tasks"]] == [True, True, False]
    assert words_of(events).endswith("That makes 2 of 3.")


def test_next_says_so_when_all_is_done() -> None:
    assert "All tasks are done." in words_of(events_of(said("next", state={"tasks": [{"title": "a", "done": True}]})))


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("colour teal", "teal"),
        ("Color it to Dark Orange please!", "darkorange"),
        ("please colour #B3261E", "#b3261e"),
    ],
)
def test_a_colour_becomes_a_call_of_the_frontends_tool(text: str, colour: str) -> None:
    (message,) = messages_of(events_of(said(text)))
    assert isinstance(message, AssistantMessage)
    (call,) = message.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("setAccentColor", {"color": colour})


def test_a_calls_arguments_are_streamed() -> None:
    assert sum(isinstance(event, e.ToolCallArgs) for event in events_of(said("colour teal"))) > 1


def test_a_missing_colour_is_asked_for() -> None:
    assert words_of(events_of(said("colour"))).startswith("Which colour?")


def test_a_frontend_without_the_tool_is_told() -> None:
    events = events_of(evolve(said("colour teal"), tools=()))
    assert "offers no tool" in words_of(events)
    assert not any(isinstance(event, e.ToolCallStart) for event in events)


def test_the_frontends_result_gets_a_closing_sentence() -> None:
    asked = said("colour teal")
    result = ToolMessage(id="result-1", tool_call_id="run-1-call", content="The accent colour is now teal.")
    text = words_of(events_of(evolve(asked, run_id=RunId("run-2"), messages=(*asked.messages, result))))
    assert "answered: The accent colour is now teal." in text


def test_dice_are_rolled_on_the_server() -> None:
    events = events_of(said("roll 3 dice"), roll_dice(seed=1))
    (result,) = (event for event in events if isinstance(event, e.ToolCallResult))
    rolled = json.loads(result.content)
    assert len(rolled["rolls"]) == 3
    assert f"= {rolled['total']}." in words_of(events)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("roll a die", {"count": 1, "sides": 6}),
        ("roll three dice", {"count": 3, "sides": 6}),
        ("2d20", {"count": 2, "sides": 20}),
    ],
)
def test_dice_are_asked_for_as_people_say_it(text: str, arguments: dict[str, int]) -> None:
    (call,) = (
        call
        for message in messages_of(events_of(said(text), roll_dice()))
        if isinstance(message, AssistantMessage)
        for call in message.tool_calls
    )
    assert json.loads(call.arguments) == arguments


def test_more_dice_than_there_are_is_a_tool_fault_in_words() -> None:
    text = words_of(events_of(said("roll 99 dice"), roll_dice()))
    assert text == "The dice stay in the cup: count must be a whole number from 1 to 10."


def test_a_runtime_without_the_tool_is_no_reason_to_fail() -> None:
    assert f"no tool “{ROLL_DICE}”" in words_of(events_of(said("roll")))


def test_fail_says_something_and_raises_a_friendly_error() -> None:
    seen: list[e.Event] = []

    async def scenario() -> None:
        context = RunContext(Caller(ANONYMOUS, Scope("default")), ToolExecutor({}, default_seconds=1.0))
        started = await DemoAgent(delay=0).start(said("fail"), context)
        async for event in started.events:
            seen.append(event)

    with pytest.raises(AgentError, match="because you asked it to"):
        run(scenario())
    assert words_of(seen).startswith("I begin")


def test_the_word_that_comes_first_decides() -> None:
    assert "A plan for a colour scheme" in words_of(events_of(said("plan a colour scheme")))


def test_only_the_newest_user_message_counts() -> None:
    messages = (
        UserMessage(id="1", content="fail"),
        AssistantMessage(id="2", content="x"),
        UserMessage(id="3", content="hi"),
    )
    assert words_of(events_of(evolve(said(""), messages=messages))).startswith("Hello!")


def test_the_same_seed_rolls_the_same_and_each_roll_anew() -> None:
    first, second = roll_dice(seed=3), roll_dice(seed=3)
    rolls = [run(tool.handler({"count": 10})) for tool in (first, first, second)]
    assert rolls[0] == rolls[2]
    assert rolls[0] != rolls[1]
