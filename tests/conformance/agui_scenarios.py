"""The scenarios of peers/agui/server.mjs that are the same events each time; ids derive from the run's, as there."""

from collections.abc import Callable, Mapping, Sequence

from agui_runtime.adapters.scripted import call, say
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.runs import Interrupt, RunInput

Script = Callable[[RunInput, Callable[[str], str], Sequence[str]], tuple[e.Event, ...]]
"""Called with the input, what makes ids, and the scenario's arguments."""

APPROVAL = {"type": "object", "properties": {"approved": {"type": "boolean"}}}
USAGE = {"provider": "none", "model": "script", "inputTokens": 1, "outputTokens": 2, "totalTokens": 3}


def words(count: int) -> list[str]:
    return [f"w{index} " for index in range(count)]


def count_of(arguments: Sequence[str], default: int) -> int:
    return int(arguments[0]) if arguments else default


def _finish(run_input: RunInput, **given: object) -> e.RunFinished:
    return e.RunFinished(run_input.thread_id, run_input.run_id, **given)  # type: ignore[arg-type]


def _text(run_input: RunInput, own: Callable[[str], str], arguments: Sequence[str]) -> tuple[e.Event, ...]:
    return (*say(own("m"), words(count_of(arguments, 5))), _finish(run_input))


def _long(run_input: RunInput, own: Callable[[str], str], arguments: Sequence[str]) -> tuple[e.Event, ...]:
    return (*say(own("m"), words(count_of(arguments, 1000))), _finish(run_input))


def _chunks(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    return (
        e.TextMessageChunk(own("m"), role="assistant", delta="one "),
        e.TextMessageChunk(delta="two"),
        e.ToolCallChunk(own("t"), "lookup", parent_message_id=own("m"), delta='{"q":'),
        e.ToolCallChunk(delta='"x"}'),
        e.ToolCallResult(own("tr"), own("t"), "chunk-result"),
        _finish(run_input),
    )


def _tool(run_input: RunInput, own: Callable[[str], str], arguments: Sequence[str]) -> tuple[e.Event, ...]:
    name = arguments[0] if arguments else "setColor"
    pieces = ['{"col', 'or":"', "re", 'd"}']
    return (
        *say(own("m"), ["calling tool"]),
        *call(own("t"), name, pieces, parent_message_id=own("m")),
        _finish(run_input),
    )


def _backend_tool(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    return (
        *call(own("t"), "getTime", ["{}"]),
        e.ToolCallResult(own("tr"), own("t"), "noon"),
        *say(own("m"), ["it is ", "noon"]),
        _finish(run_input),
    )


def _state(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    return (
        e.StateSnapshot({"count": 0, "items": [], "nested": {"a": 1}}),
        e.StateDelta(({"op": "replace", "path": "/count", "value": 1},)),
        e.StateDelta(
            (
                {"op": "add", "path": "/items/-", "value": "x"},
                {"op": "add", "path": "/items/0", "value": "y"},
                {"op": "remove", "path": "/nested/a"},
                {"op": "add", "path": "/slash~1key", "value": {"~": 1}},
            )
        ),
        *say(own("m"), ["state done"]),
        _finish(run_input),
    )


def _delta_only(run_input: RunInput, own: Callable[[str], str], arguments: Sequence[str]) -> tuple[e.Event, ...]:
    operation = arguments[0] if arguments else "add"
    return (
        e.StateDelta(({"op": operation, "path": "/count", "value": 2},)),
        *say(own("m"), ["delta done"]),
        _finish(run_input),
    )


def _snapshot(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    answer = m.AssistantMessage(id=own("m"), content="from snapshot")
    return (e.MessagesSnapshot((*run_input.messages, answer)), _finish(run_input))


def _interrupt(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    question = Interrupt(own("int"), reason="approval", message="Approve?", response_schema=APPROVAL)
    return (*say(own("m"), ["need approval"]), _finish(run_input, interrupts=(question,)))


def _legacy_interrupt(run_input: RunInput, _: Callable[[str], str], __: Sequence[str]) -> tuple[e.Event, ...]:
    return (e.Custom("on_interrupt", "what is your name?"), _finish(run_input))


def _reasoning(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    thought = own("r")
    return (
        e.ReasoningStart(thought),
        e.ReasoningMessageStart(thought),
        e.ReasoningMessageContent(thought, "think "),
        e.ReasoningMessageContent(thought, "hard"),
        e.ReasoningMessageEnd(thought),
        e.ReasoningEncryptedValue("message", thought, "ZW5j"),
        e.ReasoningEnd(thought),
        *say(own("m"), ["answer"]),
        _finish(run_input),
    )


def _activity(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    return (
        e.ActivitySnapshot(own("a"), "plan", {"steps": ["one"]}),
        e.ActivityDelta(own("a"), "plan", ({"op": "add", "path": "/steps/-", "value": "two"},)),
        _finish(run_input),
    )


def _subagent(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    subagent, said = own("s"), own("sm")
    return (
        e.SubagentStarted(subagent, "researcher"),
        e.TextMessageStart(said, subagent_run_id=subagent),
        e.TextMessageContent(said, "found", subagent_run_id=subagent),
        e.TextMessageEnd(said, subagent_run_id=subagent),
        e.SubagentFinished(subagent, outcome={"type": "success"}),
        _finish(run_input),
    )


def _steps(run_input: RunInput, own: Callable[[str], str], _: Sequence[str]) -> tuple[e.Event, ...]:
    return (
        e.StepStarted("plan"),
        e.StepFinished("plan"),
        e.StepStarted("act"),
        *say(own("m"), ["acting"]),
        e.StepFinished("act"),
        _finish(run_input),
    )


def _custom(run_input: RunInput, _: Callable[[str], str], __: Sequence[str]) -> tuple[e.Event, ...]:
    return (
        e.Custom("progress", {"pct": 50}),
        e.Raw({"k": "v"}, "peer"),
        _finish(run_input, result={"ok": True}, usage=(USAGE,)),
    )


def _error_event(_: RunInput, own: Callable[[str], str], __: Sequence[str]) -> tuple[e.Event, ...]:
    return (*say(own("m"), ["partial"]), e.RunError("declared failure", "E_DECLARED"))


def _no_finish(_: RunInput, own: Callable[[str], str], __: Sequence[str]) -> tuple[e.Event, ...]:
    return (e.ToolCallStart(own("t"), "dangling"),)


FIXED: Mapping[str, Script] = {
    "text": _text,
    "long": _long,
    "chunks": _chunks,
    "tool": _tool,
    "backend-tool": _backend_tool,
    "state": _state,
    "delta-only": _delta_only,
    "snapshot": _snapshot,
    "interrupt": _interrupt,
    "legacy-interrupt": _legacy_interrupt,
    "reasoning": _reasoning,
    "activity": _activity,
    "subagent": _subagent,
    "steps": _steps,
    "custom": _custom,
    "error-event": _error_event,
    "no-finish": _no_finish,
}
