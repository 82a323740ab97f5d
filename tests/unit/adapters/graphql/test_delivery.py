"""Incremental results in the format of 2022: what clients merge from it is what graphql-core said."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import cache
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    experimental_execute_incrementally,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from agui_runtime.adapters.graphql import output as o
from agui_runtime.adapters.graphql.channel import Channel, Promise
from agui_runtime.adapters.graphql.delivery import Delivery
from agui_runtime.adapters.graphql.schema import load_schema
from tests.support.aio import run
from tests.support.clock import START
from tests.unit.adapters.graphql.wire import Merged2022, MergedNewer, entries, operation, variables

DIRECTIVES = """
directive @defer(if: Boolean, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @stream(if: Boolean, label: String, initialCount: Int = 0) on FIELD
"""


class Toy:
    """A schema of one object, small enough to see one rule at a time."""

    def __init__(self, fields: str, **values: Any) -> None:
        self.schema = build_schema(f"{DIRECTIVES} type Query {{ thing: Thing }} type Thing {{ {fields} }}")
        self._thing = values

    async def ask(self, selection: str) -> list[dict[str, Any]]:
        text = "{ thing { " + selection + " } }"
        return (await payloads_of(self.schema, text, {"thing": self._thing}))[0]


async def payloads_of(
    schema: GraphQLSchema, text: str, root: Any = None, **given_: Any
) -> tuple[list[dict[str, Any]], Merged2022, MergedNewer]:
    """Our payloads, and what clients of both formats make of one and the same execution."""
    result = experimental_execute_incrementally(schema, parse(text), root_value=root, **given_)
    if asyncio.iscoroutine(result):
        result = await result
    assert not isinstance(result, ExecutionResult), result
    delivery = Delivery(format_error)
    payloads = [delivery.initial(result.initial_result)]
    ours, theirs = Merged2022(payloads[0]), MergedNewer(result.initial_result)
    async for later in result.subsequent_results:
        theirs.add(later)
        payload = delivery.later(later)
        if payload is not None:
            payloads.append(payload)
            ours.add(payload)
    return payloads, ours, theirs


def format_error(error: GraphQLError) -> dict[str, Any]:
    return {"message": error.message}


async def numbers(_: Any) -> AsyncIterator[int]:
    for number in (10, 11, 12):
        await asyncio.sleep(0)
        yield number


async def breaks(_: Any) -> AsyncIterator[int]:
    yield 10
    await asyncio.sleep(0)
    raise RuntimeError("the list broke")


async def late(_: Any) -> str:
    await asyncio.sleep(0)
    return "late"


async def fails(_: Any) -> str:
    raise RuntimeError("the field broke")


def test_items_come_one_by_one_with_their_index() -> None:
    payloads = run(Toy("list: [Int]", list=numbers).ask("list @stream"))
    assert payloads[0] == {"data": {"thing": {"list": []}}, "hasNext": True}
    assert list(entries(payloads)) == [{"items": [10 + n], "path": ["thing", "list", n]} for n in range(3)]


def test_the_initial_count_comes_inline_and_indexes_go_on_behind_it() -> None:
    payloads = run(Toy("list: [Int]", list=numbers).ask("list @stream(initialCount: 2)"))
    assert payloads[0]["data"] == {"thing": {"list": [10, 11]}}
    assert list(entries(payloads)) == [{"items": [12], "path": ["thing", "list", 2]}]


def test_a_label_is_echoed() -> None:
    toy = Toy("list: [Int] late: String", list=numbers, late=late)
    payloads = run(toy.ask('list @stream(label: "L") ... @defer(label: "D") { late }'))
    assert [entry["label"] for entry in entries(payloads)] == ["L", "L", "L", "D"]


def test_a_deferred_fragment_has_data_and_path() -> None:
    payloads = run(Toy("now: Int late: String", now=1, late=late).ask("now ... @defer { late }"))
    assert payloads[0]["data"] == {"thing": {"now": 1}}
    assert list(entries(payloads)) == [{"data": {"late": "late"}, "path": ["thing"]}]


def test_a_deferred_entry_waits_for_the_lists_below_it() -> None:
    toy = Toy("list: [Int] late: String", list=numbers, late=late)
    payloads = run(toy.ask("list @stream ... @defer { late }"))
    assert ["data" in entry for entry in entries(payloads)] == [False, False, False, True]


def test_only_the_last_payload_has_no_next() -> None:
    payloads = run(Toy("list: [Int] late: String", list=numbers, late=late).ask("list @stream ... @defer { late }"))
    assert [payload["hasNext"] for payload in payloads] == [True] * (len(payloads) - 1) + [False]


def test_no_payload_speaks_the_newer_format() -> None:
    payloads = run(Toy("list: [Int] late: String", list=numbers, late=late).ask("list @stream ... @defer { late }"))
    for part in [*payloads, *entries(payloads)]:
        assert not {"pending", "completed", "id", "subPath"} & part.keys()


def test_an_empty_list_has_no_entries() -> None:
    async def nothing(_: Any) -> AsyncIterator[int]:
        for number in ():
            yield number

    payloads = run(Toy("list: [Int]", list=nothing).ask("list @stream"))
    assert list(entries(payloads)) == []
    assert payloads[-1]["hasNext"] is False


def test_a_list_that_breaks_tells_it_at_the_next_index() -> None:
    payloads = run(Toy("list: [Int]", list=breaks).ask("list @stream"))
    assert list(entries(payloads)) == [
        {"items": [10], "path": ["thing", "list", 0]},
        {"items": None, "path": ["thing", "list", 1], "errors": [{"message": "the list broke"}]},
    ]


def test_a_deferred_field_that_fails_is_null_with_its_error() -> None:
    payloads = run(Toy("late: String", late=fails).ask("__typename ... @defer { late }"))
    expected = {"data": {"late": None}, "path": ["thing"], "errors": [{"message": "the field broke"}]}
    assert list(entries(payloads)) == [expected]


def test_a_deferred_fragment_that_cannot_be_is_null_with_its_error() -> None:
    payloads = run(Toy("late: String!", late=fails).ask("__typename ... @defer { late }"))
    expected = {"data": None, "path": ["thing"], "errors": [{"message": "the field broke"}]}
    assert list(entries(payloads)) == [expected]


def test_an_error_beside_the_stream_is_in_the_first_payload() -> None:
    payloads = run(Toy("list: [Int] now: String", list=numbers, now=fails).ask("now list @stream"))
    assert payloads[0]["errors"] == [{"message": "the field broke"}]
    assert len(list(entries(payloads))) == 3


# ---- the clients' own operation, in whatever order a run happens to speak

STEP = st.sampled_from(
    ["text", "call", "result", "state", "question", "piece", "piece", "piece", "close", "tick", "tick"]
)
SCRIPT = st.lists(st.tuples(STEP, st.integers(0, 3)), max_size=25)


class Speaker:
    """Fills a response step by step; at the end everything is closed."""

    def __init__(self) -> None:
        self.response = o.CopilotResponse(
            thread_id="t", run_id=None, extensions=None, status=Promise(), messages=Channel(), meta_events=Channel()
        )
        self._open: list[o.StreamedMessage] = []
        self._count = 0

    async def speak(self, script: Sequence[tuple[str, int]]) -> None:
        for step, number in script:
            await self._step(step, number)
        while self._open:
            self._close(0)
        self.response.messages.close()
        self.response.meta_events.close()
        self.response.status.keep(o.SuccessResponseStatus())

    async def _step(self, step: str, number: int) -> None:
        if step == "tick":
            for _ in range(number):
                await asyncio.sleep(0)
        elif step == "piece" and self._open:
            message = self._open[number % len(self._open)]
            pieces = message.content if isinstance(message, o.TextMessageOutput) else message.arguments
            pieces.push(f"piece{number}")
        elif step == "close" and self._open:
            self._close(number % len(self._open))
        elif step == "question":
            self.response.meta_events.push(o.LangGraphInterruptEvent(f"question {number}"))
        elif step in {"text", "call", "result", "state"}:
            self._add(step)

    def _close(self, index: int) -> None:
        message = self._open.pop(index)
        (message.content if isinstance(message, o.TextMessageOutput) else message.arguments).close()
        message.status.keep(o.SUCCESS)

    def _add(self, kind: str) -> None:
        self._count += 1
        common: dict[str, Any] = {"id": f"m{self._count}", "created_at": START}
        message: Any
        if kind == "text":
            message = o.TextMessageOutput(**common, content=Channel(), status=Promise())
        elif kind == "call":
            message = o.ActionExecutionMessageOutput(**common, name="t", arguments=Channel(), status=Promise())
        elif kind == "result":
            message = o.ResultMessageOutput(**common, action_execution_id="c", action_name="t", result="r")
        else:
            message = o.AgentStateMessageOutput(
                **common, thread_id="t", agent_name="a", node_name="", run_id="r", state="{}", running=True, active=True
            )
        if kind in {"text", "call"}:
            self._open.append(message)
        self.response.messages.push(message)


@cache
def schema_and_root() -> tuple[GraphQLSchema, dict[str, Any]]:
    """A schema of this module's own: other tests bind the runtime's resolvers to the shared one."""
    schema, root = load_schema.__wrapped__(), dict[str, Any]()
    assert schema.mutation_type is not None
    schema.mutation_type.fields["generateCopilotResponse"].resolve = lambda *_, **__: root["response"]
    return schema, root


def respond(version: str, script: Sequence[tuple[str, int]]) -> tuple[list[dict[str, Any]], Merged2022, MergedNewer]:
    async def test() -> tuple[list[dict[str, Any]], Merged2022, MergedNewer]:
        speaker = Speaker()
        schema, root = schema_and_root()
        root["response"] = speaker.response
        speaking = asyncio.create_task(speaker.speak(script))
        answer = await payloads_of(schema, operation(version), variable_values=variables(version))
        await speaking
        return answer

    return run(test())


@pytest.mark.parametrize("version", ["1.3.0", "1.5.11", "1.8.14", "1.10.6"])
@settings(max_examples=25, deadline=None)
@given(script=SCRIPT)
def test_whatever_the_order_both_formats_merge_to_the_same(version: str, script: list[tuple[str, int]]) -> None:
    _, ours, theirs = respond(version, script)
    assert ours.errors == []
    assert ours.data == theirs.data


@settings(max_examples=50, deadline=None)
@given(script=SCRIPT)
def test_whatever_the_order_statuses_come_last(script: list[tuple[str, int]]) -> None:
    payloads, _, _ = respond("1.10.6", script)
    said = [(tuple(entry["path"]), "data" in entry) for entry in entries(payloads)]
    for position, (path, is_status) in enumerate(said):
        if is_status:
            assert not [later for later, _ in said[position + 1 :] if later[: len(path)] == path]
    assert said[-1] == (("generateCopilotResponse",), True)
    assert payloads[-1]["hasNext"] is False


@settings(max_examples=25, deadline=None)
@given(script=SCRIPT)
def test_whatever_the_order_every_entry_has_one_item_and_a_parent_that_came_before(
    script: list[tuple[str, int]],
) -> None:
    payloads, _, _ = respond("1.10.6", script)
    seen = {("generateCopilotResponse",)}
    for entry in entries(payloads):
        if "items" in entry:
            assert len(entry["items"]) == 1
            *parents, index = entry["path"]
            assert tuple(parents[:-1]) in seen
            assert index == 0 or (*parents, index - 1) in seen
            seen.add(tuple(entry["path"]))
