"""What runs say, in any order that the application lets through, and in any batches."""

from typing import Any

from attrs import define, field, frozen
from hypothesis import strategies as st

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.runs import Interrupt

INTERRUPT = {
    "value": "sure?",
    "messages": [
        {"id": "q1", "role": "assistant", "content": "Look at this"},
        {"id": "q2", "name": "show", "arguments": {"a": 1}},
        {"id": None, "role": "nobody", "content": {"b": 2}},
    ],
}


@frozen
class RandomHistory:
    """A run's events in batches, what the model gave beside them, and how the client wants pieces joined."""

    batches: tuple[tuple[e.Event, ...], ...]
    agent_name: str | None
    run_id: Any
    extensions: Any
    streaming: Any
    breaks: bool


STEPS = st.sampled_from(
    [
        "text",
        "call",
        "piece",
        "piece",
        "piece",
        "piece",
        "end",
        "result",
        "state",
        "step",
        "question",
    ]
)
TEXT = st.sampled_from(["", "a", "two words", '"quoted"\n', "ü", "\ud83d", "\ude00"])
QUESTION = st.sampled_from(
    [
        e.Custom("on_interrupt", "sure?"),
        e.Custom("CopilotKitLangGraphInterruptEvent", INTERRUPT),
        e.Custom("Exit"),
        e.Custom("not for clients of GraphQL"),
    ]
)
PARENT = st.sampled_from([None, "parent", 7, {"no": "text"}])
NAME = st.sampled_from(["search", "search", "search", None, 5, ["no", "text"]])


@define
class _Run:
    draw: Any
    events: list[e.Event] = field(factory=list[e.Event])
    open: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    count: int = 0

    def step(self, kind: str) -> None:
        match kind:
            case "text":
                self._open("text", e.TextMessageStart(self._id(), parent_message_id=self.draw(PARENT)))
            case "call":
                self._open("call", e.ToolCallStart(self._id(), self.draw(NAME), parent_message_id=self.draw(PARENT)))
            case "piece" if self.open:
                which, id_ = self.draw(st.sampled_from(self.open))
                kind_of = e.TextMessageContent if which == "text" else e.ToolCallArgs
                self.events.append(kind_of(id_, self.draw(TEXT)))
            case "end" if self.open:
                self.close(self.draw(st.integers(0, len(self.open) - 1)), unfinished=False)
            case "result":
                self.events.append(e.ToolCallResult("own", self._id(), self.draw(TEXT)))
            case "state":
                self.events.append(e.StateSnapshot({"step": self.count}))
            case "step":
                self.events.append(e.StepStarted(f"node{self.count}"))
            case "question":
                self.events.append(self.draw(QUESTION))

    def close(self, index: int, *, unfinished: bool) -> None:
        which, id_ = self.open.pop(index)
        kind = e.TextMessageEnd if which == "text" else e.ToolCallEnd
        self.events.append(kind(id_, closed_by_runtime=unfinished))

    def _open(self, which: str, event: Any) -> None:
        self.open.append((which, f"id{self.count}"))
        self.events.append(event)

    def _id(self) -> str:
        self.count += 1
        return f"id{self.count}"


@st.composite
def histories(draw: Any) -> RandomHistory:
    run = _Run(draw)
    for step in draw(st.lists(STEPS, max_size=25)):
        run.step(step)
    ending = draw(st.sampled_from(["finished", "finished", "asked", "failed", "denied", "cut", "nothing"]))
    unfinished = draw(st.booleans())
    while run.open and ending != "cut":
        run.close(-1, unfinished=unfinished)
    run.events.extend(_ending(ending))
    return RandomHistory(
        batches=_batches(draw, run.events),
        agent_name=draw(st.sampled_from([None, "writer"])),
        run_id=draw(st.sampled_from([None, "run-of-the-model"])),
        extensions=draw(
            st.sampled_from([None, {}, {"openaiAssistantAPI": {"runId": "r", "threadId": {"no": "text"}}}])
        ),
        streaming=draw(
            st.sampled_from([None, None, _streaming(0), _streaming(8), _streaming(100, intermediate=False)])
        ),
        breaks=draw(st.sampled_from([False, False, False, True])),
    )


def _ending(ending: str) -> list[e.Event]:
    match ending:
        case "finished":
            return [e.RunFinished("t", "r")]
        case "asked":
            return [e.RunFinished("t", "r", interrupts=(Interrupt("i", {"ok": "?"}),))]
        case "failed":
            return [e.RunError("it broke", "SOME_CODE")]
        case "denied":
            return [e.RunError("off topic", ErrorCode.GUARDRAIL_DENIED)]
        case _:
            return []


def _batches(draw: Any, events: list[e.Event]) -> tuple[tuple[e.Event, ...], ...]:
    batches: list[tuple[e.Event, ...]] = []
    while events:
        size = draw(st.sampled_from([1, 1, 2, 5, 100]))
        batches.append(tuple(events[:size]))
        events = events[size:]
    return tuple(batches)


def _streaming(size: int, *, intermediate: bool = True) -> dict[str, Any]:
    return {"enabled": True, "bufferSize": size, "flushIntervalMs": 0, "includeIntermediateResults": intermediate}
