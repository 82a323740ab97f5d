"""A plain async generator function as an agent."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import ConfigurationError, InvalidError, InvalidEventError
from agui_runtime.domain.lifecycle import Lifecycle, outcome_of
from agui_runtime.domain.runs import Failed, Finished, RunInput
from tests.support.aio import run
from tests.unit.adapters.scripted.runs import collect, context, run_input

FINISHED = e.RunFinished("thread-1", "run-1")
TEXT_ID = "run-1-text"


async def greet(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event | str]:
    """Greets people.

    In several words.
    """
    yield "Hello "
    yield context.correlation_id


async def count_words(run_input: RunInput) -> AsyncIterator[e.Event | str]:
    yield str(len(run_input.messages))


def _agent_yielding(*items: Any) -> FunctionAgent:
    async def yielding(run_input: RunInput) -> AsyncIterator[Any]:
        for item in items:
            yield item

    return FunctionAgent(yielding)


def test_a_function_gives_the_agent_its_name_and_its_docstrings_first_line() -> None:
    described = FunctionAgent(greet).describe()
    assert (described.name, described.description) == ("greet", "Greets people.")
    assert isinstance(FunctionAgent(greet), Agent)


def test_a_function_without_a_docstring_has_an_empty_description() -> None:
    assert FunctionAgent(count_words).describe().description == ""


def test_a_given_name_and_description_win() -> None:
    described = FunctionAgent(greet, name="host", description="").describe()
    assert (described.name, described.description) == ("host", "")


def test_a_partial_is_described_by_its_function() -> None:
    async def repeat(word: str, run_input: RunInput) -> AsyncIterator[e.Event | str]:
        """Says a word."""
        yield word

    agent = FunctionAgent(partial(repeat, "hi"))
    assert (agent.describe().name, agent.describe().description) == ("repeat", "Says a word.")
    assert e.TextMessageContent(TEXT_ID, "hi") in collect(agent, run_input())


def test_an_object_with_a_generating_call_is_an_agent_under_a_given_name() -> None:
    class Caller:
        async def __call__(self, run_input: RunInput) -> AsyncIterator[e.Event | str]:
            yield "called"

    assert e.TextMessageContent(TEXT_ID, "called") in collect(FunctionAgent(Caller(), name="caller"), run_input())
    with pytest.raises(ConfigurationError, match="has no name of its own; pass one"):
        FunctionAgent(Caller())


def test_strings_are_pieces_of_one_message_and_the_runs_end_is_added() -> None:
    assert collect(FunctionAgent(greet), run_input()) == [
        e.TextMessageStart(TEXT_ID),
        e.TextMessageContent(TEXT_ID, "Hello "),
        e.TextMessageContent(TEXT_ID, "corr-1"),
        e.TextMessageEnd(TEXT_ID),
        FINISHED,
    ]


def test_a_function_may_take_the_input_alone() -> None:
    assert e.TextMessageContent(TEXT_ID, "0") in collect(FunctionAgent(count_words), run_input())


def test_other_events_between_strings_do_not_split_their_message() -> None:
    state = e.StateSnapshot({"a": 1})
    assert collect(_agent_yielding("one ", state, "two"), run_input()) == [
        e.TextMessageStart(TEXT_ID),
        e.TextMessageContent(TEXT_ID, "one "),
        state,
        e.TextMessageContent(TEXT_ID, "two"),
        e.TextMessageEnd(TEXT_ID),
        FINISHED,
    ]


def test_empty_strings_say_nothing() -> None:
    assert collect(_agent_yielding("", ""), run_input()) == [FINISHED]


def test_a_function_that_yields_nothing_has_finished() -> None:
    assert collect(_agent_yielding(), run_input()) == [FINISHED]


def test_a_functions_own_end_is_kept_and_comes_behind_the_open_text() -> None:
    own = e.RunFinished("thread-1", "run-1", result={"ok": True})
    assert collect(_agent_yielding("text", own), run_input())[-2:] == [e.TextMessageEnd(TEXT_ID), own]


def test_a_functions_own_error_leaves_its_text_incomplete() -> None:
    error = e.RunError("no", "NO")
    assert collect(_agent_yielding("text", error), run_input()) == [
        e.TextMessageStart(TEXT_ID),
        e.TextMessageContent(TEXT_ID, "text"),
        error,
    ]


def test_a_repeated_run_id_gives_a_new_message_id() -> None:
    earlier = (m.AssistantMessage(id=TEXT_ID, content="a"), m.AssistantMessage(id=f"{TEXT_ID}-2", content="b"))
    assert collect(_agent_yielding("text"), run_input(*earlier))[0] == e.TextMessageStart(f"{TEXT_ID}-3")


@pytest.mark.parametrize(
    ("items", "outcome"),
    [
        (("a", e.ToolCallStart("c", "f"), e.ToolCallEnd("c"), "b"), Finished()),
        ((e.TextMessageChunk("m", delta="x"), "a"), Finished()),
        (("a", e.RunError("no", "NO")), Failed("no", "NO")),
    ],
)
def test_what_a_function_agent_says_is_in_order(items: tuple[Any, ...], outcome: Any) -> None:
    lifecycle = Lifecycle()
    for event in collect(_agent_yielding(*items), run_input()):
        lifecycle.feed(event)
    assert outcome_of(lifecycle.ending) == outcome


def test_what_a_function_raises_ends_the_stream_with_it() -> None:
    async def broken(run_input: RunInput) -> AsyncIterator[e.Event | str]:
        yield "partial"
        raise RuntimeError("boom")

    async def scenario() -> None:
        events = (await FunctionAgent(broken).start(run_input(), context())).events
        assert await anext(events) == e.TextMessageStart(TEXT_ID)
        assert await anext(events) == e.TextMessageContent(TEXT_ID, "partial")
        with pytest.raises(RuntimeError, match="boom"):
            await anext(events)

    run(scenario())


@pytest.mark.parametrize("item", [None, 3, {"type": "CUSTOM"}, b"bytes"])
def test_anything_but_events_and_strings_is_refused_by_name(item: Any) -> None:
    with pytest.raises(InvalidEventError, match=rf"'yielding' yielded a {type(item).__name__};"):
        collect(_agent_yielding(item), run_input())


def test_closing_the_stream_closes_the_function() -> None:
    closed: list[bool] = []

    async def watched(run_input: RunInput) -> AsyncIterator[e.Event | str]:
        try:
            yield "one"
            yield "two"
        finally:
            closed.append(True)

    async def scenario() -> None:
        started = await FunctionAgent(watched).start(run_input(), context())
        await anext(started.events)
        await started.events.aclose()  # type: ignore[attr-defined]

    run(scenario())
    assert closed == [True]


async def _coroutine(run_input: RunInput) -> str:
    return "text"


def _generator(run_input: RunInput) -> Any:
    yield "text"


async def _no_parameters() -> AsyncIterator[str]:
    yield "text"


async def _three_parameters(a: Any, b: Any, c: Any) -> AsyncIterator[str]:
    yield "text"


async def _keyword_only(*, run_input: Any) -> AsyncIterator[str]:
    yield "text"


@pytest.mark.parametrize("function", [_coroutine, _generator, str])
def test_a_function_that_is_no_async_generator_is_refused(function: Any) -> None:
    with pytest.raises(ConfigurationError, match="is no async generator function"):
        FunctionAgent(function)


@pytest.mark.parametrize("function", [_no_parameters, _three_parameters, _keyword_only])
def test_a_function_of_other_parameters_is_refused(function: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"expected \(run_input\) or \(run_input, context\)"):
        FunctionAgent(function)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidError, match="agent name"):
        FunctionAgent(greet, name="")
