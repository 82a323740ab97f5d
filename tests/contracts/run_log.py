"""The contract of ``RunLog``: leases, order and reading. Cursors and stopping are in ``RunLogCursorContract``."""

import asyncio
from typing import Any

import pytest

from agui_runtime.application.compacted_run import compacted
from agui_runtime.application.ports import RunLog
from agui_runtime.application.values import Lease
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import BusyError, LeaseLostError
from agui_runtime.domain.identity import RunId, RunKey, ThreadId
from agui_runtime.domain.messages import MediaPart, TextPart, UserMessage
from agui_runtime.domain.runs import (
    ContextEntry,
    Denied,
    Failed,
    Finished,
    Interrupt,
    Interrupted,
    Outcome,
    RunInput,
    Stopped,
)
from agui_runtime.domain.tools import Tool
from tests.contracts.world import (
    LEASE_SECONDS,
    OTHER_SCOPE,
    OTHER_THREAD,
    SCOPE,
    THREAD,
    StoreContract,
    World,
    finished,
    key_of,
    run_input,
    scenario,
    text,
)


async def write(log: RunLog, lease: Lease) -> None:
    """Append, and learn of a lost lease even from a log that commits a moment later."""
    await log.append(lease, [text("late")])
    await log.renew(lease)


async def assert_lost(world: World, lease: Lease) -> None:
    before = await world.entries(lease.run.thread_id)
    with pytest.raises(LeaseLostError):
        await write(world.log, lease)
    with pytest.raises(LeaseLostError):
        await world.log.renew(lease)
    with pytest.raises(LeaseLostError):
        await world.log.finish(lease, [finished(lease)], Finished())
    with pytest.raises(LeaseLostError):
        await world.log.abandon(lease)
    assert await world.entries(lease.run.thread_id) == before


class RunLogContract(StoreContract):
    # Beginning

    @scenario
    async def test_run_started_with_the_whole_input_is_the_first_entry(self, world: World) -> None:
        given = RunInput(
            thread_id=THREAD,
            run_id=RunId("run-1"),
            agent_name=key_of().agent_name,
            messages=(UserMessage(id="m", content=(TextPart("Look"), MediaPart("image", "image/png", "AAAA"))),),
            state={"z": 1, "a": [None]},
            tools=(Tool("search", "Finds", {"type": "object", "properties": {"q": {"type": "string"}}}),),
            context=(ContextEntry("page", "/cart"),),
            forwarded_props={"model": "m"},
            parent_run_id="run-0",
        )
        lease = await world.log.begin(SCOPE, given, on_stop=lambda: None)
        assert (lease.run, lease.run_id) == (RunKey(SCOPE, THREAD, 1), RunId("run-1"))
        (entry,) = await world.entries()
        assert (entry.sequence, entry.run, entry.recorded_at) == (1, lease.run, world.clock.now())
        assert entry.event == e.RunStarted(THREAD, "run-1", "run-0", given)

    @scenario
    async def test_a_second_run_on_the_thread_is_refused_while_the_first_is_live(self, world: World) -> None:
        await world.begin(run_id="the-live-one")
        with pytest.raises(BusyError) as caught:
            await world.begin(run_id="another")
        assert caught.value.details == {"thread_id": THREAD, "run_id": "the-live-one"}
        assert len(await world.entries()) == 1

    @scenario
    async def test_of_many_runs_that_begin_at_once_one_wins(self, world: World) -> None:
        results = await asyncio.gather(
            *(world.begin(run_id=f"run-{number}") for number in range(8)), return_exceptions=True
        )
        assert len([result for result in results if isinstance(result, Lease)]) == 1
        assert len([result for result in results if isinstance(result, BusyError)]) == 7
        assert len(await world.entries()) == 1

    @scenario
    async def test_other_threads_and_scopes_have_live_runs_of_their_own(self, world: World) -> None:
        for thread_id, scope in ((THREAD, SCOPE), (OTHER_THREAD, SCOPE), (THREAD, OTHER_SCOPE)):
            lease = await world.begin(thread_id, scope=scope)
            assert lease.run == RunKey(scope, lease.run.thread_id, 1)

    @scenario
    async def test_runs_are_numbered_upwards_within_their_thread(self, world: World) -> None:
        numbers = [(await world.run_through(run_id=f"run-{number}")).run.number for number in range(3)]
        assert numbers == [1, 2, 3]

    @scenario
    async def test_a_run_id_may_come_again(self, world: World) -> None:
        first = await world.run_through(run_id="again")
        second = await world.run_through(run_id="again")
        assert first.run != second.run
        assert [entry.run for entry in await world.entries()] == [first.run, first.run, second.run, second.run]

    # Writing

    @scenario
    async def test_a_threads_events_have_one_rising_sequence_across_its_runs(self, world: World) -> None:
        first = await world.begin(run_id="run-1")
        await world.log.append(first, [text("a"), text("b")])
        await world.log.append(first, [text("c")])
        await world.complete(first)
        second = await world.begin(run_id="run-2")
        await world.log.append(second, [text("d")])
        await world.complete(second)
        entries = await world.entries()
        assert [entry.event for entry in entries] == [
            e.RunStarted(THREAD, "run-1", None, run_input(run_id="run-1")),
            text("a"),
            text("b"),
            text("c"),
            finished(first),
            e.RunStarted(THREAD, "run-2", None, run_input(run_id="run-2")),
            text("d"),
            finished(second),
        ]
        sequences = [entry.sequence for entry in entries]
        assert sequences == sorted(set(sequences))
        assert [entry.run.number for entry in entries] == [1] * 5 + [2] * 3

    @scenario
    async def test_entries_tell_when_they_were_recorded(self, world: World) -> None:
        lease = await world.begin()
        began_at = world.clock.now()
        world.clock.advance(1.5)
        await world.complete(lease)
        assert [entry.recorded_at for entry in await world.entries()] == [began_at, world.clock.now()]

    @scenario
    async def test_appending_nothing_changes_nothing(self, world: World) -> None:
        lease = await world.begin()
        await world.log.append(lease, [])
        assert len(await world.entries()) == 1

    @scenario
    async def test_events_of_every_shape_come_back_as_they_were(self, world: World) -> None:
        events: list[e.Event] = [
            text("日本 🎉 nul\x00 half \ud83d"),
            e.TextMessageContent("m", "x", subagent_run_id="s", timestamp=7, raw_event={"b": 1, "a": 2}, metadata={}),
            e.ToolCallArgs("c", '{"a":'),
            e.ToolCallEnd("c", closed_by_runtime=True),
            e.StateSnapshot({"z": [1, {"y": None}], "a": 1.5}),
            e.StateDelta(({"op": "add", "path": "/b", "value": {"c": []}},)),
            e.MessagesSnapshot((UserMessage(id="m", content="Hello"),)),
            e.AgentStateMessage("writer", {"a": 1}, node_name="plan", running=False),
            e.Custom("anything", ["goes"]),
            e.Raw({"event": {"deep": [[]]}}, "elsewhere"),
        ]
        lease = await world.begin()
        await world.log.append(lease, events)
        assert (await world.events())[1:] == events

    @scenario
    async def test_a_producer_that_changes_a_payload_later_does_not_change_the_log(self, world: World) -> None:
        state: dict[str, Any] = {"steps": []}
        lease = await world.begin()
        for step in ("one", "two"):
            state["steps"].append(step)
            await world.log.append(lease, [e.StateSnapshot(state)])
        state.clear()
        assert (await world.events())[1:] == [
            e.StateSnapshot({"steps": ["one"]}),
            e.StateSnapshot({"steps": ["one", "two"]}),
        ]

    @scenario
    async def test_an_agent_that_changes_its_input_does_not_change_the_log(self, world: World) -> None:
        state: dict[str, Any] = {"a": 1}
        given = RunInput(thread_id=THREAD, run_id=RunId("run-1"), state=state)
        await world.log.begin(SCOPE, given, on_stop=lambda: None)
        state["a"] = 2
        (event,) = await world.events()
        assert isinstance(event, e.RunStarted)
        assert event.input is not None
        assert event.input.state == {"a": 1}

    # Ending

    @scenario
    async def test_finishing_writes_the_closing_events_and_frees_the_thread_at_once(self, world: World) -> None:
        first = await world.begin()
        closing: list[e.Event] = [e.TextMessageEnd("message-1", closed_by_runtime=True), finished(first)]
        await world.log.finish(first, closing, Finished())
        second = await world.begin(run_id="run-2")
        assert second.run.number == 2
        assert (await world.events())[1:3] == closing

    @scenario
    async def test_a_run_may_end_with_any_outcome(self, world: World) -> None:
        outcomes: list[Outcome] = [
            Finished({"a": 1}, ({"tokens": 2},)),
            Interrupted((Interrupt("i-1", {"question": "Sure?"}),)),
            Stopped(),
            Failed("The agent broke.", "AGENT_FAILED"),
            Denied("Not about that."),
        ]
        for outcome in outcomes:
            lease = await world.begin()
            await world.log.finish(lease, [finished(lease)], outcome)
        assert len(await world.entries()) == 2 * len(outcomes)

    @scenario
    async def test_a_finished_run_takes_nothing_more(self, world: World) -> None:
        lease = await world.run_through()
        await assert_lost(world, lease)

    @scenario
    async def test_a_finished_runs_lease_has_no_power_over_the_next_run(self, world: World) -> None:
        first = await world.run_through()
        second = await world.begin(run_id="run-2")
        await assert_lost(world, first)
        await world.complete(second)

    @scenario
    async def test_an_abandoned_run_leaves_no_entries_and_takes_nothing_more(self, world: World) -> None:
        await world.run_through(run_id="kept")
        before = await world.entries()
        lease = await world.begin(run_id="abandoned")
        await world.log.append(lease, [text("gone")])
        await world.log.abandon(lease)
        assert await world.entries() == before
        await assert_lost(world, lease)

    @scenario
    async def test_abandoning_a_threads_only_content_removes_the_thread(self, world: World) -> None:
        lease = await world.begin()
        await world.log.abandon(lease)
        assert await world.events() == []
        assert await world.threads.get(SCOPE, THREAD) is None
        await assert_lost(world, lease)

    @scenario
    async def test_abandoning_leaves_the_states_of_the_thread(self, world: World) -> None:
        lease = await world.begin()
        await world.save()
        await world.log.abandon(lease)
        assert await world.store.load(key_of()) is not None
        assert await world.threads.get(SCOPE, THREAD) is not None

    @scenario
    async def test_a_run_begun_after_an_abandoned_one_is_not_mistaken_for_it(self, world: World) -> None:
        abandoned = await world.begin()
        await world.log.abandon(abandoned)
        lease = await world.begin()
        await assert_lost(world, abandoned)
        await world.complete(lease)
        assert len(await world.events()) == 2

    @scenario
    async def test_sequence_numbers_of_an_abandoned_run_do_not_mislead_a_reader(self, world: World) -> None:
        await world.run_through()
        abandoned = await world.begin()
        seen = (await world.entries())[0].sequence
        await world.log.abandon(abandoned)
        lease = await world.run_through(run_id="run-3")
        behind = await world.entries(after=seen)
        assert behind[-1].event == finished(lease)
        sequences = [entry.sequence for entry in behind]
        assert sequences == sorted(set(sequences))

    # Leases

    @scenario
    async def test_nothing_is_taken_over_before_its_lease_runs_out(self, world: World) -> None:
        await world.begin()
        world.clock.advance(LEASE_SECONDS - 0.001)
        assert list(await world.log.expired()) == []

    @scenario
    async def test_an_expired_run_is_taken_over_with_a_higher_token(self, world: World) -> None:
        lease = await world.begin()
        world.clock.advance(LEASE_SECONDS)
        (taken,) = await world.log.expired()
        assert (taken.run, taken.run_id) == (lease.run, lease.run_id)
        assert taken.token > lease.token

    @scenario
    async def test_a_run_taken_over_is_lost_to_its_old_holder_and_finished_by_the_new_one(self, world: World) -> None:
        lease = await world.begin()
        world.clock.advance(LEASE_SECONDS)
        (taken,) = await world.log.expired()
        await assert_lost(world, lease)
        await world.log.append(taken, [text("sealed")])
        await world.complete(taken)
        assert (await world.events())[1:] == [text("sealed"), finished(taken)]
        assert (await world.begin(run_id="run-2")).run.number == 2

    @scenario
    async def test_a_run_taken_over_has_a_lease_of_full_length(self, world: World) -> None:
        await world.begin()
        world.clock.advance(LEASE_SECONDS * 3)
        assert len(await world.log.expired()) == 1
        world.clock.advance(LEASE_SECONDS - 0.001)
        assert list(await world.log.expired()) == []
        world.clock.advance(0.001)
        assert len(await world.log.expired()) == 1

    @scenario
    async def test_two_processes_that_look_at_once_do_not_take_over_the_same_run(self, world: World) -> None:
        for number in range(5):
            await world.begin(f"thread-{number}")
        world.clock.advance(LEASE_SECONDS)
        results = await asyncio.gather(*(world.log.expired() for _ in range(4)))
        taken = [lease.run for leases in results for lease in leases]
        assert sorted(run.thread_id for run in taken) == [f"thread-{number}" for number in range(5)]

    @scenario
    async def test_a_renewed_lease_lasts_from_its_renewal(self, world: World) -> None:
        lease = await world.begin()
        world.clock.advance(LEASE_SECONDS * 0.9)
        await world.log.renew(lease)
        world.clock.advance(LEASE_SECONDS * 0.9)
        assert list(await world.log.expired()) == []
        world.clock.advance(LEASE_SECONDS * 0.1)
        assert len(await world.log.expired()) == 1

    @scenario
    async def test_an_expired_lease_that_nobody_took_over_can_still_write_and_renew(self, world: World) -> None:
        lease = await world.begin()
        world.clock.advance(LEASE_SECONDS * 2)
        await write(world.log, lease)
        assert list(await world.log.expired()) == []
        await world.complete(lease)
        assert len(await world.events()) == 3

    @scenario
    async def test_an_expired_run_keeps_the_thread_busy_until_it_is_taken_over_and_finished(self, world: World) -> None:
        await world.begin()
        world.clock.advance(LEASE_SECONDS * 2)
        with pytest.raises(BusyError):
            await world.begin(run_id="run-2")
        (taken,) = await world.log.expired()
        with pytest.raises(BusyError):
            await world.begin(run_id="run-2")
        await world.complete(taken)
        assert (await world.begin(run_id="run-2")).run.number == 2

    @scenario
    async def test_finished_runs_are_not_taken_over(self, world: World) -> None:
        await world.run_through()
        world.clock.advance(LEASE_SECONDS * 2)
        assert list(await world.log.expired()) == []

    @scenario
    async def test_runs_of_every_scope_are_taken_over(self, world: World) -> None:
        await world.begin(scope=SCOPE)
        await world.begin(scope=OTHER_SCOPE)
        world.clock.advance(LEASE_SECONDS)
        assert {lease.run.scope for lease in await world.log.expired()} == {SCOPE, OTHER_SCOPE}

    # Reading

    @scenario
    async def test_an_unknown_thread_has_no_entries(self, world: World) -> None:
        await world.run_through(scope=OTHER_SCOPE)
        assert list(await world.log.read(SCOPE, THREAD)) == []

    @scenario
    async def test_reading_behind_a_number_gives_what_follows_it(self, world: World) -> None:
        first = await world.begin()
        await world.log.append(first, [text("a"), text("b")])
        await world.complete(first)
        await world.run_through(run_id="run-2")
        entries = await world.entries()
        for index, entry in enumerate(entries):
            assert list(await world.entries(after=entry.sequence)) == list(entries[index + 1 :])

    @scenario
    async def test_a_reader_sees_the_live_run_too(self, world: World) -> None:
        lease = await world.begin()
        await world.log.append(lease, [text("so far")])
        assert (await world.events())[1:] == [text("so far")]

    @scenario
    async def test_what_was_read_does_not_grow_afterwards(self, world: World) -> None:
        lease = await world.begin()
        entries = await world.entries()
        await world.complete(lease)
        assert len(entries) == 1

    # Reading on

    @scenario
    async def test_reading_on_gives_what_is_behind_the_bookmark(self, world: World) -> None:
        await world.run_through(run_id="run-1")
        before = await world.entries()
        await world.run_through(run_id="run-2")
        await world.begin(run_id="run-3")
        assert await world.read_on(before) == (await world.entries())[len(before) :]

    @scenario
    async def test_reading_on_gives_nothing_where_nothing_has_come(self, world: World) -> None:
        await world.run_through()
        assert await world.read_on(await world.entries()) == []

    @scenario
    async def test_reading_on_within_a_run_gives_the_rest_of_it(self, world: World) -> None:
        lease = await world.begin()
        await world.log.append(lease, [text("a"), text("b"), text("c")])
        entries = await world.entries()
        assert await world.read_on(entries[:2]) == entries[2:]

    @scenario
    async def test_compaction_of_what_was_read_does_not_change_where_a_reader_goes_on(self, world: World) -> None:
        lease = await world.begin()
        await world.log.append(lease, [text("a"), text("b")])
        await world.complete(lease)
        before = await world.entries()
        await world.log.compact(lease.run, compacted(before))
        await world.run_through(run_id="run-2")
        assert await world.read_on(before) == await world.entries(after=before[-1].sequence)

    @scenario
    async def test_there_is_no_reading_on_in_a_thread_that_was_removed(self, world: World) -> None:
        await world.run_through()
        before = await world.entries()
        await world.threads.delete(SCOPE, ThreadId(THREAD))
        assert await world.read_on(before) is None
        world.clock.advance(1)
        await world.run_through(run_id="another")
        assert await world.read_on(before) is None

    @scenario
    async def test_there_is_no_reading_on_behind_a_run_that_was_abandoned(self, world: World) -> None:
        lease = await world.begin()
        before = await world.entries()
        await world.log.abandon(lease)
        assert await world.read_on(before) is None
