"""A thread's history: times, places, what was not finished, and the states that runs left."""

from datetime import timedelta
from typing import Any

import pytest

from agui_runtime.adapters.scripted import call, say
from agui_runtime.application.read_history import History, ReadHistory, history_of
from agui_runtime.application.values import LogEntry
from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.identity import AgentName, Caller, RunId, RunKey, Scope, ThreadId
from agui_runtime.domain.runs import RunInput
from tests.support.clock import START
from tests.unit.application.world import (
    CALLER,
    SCOPE,
    THREAD,
    WRITER,
    World,
    agent_that_says,
    scenario,
    to_agent,
    user,
)

AT = {number: START + timedelta(seconds=number) for number in range(20)}


def started(agent: str | None = WRITER, *messages: m.Message, state: Any = None, run_id: str = "run-1") -> e.RunStarted:
    given = RunInput(
        THREAD,
        RunId(run_id),
        AgentName(agent) if agent else None,
        messages,
        state={} if state is None else state,
    )
    return e.RunStarted(THREAD, run_id, input=given)


def told(*runs: tuple[e.Event, ...]) -> History:
    """The history of runs, one event a second."""
    numbered = [(number, event) for number, run in enumerate(runs, 1) for event in run]
    return history_of(
        LogEntry(sequence, RunKey(SCOPE, THREAD, number), event, AT[sequence])
        for sequence, (number, event) in enumerate(numbered, 1)
    )


FINISHED = e.RunFinished(THREAD, "run-1")


def test_a_message_began_when_its_first_event_was_recorded() -> None:
    history = told((started(WRITER, user("hi")), *say("a", ["x"]), *call("c", "paint", ["{}"]), FINISHED))
    assert history.times == {"question-1": AT[1], "a": AT[2], "c": AT[5]}
    assert history.sequences == {"question-1": 1, "a": 2, "c": 5}


def test_a_result_has_a_time_of_its_own() -> None:
    result = e.ToolCallResult("r", "c", "done")
    history = told((started(), *call("c", "paint", ["{}"]), result, FINISHED))
    assert (history.times["r"], history.sequences["r"]) == (AT[5], 5)


def test_a_clients_own_time_is_shown_and_its_place_is_the_logs() -> None:
    early = m.UserMessage(id="u", content="hi", created_at=START - timedelta(days=1))
    history = told((started(WRITER, early), FINISHED))
    assert (history.times["u"], history.sequences["u"]) == (early.created_at, 1)


def test_a_message_that_is_sent_again_keeps_its_first_time_and_place() -> None:
    history = told((started(WRITER, user()), FINISHED), (started(WRITER, user()), FINISHED))
    assert (history.times["question-1"], history.sequences["question-1"]) == (AT[1], 1)


def test_what_the_runtime_had_to_close_is_incomplete() -> None:
    history = told(
        (
            started(),
            e.TextMessageStart("a"),
            e.TextMessageEnd("a", closed_by_runtime=True),
            e.ToolCallStart("c", "paint"),
            e.ToolCallEnd("c", closed_by_runtime=True),
            *say("b", ["whole"]),
            e.RunError("broken"),
        )
    )
    assert history.incomplete == {"a", "c"}


def test_a_run_leaves_its_last_state() -> None:
    delta = ({"op": "replace", "path": "/n", "value": 2},)
    history = told(
        (
            started(),
            e.StateSnapshot({"n": 1}),
            e.StepStarted("node"),
            e.StateDelta(delta),
            e.StepFinished("node"),
            FINISHED,
        )
    )
    (state,) = history.states
    assert (state.state, state.at, state.sequence, state.id) == ({"n": 2}, AT[4], 4, "state-4")
    assert (state.agent_name, state.node_name, state.run_id, state.thread_id) == (WRITER, "node", "run-1", THREAD)


def test_a_step_of_an_earlier_run_is_forgotten() -> None:
    history = told(
        (started(), e.StepStarted("node"), e.StepFinished("node"), FINISHED),
        (started(run_id="run-2"), e.StateSnapshot({"n": 1}), FINISHED),
    )
    assert [(state.run_id, state.node_name) for state in history.states] == [("run-2", "")]


def test_each_run_leaves_a_state_of_its_own() -> None:
    run = (e.StateSnapshot({"n": 1}), FINISHED)
    assert len(told((started(), *run), (started(), *run)).states) == 2


def test_an_agent_goes_on_from_the_state_it_left() -> None:
    delta = ({"op": "add", "path": "/more", "value": True},)
    history = told(
        (started(), e.StateSnapshot({"n": 1}), FINISHED),
        (started("other"), e.StateSnapshot({"mine": 1}), FINISHED),
        (started(), e.StateDelta(delta), FINISHED),
    )
    assert history.states[-1].state == {"n": 1, "more": True}


def test_a_state_that_the_run_began_with_comes_before_what_was_left() -> None:
    delta = ({"op": "add", "path": "/more", "value": True},)
    history = told(
        (started(), e.StateSnapshot({"n": 1}), FINISHED), (started(state={"n": 5}), e.StateDelta(delta), FINISHED)
    )
    assert history.states[-1].state == {"n": 5, "more": True}


def test_the_state_of_a_failed_run_is_told_but_not_gone_on_from() -> None:
    delta = ({"op": "add", "path": "/more", "value": True},)
    history = told(
        (started(), e.StateSnapshot({"n": 1}), FINISHED),
        (started(), e.StateSnapshot({"n": 2}), e.RunError("broken")),
        (started(), e.StateDelta(delta), FINISHED),
    )
    assert [state.state for state in history.states] == [{"n": 1}, {"n": 2}, {"n": 1, "more": True}]


def test_a_delta_that_does_not_apply_to_what_the_log_knows_changes_nothing() -> None:
    delta = ({"op": "replace", "path": "/unknown", "value": 1},)
    (state,) = told((started(), e.StateDelta(delta), FINISHED)).states
    assert state.state == {}


def test_states_reported_by_name_are_their_agents_own() -> None:
    history = told(
        (
            started(None),
            e.AgentStateMessage(agent_name="one", state={"a": 1}, node_name="n1"),
            e.AgentStateMessage(agent_name="two", state={"b": 1}),
            e.AgentStateMessage(agent_name="one", state={"a": 2}, node_name="n2"),
            FINISHED,
        )
    )
    assert [(state.agent_name, state.node_name, state.state) for state in history.states] == [
        ("two", "", {"b": 1}),
        ("one", "n2", {"a": 2}),
    ]


def test_a_denied_run_leaves_neither_words_nor_states() -> None:
    denied = e.RunError("no", ErrorCode.GUARDRAIL_DENIED)
    history = told(
        (started(), e.StateSnapshot({"kept": 1}), FINISHED),
        (started(WRITER, user()), *say("a", ["secret"]), e.StateSnapshot({"secret": 1}), denied),
    )
    assert [message.id for message in history.messages] == ["question-1"]
    assert [state.state for state in history.states] == [{"kept": 1}]


@pytest.mark.parametrize(
    ("caller", "thread"),
    [(CALLER, "another"), (Caller(CALLER.principal, Scope("tenant-2")), THREAD)],
    ids=["another thread", "another scope"],
)
def test_what_is_not_there_is_empty(caller: Caller, thread: str) -> None:
    world = World(agents=(agent_that_says(*say("a", ["hello"])),))

    async def test() -> None:
        await world.complete(to_agent())
        found = await ReadHistory(world.log)(CALLER, THREAD)
        assert [message.id for message in found.messages] == ["question-1", "a"]
        assert await ReadHistory(world.log)(caller, ThreadId(thread)) == History((), {}, {}, frozenset())

    scenario(world, test)
