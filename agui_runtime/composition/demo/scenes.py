"""What the demo agent can do: one scene per thing worth seeing."""

import json
import re
from collections.abc import AsyncIterator

from agui_runtime.composition.demo.tools import ROLL_DICE
from agui_runtime.composition.demo.turn import Turn
from agui_runtime.domain.errors import AgentError
from agui_runtime.domain.events import (
    Event,
    StateDelta,
    StepFinished,
    StepStarted,
    TextMessageEnd,
    TextMessageStart,
    ToolCallResult,
)
from agui_runtime.domain.messages import ToolMessage

SET_ACCENT_COLOR = "setAccentColor"
"""The tool that the demo page offers; another frontend may not."""

_TASKS = (
    "Say what {goal} should achieve",
    "List what it needs, and who has it",
    "Put it in order, so that nothing waits",
    "Do the first small piece today",
    "Look back, and keep what worked",
)

_INTRODUCTION = (
    "Hello! I am the demo agent: no model, no network, the same words every time. What is real is everything "
    "between us: this text travels as a CopilotKit GraphQL stream, chunk by chunk, exactly as it would from your "
    "own agent.\n\n"
    "Try “plan a picnic” and watch my state grow, “colour teal” for a tool that runs in your frontend, "
    "“roll 3 dice” for one that runs on the server, or “fail” to see what an error looks like. "
    "Reload the page at any time: the conversation and the state are stored."
)


async def introduce(turn: Turn) -> AsyncIterator[Event]:
    """What this is, and what to try."""
    yield turn.count_turn()
    async for event in turn.say(_INTRODUCTION):
        yield event


async def plan(turn: Turn, match: re.Match[str]) -> AsyncIterator[Event]:
    """A task list that grows in the state while the text about it streams."""
    goal = (match["goal"] or "something good")[:80]
    message_id = turn.id("text")
    yield StepStarted("plan")
    yield turn.count_turn(goal=goal, tasks=[])
    yield TextMessageStart(message_id)
    async for event in turn.words(message_id, f"A plan for {goal}, one task at a time:\n"):
        yield event
    for number, template in enumerate(_TASKS, start=1):
        title = template.format(goal=goal)
        yield StateDelta(({"op": "add", "path": "/tasks/-", "value": {"title": title, "done": False}},))
        async for event in turn.words(message_id, f"\n{number}. {title}."):
            yield event
    closing = "\n\nThe list is part of my state now. Tick a task yourself, or say “next” and I tick one."
    async for event in turn.words(message_id, closing):
        yield event
    yield TextMessageEnd(message_id)
    yield StepFinished("plan")


async def tick(turn: Turn, _match: re.Match[str]) -> AsyncIterator[Event]:
    """The first open task is done: the state outlives the run that made it."""
    tasks = turn.tasks
    position = next((index for index, task in enumerate(tasks) if not task["done"]), None)
    if position is None:
        yield turn.count_turn()
        said = "All tasks are done." if tasks else "There are no tasks yet."
        async for event in turn.say(f"{said} Say “plan a picnic” for a fresh list."):
            yield event
        return
    yield StepStarted("work")
    yield turn.count_turn(tasks=tasks)
    async for event in turn.say(f"Working on “{tasks[position]['title']}”… done.", name="work"):
        yield event
    yield StateDelta(({"op": "replace", "path": f"/tasks/{position}/done", "value": True},))
    yield StepFinished("work")
    finished = 1 + sum(task["done"] for task in tasks)
    async for event in turn.say(f"That makes {finished} of {len(tasks)}."):
        yield event


async def colour(turn: Turn, match: re.Match[str]) -> AsyncIterator[Event]:
    """A call of a tool that runs in the frontend, which posts the result with its next request."""
    yield turn.count_turn()
    wanted = "".join((match["colour"] or "").split()).lower()
    if not wanted:
        async for event in turn.say("Which colour? “Colour teal”, for example, or “colour #b3261e”."):
            yield event
        return
    if not any(tool.name == SET_ACCENT_COLOR for tool in turn.run_input.tools):
        async for event in turn.say(f"This frontend offers no tool “{SET_ACCENT_COLOR}”, so I cannot colour it."):
            yield event
        return
    async for event in turn.say(f"I ask your frontend for {wanted}."):
        yield event
    async for event in turn.call(SET_ACCENT_COLOR, {"color": wanted}, parent=turn.id("text")):
        yield event


async def answer_tool_result(turn: Turn, result: ToolMessage) -> AsyncIterator[Event]:
    """The frontend ran a tool and came back."""
    said = result.error or result.content
    async for event in turn.say(
        f"Your frontend answered: {said} The call was streamed to it, ran there, and its result came back to me "
        "with the next request."
    ):
        yield event


async def roll(turn: Turn, match: re.Match[str]) -> AsyncIterator[Event]:
    """A tool that runs on the server, within the run."""
    yield turn.count_turn()
    if not turn.tools.offers(ROLL_DICE):
        async for event in turn.say(f"This runtime has no tool “{ROLL_DICE}”, so I cannot roll."):
            yield event
        return
    arguments = _dice_wanted(match.string)
    async for event in turn.call(ROLL_DICE, arguments):
        yield event
    result = await turn.tools.execute(turn.id("call"), ROLL_DICE, json.dumps(arguments))
    yield ToolCallResult(turn.id("result"), turn.id("call"), result)
    async for event in turn.say(_about_roll(result)):
        yield event


async def fail(turn: Turn, _match: re.Match[str]) -> AsyncIterator[Event]:
    """Some text, then an error in the middle of it."""
    yield turn.count_turn()
    message_id = turn.id("text")
    yield TextMessageStart(message_id)
    async for event in turn.words(message_id, "I begin as always, with every intention to finish, but then "):
        yield event
    raise AgentError("The demo agent failed because you asked it to. Nothing is broken; just say something else.")


def _dice_wanted(text: str) -> dict[str, int]:
    notation = re.search(r"\b(\d{1,4})d(\d{1,4})\b", text, re.IGNORECASE)
    if notation:
        return {"count": int(notation[1]), "sides": int(notation[2])}
    number = re.search(r"\b\d{1,4}\b", text)
    words = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
    spoken = next((value for word, value in words.items() if re.search(rf"\b{word}\b", text, re.IGNORECASE)), 1)
    return {"count": int(number[0]) if number else spoken, "sides": 6}


def _about_roll(result: str) -> str:
    rolled = json.loads(result)
    if "error" in rolled:
        return f"The dice stay in the cup: {rolled['error']['message']}"
    shown = " + ".join(str(number) for number in rolled["rolls"])
    told = f"{shown} = {rolled['total']}" if len(rolled["rolls"]) > 1 else shown
    return f"{told}. Your browser only saw the call and its result; the dice were rolled on the server."
