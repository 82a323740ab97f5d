"""The commit protocol of one request: who is asked when, what is stored, and what a refusal leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from agui_runtime.adapters.memory import MemoryRunLog
from agui_runtime.adapters.scripted import ModelReply, ScriptedAgent, say
from agui_runtime.application.values import AgentRun, Lease, ModelRun, RunContext
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import (
    AgentError,
    ErrorCode,
    InvalidError,
    MisuseError,
    NotFoundError,
    UnavailableError,
)
from agui_runtime.domain.identity import RunId, Scope, ThreadId
from agui_runtime.domain.runs import RunInput
from tests.unit.application.plans import forever
from tests.unit.application.world import (
    WRITER,
    Refusing,
    World,
    agent_that_says,
    events_of,
    model_that_says,
    scenario,
    to_agent,
    to_model,
    user,
)

TEXT = say("m", ["Hi"])


class WatchedLog(MemoryRunLog):
    """Keeps what it is asked, in order."""

    def __init__(self, world: World) -> None:
        super().__init__(world.database, world.clock, 30.0)
        self.asked: list[str] = []
        self.fault_of_append: Exception | None = None

    async def begin(self, scope: Scope, run_input: RunInput, *, on_stop: Callable[[], None]) -> Lease:
        lease = await super().begin(scope, run_input, on_stop=on_stop)
        self.asked.append("begin")
        return lease

    async def append(self, lease: Lease, events: Sequence[e.Event]) -> None:
        if self.fault_of_append is not None:
            raise self.fault_of_append
        await super().append(lease, events)


def watched(**given: Any) -> tuple[World, WatchedLog]:
    world = World(**given)
    world.log = log = WatchedLog(world)
    return World(**given, log=log, database=world.database, clock=world.clock), log


def test_a_run_is_in_the_log_with_its_input_and_its_terminal_event() -> None:
    world = World(agents=(agent_that_says(*TEXT),))

    async def test() -> None:
        events = await world.complete(to_agent())
        assert events == await world.stored_events()
        started = events[0]
        assert isinstance(started, e.RunStarted)
        assert started.input is not None
        assert started.input.messages == (user(),)
        assert [event.type for event in events[1:]] == [*(event.type for event in TEXT), "RUN_FINISHED"]
        assert [message.content for message in await world.history()] == ["Hello", "Hi"]

    scenario(world, test)


@pytest.mark.parametrize("fault", [AgentError("not today"), RuntimeError("not today")])
def test_an_agent_that_refuses_leaves_nothing_behind(fault: Exception) -> None:
    live: list[int] = []
    world = World(agents=(Refusing(fault, lambda: live.append(world.database.statistics().live_runs)),))

    async def test() -> None:
        with pytest.raises(AgentError, match="not today"):
            await world.start(to_agent())
        assert live == [1], "the lease is taken before the agent is asked"
        assert await world.stored_events() == []
        assert world.database.statistics().threads == 0

    scenario(world, test)


def test_a_thread_whose_run_was_refused_takes_the_next_one() -> None:
    refusals = [AgentError("not today")]

    class Moody(Refusing):
        async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
            if refusals:
                raise refusals.pop()
            return await agent_that_says(*TEXT).start(run_input, context)

    world = World(agents=(Moody(AgentError("unused")),))

    async def test() -> None:
        with pytest.raises(AgentError):
            await world.start(to_agent())
        assert isinstance((await world.complete(to_agent()))[-1], e.RunFinished)

    scenario(world, test)


def test_a_request_that_is_given_up_while_the_agent_starts_leaves_nothing_behind() -> None:
    class Slow(Refusing):
        async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
            await forever()
            raise AssertionError

    world = World(agents=(Slow(AgentError("unused")),))

    async def test() -> None:
        asking = asyncio.create_task(world.start(to_agent()))
        await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert world.database.statistics().threads == 0

    scenario(world, test)


def test_with_a_thread_id_the_lease_is_taken_before_the_model_is_asked() -> None:
    world, log = watched(model=model_that_says(*TEXT, reply=lambda _: log.asked.append("start") or ModelReply()))

    async def test() -> None:
        await world.complete(to_model())
        assert log.asked == ["begin", "start"]

    scenario(world, test)


def test_without_a_thread_id_the_models_own_is_waited_for() -> None:
    def reply(_: Any) -> ModelReply:
        log.asked.append("start")
        return ModelReply(ThreadId("the models own"), RunId("r-9"), {"k": 1})

    world, log = watched(model=model_that_says(*TEXT, reply=reply))

    async def test() -> None:
        response = await world.start(to_model(thread_id=None))
        await events_of(response)
        assert log.asked == ["start", "begin"]
        assert (response.thread_id, response.run_id, response.extensions) == ("the models own", "r-9", {"k": 1})
        assert await world.stored_events("the models own") != []

    scenario(world, test)


def test_a_thread_that_nobody_names_gets_an_id() -> None:
    world = World(model=model_that_says(*TEXT), agents=(agent_that_says(*TEXT),))

    async def test() -> None:
        for request in (to_model(thread_id=None), to_agent(thread_id=None)):
            response = await world.start(request)
            await events_of(response)
            assert response.thread_id.startswith("ck-")

    scenario(world, test)


def test_a_model_without_a_lease_is_closed_again() -> None:
    closed: list[int] = []

    async def play(_: Any) -> AsyncIterator[e.Event]:
        try:
            yield TEXT[0]
        finally:
            closed.append(1)

    class Full(WatchedLog):
        async def begin(self, scope: Scope, run_input: RunInput, *, on_stop: Callable[[], None]) -> Lease:
            raise InvalidError("the log is full")

    class Model:
        provider = "test"

        async def start(self, request: Any) -> Any:
            events = play(request)
            await anext(events)
            return ModelRun(events)

    world = World(model=Model())
    world = World(model=Model(), log=Full(world))

    async def test() -> None:
        with pytest.raises(InvalidError, match="full"):
            await world.start(to_model(thread_id=None))
        assert closed == [1]

    scenario(world, test)


def test_a_request_that_stores_nothing_stores_nothing() -> None:
    world = World(model=model_that_says(*TEXT), agents=(agent_that_says(e.StateSnapshot({"n": 1}), *TEXT),))

    async def test() -> None:
        for request in (
            to_model(is_stateless=True),
            to_agent(is_stateless=True),
            to_model(is_stateless=True, thread_id=None),
        ):
            events = await world.complete(request)
            assert events[-1].type == "RUN_FINISHED"
        assert world.database.statistics().threads == 0

    scenario(world, test)


def test_a_request_that_stores_nothing_does_not_wait_for_its_thread() -> None:
    async def hang(_: RunInput, __: RunContext) -> AsyncIterator[e.Event]:
        await forever()
        yield TEXT[0]

    world = World(agents=(ScriptedAgent(WRITER, hang),), model=model_that_says(*TEXT))

    async def test() -> None:
        await world.start(to_agent())
        assert (await world.complete(to_model(is_stateless=True)))[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_an_edit_that_cannot_be_logged_frees_the_thread() -> None:
    world, log = watched(agents=(agent_that_says(*TEXT),))

    async def test() -> None:
        await world.complete(to_agent())
        log.fault_of_append = UnavailableError("the log is away")
        with pytest.raises(UnavailableError):
            await world.start(to_agent(messages=(user(),)))
        assert world.database.statistics().live_runs == 0

    scenario(world, test)


def test_an_unknown_agent_is_named_with_those_there_are() -> None:
    world = World(agents=(agent_that_says(name="a"), agent_that_says(name="b")))

    async def test() -> None:
        with pytest.raises(NotFoundError) as caught:
            await world.start(to_agent("nobody"))
        assert caught.value.code == ErrorCode.AGENT_NOT_FOUND
        assert caught.value.details["available"] == ["a", "b"]

    scenario(world, test)


def test_plain_chat_without_a_model_is_misuse() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        with pytest.raises(MisuseError, match="EmptyAdapter"):
            await world.start(to_model())

    scenario(world, test)


def test_a_draining_runtime_takes_no_request() -> None:
    world = World(agents=(agent_that_says(),))

    async def test() -> None:
        await world.supervisor.drain(0)
        with pytest.raises(UnavailableError):
            await world.start(to_agent())

    scenario(world, test)
