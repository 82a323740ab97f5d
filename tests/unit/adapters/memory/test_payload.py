"""What the memory log keeps of an event is its own, and its size is counted."""

import tracemalloc
from types import MappingProxyType
from typing import Any

import pytest

from agui_runtime.adapters.memory.payload import ENTRY_BYTES, keep
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.identity import RunId, RunKey, ThreadId
from agui_runtime.domain.messages import ActivityMessage
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import Tool
from tests.contracts.world import SCOPE, THREAD
from tests.support.clock import START


def test_a_text_event_is_kept_as_it_is() -> None:
    event = e.TextMessageContent("m", "hello")
    kept, size = keep(event)
    assert kept is event
    assert size == ENTRY_BYTES + 5


@pytest.mark.parametrize("name", ["raw_event", "metadata"])
def test_a_text_event_with_a_producers_payload_is_copied_and_counted(name: str) -> None:
    payload: dict[str, Any] = {"tokens": [1], "a": "x" * 1000}
    extra: dict[str, Any] = {name: payload}
    kept, size = keep(e.TextMessageContent("m", "hello", **extra))
    payload["tokens"].append(2)
    assert getattr(kept, name) == {"tokens": [1], "a": "x" * 1000}
    assert size > ENTRY_BYTES + 1000


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda value: e.StateSnapshot(value), "snapshot"),
        (lambda value: e.AgentStateMessage("a", value), "state"),
        (lambda value: e.ActivitySnapshot("m", "plan", value), "content"),
        (lambda value: e.Custom("c", value), "value"),
        (lambda value: e.Raw(value), "event"),
        (lambda value: e.RunFinished("t", "r", value), "result"),
        (lambda value: e.SubagentFinished("s", value), "result"),
    ],
)
def test_every_json_payload_is_copied(make: Any, name: str) -> None:
    value: dict[str, Any] = {"list": [{"a": 1}]}
    kept, _ = keep(make(value))
    value["list"][0]["a"] = 2
    assert getattr(kept, name) == {"list": [{"a": 1}]}


def test_payloads_inside_messages_are_copied() -> None:
    content: dict[str, Any] = {"a": 1}
    kept, _ = keep(e.MessagesSnapshot((ActivityMessage(id="m", activity_type="plan", content=content),)))
    content["a"] = 2
    assert kept == e.MessagesSnapshot((ActivityMessage(id="m", activity_type="plan", content={"a": 1}),))


def begun(*tools: Tool) -> e.RunStarted:
    return e.RunStarted("t", "r", input=RunInput(ThreadId("t"), RunId("r"), tools=tools))


def kept_tool(tool: Tool) -> Tool:
    kept, _ = keep(begun(tool))
    assert isinstance(kept, e.RunStarted)
    assert kept.input is not None
    return kept.input.tools[0]


def test_tools_are_copied_and_counted() -> None:
    parameters: dict[str, Any] = {"type": "object", "properties": {"a": {"default": [1]}}}
    tool = Tool("t", "d", parameters)
    kept = kept_tool(tool)
    parameters["properties"]["a"]["default"].append(2)
    assert kept == Tool("t", "d", {"type": "object", "properties": {"a": {"default": [1]}}})
    assert kept_tool(tool).parameters["properties"]["a"]["default"] == [1, 2]
    _, one = keep(begun(tool))
    _, two = keep(begun(tool, tool))
    assert two - one > 500


def test_runs_with_the_same_tool_share_one_copy() -> None:
    first, second = kept_tool(Tool("t", "d", {"a": [1]})), kept_tool(Tool("t", "d", {"a": [1]}))
    assert first is second


@pytest.mark.parametrize("other", [True, 1.0, "1"])
def test_tools_that_differ_in_a_type_alone_are_not_the_same(other: Any) -> None:
    assert kept_tool(Tool("t", "d", {"a": 1})).parameters["a"] is not other
    assert kept_tool(Tool("t", "d", {"a": other})).parameters["a"] == other
    assert type(kept_tool(Tool("t", "d", {"a": other})).parameters["a"]) is type(other)


@pytest.mark.parametrize(
    "parameters", [MappingProxyType({"a": [1]}), {"a": "x" * 10_000}], ids=["of another class", "very large"]
)
def test_a_tool_that_is_not_shared_is_copied_all_the_same(parameters: Any) -> None:
    tool = Tool("t", "d", parameters)
    kept = kept_tool(tool)
    assert kept.parameters == dict(parameters)
    assert kept.parameters is not parameters
    assert kept_tool(tool).parameters is not kept.parameters


def test_a_payload_nested_beyond_reason_is_refused() -> None:
    payload: list[Any] = []
    for _ in range(100_000):
        payload = [payload]
    with pytest.raises(InvalidError) as caught:
        keep(e.Raw(payload))
    assert caught.value.code == ErrorCode.LIMIT_EXCEEDED
    # Taken apart by hand: freeing so deep a list at once overflows the C stack of some interpreters.
    while payload:
        payload = payload.pop()


def test_the_size_of_a_text_entry_is_what_the_interpreter_takes_within_a_third() -> None:
    run = RunKey(SCOPE, THREAD, 1)
    count = 2000
    counted = 0
    entries: list[LogEntry] = []
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(count):
            event, size = keep(e.TextMessageContent("m", f"delta {number}"))
            entries.append(LogEntry(1000 + number, run, event, START))
            counted += size
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.66 < counted / (after - before) < 1.5


def size_of(value: Any) -> int:
    _, size = keep(e.Raw(value))
    return size


def test_the_size_of_a_value_grows_with_its_content() -> None:
    assert size_of({"a": "x" * 500}) > size_of({"a": "x" * 100}) + 300
    assert size_of([{"a": 1}] * 100) - size_of([]) > 100 * (size_of([{}]) - size_of([]))
    assert size_of({"k" * 500: 1}) > size_of({"k": 1}) + 400
