"""From a producer's events to a checked recording: order, limits, state, tools."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from attrs import evolve

from agui_runtime.adapters.scripted import call, say
from agui_runtime.application.run_driver import FAIRNESS, RunDriver, RunPlan
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AgentError, ErrorCode, InvalidError, InvalidEventError
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.runs import Failed, Finished, Interrupt, Interrupted, Outcome, Stopped
from tests.support.aio import run
from tests.unit.application.plans import DONE, Recorded, Source, plan
from tests.unit.application.world import LIMITS, server_tool


def drive(driven: RunPlan) -> tuple[Outcome, RunDriver]:
    driver = RunDriver(driven, driven.recording)
    return run(driver.drive()), driver


def said(driven: RunPlan) -> list[e.Event]:
    assert isinstance(driven.recording, Recorded)
    return driven.recording.said


def test_an_agents_events_are_recorded_without_its_own_boundary() -> None:
    driven = plan(Source(e.RunStarted("theirs", "theirs"), *say("m", ["a", "b"]), DONE))
    outcome, _ = drive(driven)
    assert outcome == Finished()
    assert said(driven) == list(say("m", ["a", "b"]))


def test_a_models_stream_may_just_end() -> None:
    assert drive(plan(Source(*say("m", ["a"])), ends_by_itself=True))[0] == Finished()


def test_an_agents_stream_that_just_ends_is_incomplete() -> None:
    outcome, _ = drive(plan(Source(*say("m", ["a"]))))
    assert isinstance(outcome, Failed)
    assert outcome.code == ErrorCode.INCOMPLETE_STREAM


def test_an_agents_own_error_is_the_outcome() -> None:
    assert drive(plan(Source(e.RunError("broken", "X1"))))[0] == Failed("broken", "X1")


def test_the_agents_interrupts_are_the_outcome() -> None:
    asked = (Interrupt("i-1", "sure?"),)
    assert drive(plan(Source(evolve(DONE, interrupts=asked))))[0] == Interrupted(asked)


@pytest.mark.parametrize("name", ["on_interrupt", "LangGraphInterruptEvent", "CopilotKitLangGraphInterruptEvent"])
def test_a_custom_interrupt_makes_the_run_interrupted(name: str) -> None:
    outcome, _ = drive(plan(Source(e.Custom(name, {"q": 1}), DONE)))
    assert outcome == Interrupted((Interrupt("ck-1", {"q": 1}, is_derived=True),))


def test_the_agents_own_interrupts_win_over_derived_ones() -> None:
    asked = (Interrupt("i-1", "sure?"),)
    outcome, _ = drive(plan(Source(e.Custom("on_interrupt", "sure?"), evolve(DONE, interrupts=asked))))
    assert outcome == Interrupted(asked)


def test_another_custom_event_interrupts_nothing() -> None:
    assert drive(plan(Source(e.Custom("Exit"), DONE)))[0] == Finished()


def test_a_failed_run_is_not_interrupted() -> None:
    assert isinstance(drive(plan(Source(e.Custom("on_interrupt", "?"), e.RunError("x"))))[0], Failed)


def test_chunks_are_expanded_and_completed_at_the_end() -> None:
    driven = plan(Source(e.TextMessageChunk("m", delta="a"), e.TextMessageChunk(delta="b")), ends_by_itself=True)
    drive(driven)
    assert said(driven) == list(say("m", ["a", "b"]))


def test_the_state_is_followed_through_snapshots_and_deltas() -> None:
    delta = e.StateDelta(({"op": "replace", "path": "/n", "value": 2},))
    _, driver = drive(plan(Source(e.StateSnapshot({"n": 1}), delta, DONE), state={"old": True}))
    assert driver.state == {"n": 2}


def test_states_of_other_agents_are_kept_by_name() -> None:
    report = e.AgentStateMessage("helper", {"n": 1})
    _, driver = drive(plan(Source(report, evolve(report, state={"n": 2}), DONE), state={"own": 1}))
    assert driver.agent_states == {"helper": {"n": 2}}
    assert driver.state == {"own": 1}


def test_a_report_of_the_runs_own_agent_is_the_runs_state() -> None:
    driven = plan(Source(e.AgentStateMessage("writer", {"n": 1}), DONE), state={"own": 1})
    _, driver = drive(evolve(driven, run_input=evolve(driven.run_input, agent_name=AgentName("writer"))))
    assert driver.state == {"n": 1}
    assert driver.agent_states == {}


def test_a_delta_that_does_not_apply_names_its_pointer() -> None:
    source = Source(e.StateDelta(({"op": "remove", "path": "/nowhere"},)))
    with pytest.raises(InvalidEventError, match="remove at '/nowhere'"):
        drive(plan(source))
    assert source.closed == 1


def test_an_impossible_event_is_named() -> None:
    with pytest.raises(
        InvalidEventError, match="TEXT_MESSAGE_CONTENT came for the text message 'm', which is not open"
    ):
        drive(plan(Source(e.TextMessageContent("m", "a"))))


def test_an_event_behind_the_end_is_named() -> None:
    with pytest.raises(InvalidEventError, match="CUSTOM came after RUN_FINISHED"):
        drive(plan(Source(DONE, e.Custom("late"))))


@pytest.mark.parametrize("position", [0, 2, 3])
def test_what_the_producer_raises_is_raised_and_its_iterator_closed(position: int) -> None:
    steps: list[Any] = list(say("m", ["a"]))
    steps.insert(position, AgentError("threw"))
    source = Source(*steps)
    driven = plan(source)
    with pytest.raises(AgentError, match="threw"):
        drive(driven)
    assert said(driven) == list(say("m", ["a"]))[:position]
    assert source.closed == 1


def test_the_iterator_is_closed_at_a_good_end_too() -> None:
    source = Source(DONE)
    drive(plan(source))
    assert source.closed == 1


def test_too_many_events_name_the_limit() -> None:
    driven = plan(Source(*say("m", ["a"] * 10)), limits=evolve(LIMITS, max_events=4))
    with pytest.raises(InvalidError, match="more than 4 events") as caught:
        drive(driven)
    assert caught.value.code == ErrorCode.LIMIT_EXCEEDED
    assert len(said(driven)) == 4


def test_too_much_output_names_the_limit() -> None:
    driven = plan(Source(*say("m", ["a" * 100] * 10)), limits=evolve(LIMITS, max_bytes=300))
    with pytest.raises(InvalidError, match="more than 300 bytes"):
        drive(driven)
    assert [event.delta for event in said(driven) if isinstance(event, e.TextMessageContent)] == ["a" * 100] * 2


def test_what_was_opened_beyond_a_limit_is_never_closed_without_its_opening() -> None:
    driven = plan(Source(e.StepStarted("s"), *say("m", ["a"])), limits=evolve(LIMITS, max_events=1))
    driver = RunDriver(driven, driven.recording)
    with pytest.raises(InvalidError):
        run(driver.drive())
    everything = [*said(driven), *driver.finalize(Failed("cut"))]
    opened = [event.message_id for event in everything if isinstance(event, e.TextMessageStart)]
    closed = [event.message_id for event in everything if isinstance(event, e.TextMessageEnd)]
    assert opened == closed


def test_what_was_ended_beyond_a_limit_is_still_closed() -> None:
    driven = plan(Source(*say("m", ["a"])), limits=evolve(LIMITS, max_events=2))
    driver = RunDriver(driven, driven.recording)
    with pytest.raises(InvalidError):
        run(driver.drive())
    assert not any(isinstance(event, e.TextMessageEnd) for event in said(driven))
    assert [event.type for event in driver.finalize(Failed("cut"))] == ["TEXT_MESSAGE_END", "RUN_ERROR"]


def test_a_sealed_run_takes_nothing_more_and_owes_nothing_for_it() -> None:
    driven = plan(Source(*say("m", ["a"])))
    driver = RunDriver(driven, driven.recording)
    driver.seal()
    with pytest.raises(InvalidEventError, match="sealed"):
        run(driver.drive())
    assert said(driven) == []
    assert [event.type for event in driver.finalize(Stopped())] == ["RUN_FINISHED"]


def test_a_long_burst_lets_others_have_their_turn() -> None:
    async def test() -> None:
        driven = plan(Source(*say("m", ["a"] * 500), DONE))
        driver = RunDriver(driven, driven.recording)
        turns = 0
        task = asyncio.create_task(driver.drive())
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns > 5

    run(test())


async def add(arguments: dict[str, Any]) -> Any:
    return arguments["a"] + arguments["b"]


def test_a_server_tool_runs_when_its_call_ends_and_its_result_comes_before_what_follows() -> None:
    driven = plan(
        Source(*call("c", "add", ['{"a":1,', '"b":2}']), *say("m", ["next"]), DONE), tools=[server_tool("add", add)]
    )
    drive(driven)
    expected = [*call("c", "add", ['{"a":1,', '"b":2}']), e.ToolCallResult("result-c", "c", "3"), *say("m", ["next"])]
    assert said(driven) == expected


def test_a_frontend_tool_is_left_to_the_frontend() -> None:
    driven = plan(Source(*call("c", "confirm", ["{}"]), DONE), tools=[server_tool("add", add)])
    drive(driven)
    assert said(driven) == list(call("c", "confirm", ["{}"]))


def test_interleaved_calls_keep_their_own_arguments() -> None:
    one, two = call("c1", "add", ['{"a":1,', '"b":1}']), call("c2", "add", ['{"a":2,', '"b":2}'])
    woven = [event for pair in zip(one, two, strict=True) for event in pair]
    driven = plan(Source(*woven, DONE), tools=[server_tool("add", add)])
    drive(driven)
    results = [event for event in said(driven) if isinstance(event, e.ToolCallResult)]
    assert [(result.tool_call_id, result.content) for result in results] == [("c1", "2"), ("c2", "4")]


def test_a_call_made_of_chunks_is_executed_too() -> None:
    chunks = [e.ToolCallChunk("c", "add", delta='{"a":1,"b":2}'), DONE]
    driven = plan(Source(*chunks), tools=[server_tool("add", add)])
    drive(driven)
    assert said(driven)[-1] == e.ToolCallResult("result-c", "c", "3")


def test_a_result_of_the_agents_own_for_an_answered_call_is_dropped() -> None:
    own = e.ToolCallResult("own", "c", "mine")
    driven = plan(Source(*call("c", "add", ['{"a":1,"b":2}']), own, DONE), tools=[server_tool("add", add)])
    drive(driven)
    assert [event.content for event in said(driven) if isinstance(event, e.ToolCallResult)] == ["3"]


def test_a_call_the_agent_answers_itself_is_not_executed_twice() -> None:
    ran: list[int] = []

    async def once(_: dict[str, Any]) -> Any:
        ran.append(1)
        return "done"

    driven = plan(Source(), tools=[server_tool("once", once)])

    async def agent() -> AsyncIterator[e.Event]:
        start, end = call("c", "once", [])
        yield start
        result = await driven.executor.execute("c", "once", "")
        yield end
        yield e.ToolCallResult("own", "c", result)
        yield DONE

    drive(evolve(driven, events=agent()))
    assert ran == [1]
    assert said(driven)[-1] == e.ToolCallResult("own", "c", "done")


def test_a_call_the_agent_answers_after_its_end_runs_once_and_has_one_result() -> None:
    ran: list[int] = []

    async def once(_: dict[str, Any]) -> Any:
        ran.append(1)
        return "done"

    driven = plan(Source(), tools=[server_tool("once", once)])

    async def agent() -> AsyncIterator[e.Event]:
        for event in call("c", "once", ["{}"]):
            yield event
        yield e.ToolCallResult("own", "c", await driven.executor.execute("c", "once", "{}"))
        yield DONE

    drive(evolve(driven, events=agent()))
    assert ran == [1]
    assert [event.content for event in said(driven) if isinstance(event, e.ToolCallResult)] == ["done"]


class Nested:
    def __init__(self, *events: e.Event | Exception) -> None:
        self.source = Source(*events)

    def run(self) -> AsyncIterator[e.Event]:
        return self.source


def test_an_agent_called_as_a_tool_speaks_at_once() -> None:
    nested = Nested(*say("inner", ["hi"]))
    driven = plan(
        Source(*call("c", "helper", ["{}"]), *say("m", ["after"])), agent_tools={"helper": nested}, ends_by_itself=True
    )
    drive(driven)
    started = e.ToolCallResult("result-c", "c", "helper agent started")
    assert said(driven) == [*call("c", "helper", ["{}"]), started, *say("inner", ["hi"]), *say("m", ["after"])]
    assert nested.source.closed == 1


def test_an_agent_called_as_a_tool_that_fails_fails_the_run() -> None:
    nested = Nested(*say("inner", ["hi"])[:2], AgentError("inner threw"))
    source = Source(*call("c", "helper", ["{}"]), *say("m", ["after"]))
    driven = plan(source, agent_tools={"helper": nested}, ends_by_itself=True)
    with pytest.raises(AgentError, match="inner threw"):
        drive(driven)
    assert (source.closed, nested.source.closed) == (1, 1)


class Batches(Recorded):
    """Notes how events came."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []

    async def append(self, events: Sequence[e.Event]) -> None:
        self.batches.append([type(event).__name__ for event in events])
        await super().append(events)


def batches(*steps: Any) -> list[list[str]]:
    recording = Batches()
    drive(plan(Source(*steps), recording, ends_by_itself=True))
    return recording.batches


async def wait() -> None:
    await asyncio.sleep(0.001)


PIECE = e.TextMessageContent("m", "a")


def test_what_is_said_in_one_go_is_recorded_in_one_go() -> None:
    start, end = say("m", [])
    assert batches(start, PIECE, PIECE, PIECE, end) == [
        ["TextMessageStart"],
        ["TextMessageContent"] * 3 + ["TextMessageEnd"],
    ]


def test_nothing_is_held_back_while_the_producer_waits() -> None:
    start, end = say("m", [])
    assert batches(start, PIECE, wait, PIECE, PIECE, wait, end) == [
        ["TextMessageStart"],
        ["TextMessageContent"],
        ["TextMessageContent"] * 2,
        ["TextMessageEnd"],
    ]


def test_pieces_before_a_fault_are_recorded() -> None:
    start, _ = say("m", [])
    recording = Batches()
    with pytest.raises(ConnectionError):
        drive(plan(Source(start, PIECE, PIECE, ConnectionError("gone")), recording))
    assert recording.batches[-1] == ["TextMessageContent"] * 2


def test_pieces_before_a_limit_are_recorded() -> None:
    start, _ = say("m", [])
    recording = Batches()
    with pytest.raises(InvalidError):
        drive(plan(Source(start, *[PIECE] * 9), recording, limits=evolve(LIMITS, max_events=5)))
    assert [name for batch in recording.batches for name in batch].count("TextMessageContent") == 4


@pytest.mark.parametrize(
    "event", [e.StateSnapshot({"a": 1}), evolve(PIECE, raw_event={"a": 1}), evolve(PIECE, metadata={"a": 1})]
)
def test_what_its_agent_may_change_later_is_recorded_at_once(event: e.Event) -> None:
    start, end = say("m", [])
    assert len(batches(start, event, event, end)) == 4


def test_a_long_speech_is_recorded_as_it_goes() -> None:
    start, end = say("m", [])
    assert max(len(batch) for batch in batches(start, *[PIECE] * 500, end)) <= FAIRNESS
