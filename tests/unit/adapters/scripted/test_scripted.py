"""The scripted agent and model say what their script says, no more and no less."""

from collections.abc import AsyncIterator

import pytest

from agui_runtime.adapters.scripted import ModelReply, ScriptedAgent, ScriptedModel, call, chunks, say
from agui_runtime.application.ports import Agent, LanguageModel, StatefulAgent
from agui_runtime.application.values import ModelRequest, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.runs import RunInput
from tests.support.aio import run
from tests.unit.adapters.scripted.runs import collect, context, run_input


async def _two_words(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
    for event in say("m1", ["one ", "two"]):
        yield event


async def _hello(request: ModelRequest) -> AsyncIterator[e.Event]:
    for event in say("m1", [f"{len(request.messages)} messages"]):
        yield event


def test_a_scripted_agent_is_an_agent_without_state_of_its_own() -> None:
    agent = ScriptedAgent("echo", _two_words, "Echo agent")
    assert isinstance(agent, Agent)
    assert not isinstance(agent, StatefulAgent)
    assert (agent.describe().name, agent.describe().description) == ("echo", "Echo agent")


def test_a_scripted_agent_adds_no_boundary_to_its_script() -> None:
    agent = ScriptedAgent("echo", _two_words)
    assert collect(agent, run_input()) == list(say("m1", ["one ", "two"]))


def test_a_scripted_agent_says_the_same_in_every_run() -> None:
    agent = ScriptedAgent("echo", _two_words)
    assert collect(agent, run_input()) == collect(agent, run_input())


def test_a_scripted_agents_name_is_checked() -> None:
    with pytest.raises(InvalidError, match="agent name"):
        ScriptedAgent("", _two_words)


def test_a_scripted_agents_script_fails_in_its_stream_and_not_in_its_start() -> None:
    async def broken(run_input: RunInput, context: RunContext) -> AsyncIterator[e.Event]:
        raise RuntimeError("boom")
        yield e.Custom("never")

    async def scenario() -> None:
        started = await ScriptedAgent("broken", broken).start(run_input(), context())
        with pytest.raises(RuntimeError, match="boom"):
            await anext(started.events)

    run(scenario())


def test_a_scripted_model_is_a_language_model_that_names_its_provider() -> None:
    model = ScriptedModel(_hello, provider="scenario")
    assert isinstance(model, LanguageModel)
    assert (model.provider, ScriptedModel(_hello).provider) == ("scenario", "scripted")


def test_a_scripted_model_answers_with_the_requests_own_ids_and_no_extensions() -> None:
    async def scenario() -> None:
        started = await ScriptedModel(_hello).start(ModelRequest((), thread_id=ThreadId("t"), run_id=RunId("r")))
        assert (started.thread_id, started.run_id, started.extensions) == ("t", "r", None)
        assert [event async for event in started.events] == list(say("m1", ["0 messages"]))

    run(scenario())


def test_a_scripted_model_answers_with_what_its_reply_says() -> None:
    async def scenario() -> None:
        model = ScriptedModel(_hello, reply=lambda _: ModelReply(ThreadId("mine"), None, {"a": 1}))
        started = await model.start(ModelRequest((), thread_id=ThreadId("t")))
        assert (started.thread_id, started.run_id, started.extensions) == ("mine", None, {"a": 1})

    run(scenario())


def test_a_scripted_model_refuses_with_what_its_reply_raises() -> None:
    def refuse(_: ModelRequest) -> ModelReply:
        raise RuntimeError("no key")

    with pytest.raises(RuntimeError, match="no key"):
        run(ScriptedModel(_hello, reply=refuse).start(ModelRequest(())))


def test_the_builders_give_whole_messages_and_calls_that_the_lifecycle_accepts() -> None:
    lifecycle = Lifecycle()
    events = (*say("m1", chunks(2)), *call("c1", "f", ['{"a"', ":1}"], parent_message_id="m1"))
    assert [out for event in events for out in lifecycle.feed(event)] == list(events)
    assert [event.delta for event in events if isinstance(event, e.TextMessageContent)] == ["chunk0 ", "chunk1 "]
    assert events[4] == e.ToolCallStart("c1", "f", "m1")


def test_nothing_said_is_a_message_without_content() -> None:
    assert say("m1", chunks(0)) == (e.TextMessageStart("m1"), e.TextMessageEnd("m1"))
