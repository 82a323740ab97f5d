"""What is behind a thread is read once, and then only what has come since."""

import asyncio
from collections.abc import Sequence

import pytest
from attrs import define, field

from agui_runtime.adapters.memory import MemoryDatabase, MemoryRunLog
from agui_runtime.adapters.scripted import say
from agui_runtime.application.known_threads import KnownThreads
from agui_runtime.application.open_interrupts import OpenInterrupts
from agui_runtime.application.values import Bookmark, LogEntry
from agui_runtime.domain.events import RunFinished, TextMessageContent
from agui_runtime.domain.identity import RunId, Scope, ThreadId
from agui_runtime.domain.messages import UserMessage
from agui_runtime.domain.runs import Finished, Interrupt, RunInput
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.application.world import CALLER, SCOPE, THREAD, World, agent_that_says, scenario, to_agent, user

OTHER = ThreadId("other-thread")


class CountingLog(MemoryRunLog):
    """Counts the entries that it hands out."""

    handed_out = 0
    whole_readings = 0

    async def read(self, scope: Scope, thread_id: ThreadId, *, after: int = 0) -> Sequence[LogEntry]:
        self.whole_readings += 1
        found = await super().read(scope, thread_id, after=after)
        self.handed_out += len(found)
        return found

    async def read_on(self, scope: Scope, thread_id: ThreadId, bookmark: Bookmark) -> Sequence[LogEntry] | None:
        found = await super().read_on(scope, thread_id, bookmark)
        await asyncio.sleep(0)
        self.handed_out += len(found or ())
        return found


@define
class Thread:
    """Runs of ten pieces each."""

    clock: FakeClock = field(factory=FakeClock)
    database: MemoryDatabase = field(factory=MemoryDatabase)
    log: CountingLog = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.log = CountingLog(self.database, self.clock, 30.0)

    async def add(self, name: str, *, thread_id: ThreadId = THREAD, interrupts: tuple[Interrupt, ...] = ()) -> None:
        asked = UserMessage(id=f"{name}-question", content="Hello")
        lease = await self.log.begin(SCOPE, RunInput(thread_id, RunId(name), messages=(asked,)), on_stop=lambda: None)
        opening, *_, closing = say(f"{name}-answer", ["Hi"])
        pieces = [TextMessageContent(f"{name}-answer", str(number)) for number in range(10)]
        await self.log.append(lease, [opening, *pieces, closing])
        await self.log.finish(lease, [RunFinished(thread_id, RunId(name), interrupts=interrupts)], Finished())


def test_each_reading_costs_what_is_new_however_long_the_thread_is() -> None:
    async def test() -> None:
        thread = Thread()
        known = KnownThreads(thread.log)
        costs: list[int] = []
        for number in range(20):
            before = thread.log.handed_out
            past, live = await known.read(SCOPE, THREAD)
            costs.append(thread.log.handed_out - before)
            assert (len(past.outline), live) == (2 * number, ())
            await thread.add(f"run-{number}")
        assert set(costs[1:]) == {14}

    run(test())


def test_a_look_for_open_questions_costs_what_is_new_however_long_the_thread_is() -> None:
    async def test() -> None:
        thread = Thread()
        open_interrupts = OpenInterrupts(KnownThreads(thread.log), thread.clock)
        costs: list[int] = []
        for number in range(20):
            before = thread.log.handed_out
            waiting = await open_interrupts(CALLER, THREAD)
            costs.append(thread.log.handed_out - before)
            assert [question.interrupt.id for question in waiting] == [f"q{number}"] * (number > 0)
            await thread.add(f"run-{number}", interrupts=(Interrupt(f"q{number + 1}"),))
        assert set(costs[1:]) == {14}
        before = thread.log.handed_out
        assert len(await open_interrupts(CALLER, THREAD)) == 1
        assert len(await open_interrupts(CALLER, THREAD)) == 1
        assert thread.log.handed_out == before + 14, "nothing new, nothing read"

    run(test())


def test_a_run_under_way_has_answered_the_questions_before_it() -> None:
    async def test() -> None:
        thread = Thread()
        open_interrupts = OpenInterrupts(KnownThreads(thread.log), thread.clock)
        await thread.add("run-1", interrupts=(Interrupt("q1"),))
        assert len(await open_interrupts(CALLER, THREAD)) == 1
        lease = await thread.log.begin(SCOPE, RunInput(THREAD, RunId("run-2")), on_stop=lambda: None)
        assert await open_interrupts(CALLER, THREAD) == []
        await thread.log.abandon(lease)
        assert len(await open_interrupts(CALLER, THREAD)) == 1, "it is as if it had never begun"

    run(test())


def test_the_newest_runs_questions_alone_are_open() -> None:
    async def test() -> None:
        thread = Thread()
        known = KnownThreads(thread.log)
        await thread.add("run-1", interrupts=(Interrupt("q1"),))
        past, _ = await known.read(SCOPE, THREAD)
        assert [question.interrupt.id for question in past.questions] == ["q1"]
        await thread.add("run-2", interrupts=(Interrupt("q2"),))
        past, _ = await known.read(SCOPE, THREAD)
        assert [question.interrupt.id for question in past.questions] == ["q2"]
        await thread.add("run-3")
        past, _ = await known.read(SCOPE, THREAD)
        assert past.questions == []

    run(test())


def test_requests_that_read_at_once_take_a_run_once() -> None:
    async def test() -> None:
        thread = Thread()
        known = KnownThreads(thread.log)
        await thread.add("run-1")
        await known.read(SCOPE, THREAD)
        await thread.add("run-2")
        readings = await asyncio.gather(*(known.read(SCOPE, THREAD) for _ in range(5)))
        assert [[message.id for message in past.outline] for past, _ in readings] == [
            ["run-1-question", "run-1-answer", "run-2-question", "run-2-answer"]
        ] * 5

    run(test())


@pytest.mark.parametrize("is_begun_anew", [True, False])
def test_a_thread_that_was_erased_is_not_remembered(is_begun_anew: bool) -> None:
    async def test() -> None:
        thread = Thread()
        known = KnownThreads(thread.log)
        await thread.add("run-1")
        await known.read(SCOPE, THREAD)
        record = thread.database.find(SCOPE, THREAD)
        assert record is not None
        thread.database.drop(record)
        thread.clock.advance(1)
        if is_begun_anew:
            await thread.add("another")
        past, _ = await known.read(SCOPE, THREAD)
        assert [message.id for message in past.outline] == (
            ["another-question", "another-answer"] if is_begun_anew else []
        )

    run(test())


def test_the_thread_used_longest_ago_is_forgotten_first() -> None:
    async def test() -> None:
        thread = Thread()
        known = KnownThreads(thread.log, max_messages=3)
        await thread.add("run-1")
        await thread.add("run-1", thread_id=OTHER)
        await known.read(SCOPE, THREAD)
        await known.read(SCOPE, OTHER)
        before = thread.log.whole_readings
        await known.read(SCOPE, OTHER)
        assert thread.log.whole_readings == before
        past, _ = await known.read(SCOPE, THREAD)
        assert thread.log.whole_readings == before + 1
        assert len(past.outline) == 2

    run(test())


def test_an_edit_of_a_remembered_thread_keeps_the_words_before_it() -> None:
    world = World(agents=(agent_that_says(*say("a", ["Hi"])),))

    async def test() -> None:
        log = CountingLog(world.database, world.clock, 30.0)
        world.log = log
        for number in range(3):
            asked = tuple(user(f"text {each}", f"q{each}") for each in range(number + 1))
            await world.complete(to_agent(messages=asked))
        await world.complete(to_agent(messages=(user("text 0", "q0"), user("instead", "q9"))))
        told = [(message.id, getattr(message, "content", "")) for message in await world.history()]
        assert told[0] == ("q0", "text 0")
        assert ("q9", "instead") in told
        assert not {"q1", "q2"} & {name for name, _ in told}

    scenario(world, test)
