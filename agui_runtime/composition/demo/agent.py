"""The demo agent: deterministic, offline, and an ordinary implementation of the ``Agent`` port."""

import re
from collections.abc import AsyncIterator, Callable

from agui_runtime.application.values import AgentDescription, AgentRun, RunContext
from agui_runtime.composition.demo import scenes
from agui_runtime.composition.demo.turn import Turn
from agui_runtime.domain.events import Event, RunFinished, RunStarted
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.messages import ToolMessage, last_user_text
from agui_runtime.domain.runs import RunInput

Scene = Callable[[Turn, re.Match[str]], AsyncIterator[Event]]

_SCENES: tuple[tuple[re.Pattern[str], Scene], ...] = (
    (re.compile(r"\bplan\b(?:\s+(?P<goal>.*\w))?", re.IGNORECASE | re.DOTALL), scenes.plan),
    (re.compile(r"\b(?:next|done|tick)\b", re.IGNORECASE), scenes.tick),
    (
        re.compile(
            r"\bcolou?r\b(?:\s+(?:it|to))*\s*(?P<colour>#[0-9a-f]{3,8}\b|[a-z]+(?:\s+(?!please)[a-z]+)?)?",
            re.IGNORECASE,
        ),
        scenes.colour,
    ),
    (re.compile(r"\b(?:roll|dice|die)\b|\b\d+d\d+\b", re.IGNORECASE), scenes.roll),
    (re.compile(r"\bfail\b", re.IGNORECASE), scenes.fail),
)


class DemoAgent:
    """Reacts to words in the user's last message, and explains itself where it finds none it knows.

    Args:
        delay: seconds between two pieces of text, so that a person can watch them come.
    """

    def __init__(self, *, delay: float = 0.025) -> None:
        self._delay = delay

    def describe(self) -> AgentDescription:
        """Its name and what it is for."""
        return AgentDescription(
            AgentName("demo"), "Offline and deterministic: shows streaming, state, tools and errors without a model."
        )

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Begin a run; never refuses one."""
        return AgentRun(self._events(Turn(run_input, context.tools, self._delay)))

    async def _events(self, turn: Turn) -> AsyncIterator[Event]:
        run = turn.run_input
        yield RunStarted(run.thread_id, run.run_id)
        async for event in _scene(turn):
            yield event
        yield RunFinished(run.thread_id, run.run_id)


def _scene(turn: Turn) -> AsyncIterator[Event]:
    messages = turn.run_input.messages
    if messages and isinstance(messages[-1], ToolMessage):
        return scenes.answer_tool_result(turn, messages[-1])
    text = last_user_text(messages) or ""
    found = [(match, scene) for pattern, scene in _SCENES if (match := pattern.search(text))]
    if not found:
        return scenes.introduce(turn)
    # "Plan a colour scheme" is about a plan: the word that comes first decides.
    match, scene = min(found, key=lambda candidate: candidate[0].start())
    return scene(turn, match)
