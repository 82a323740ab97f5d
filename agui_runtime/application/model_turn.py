"""One answer of a model within a run: what it says goes on at once, the server tools it calls run beside it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing

from attrs import Factory, define, evolve, frozen

from agui_runtime.application.called_agent import AgentCall
from agui_runtime.application.values import CalledAgent, ServerToolExecutor
from agui_runtime.domain import events as e
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.lifecycle import Lifecycle
from agui_runtime.domain.message_fold import MessageFold
from agui_runtime.domain.messages import Message
from agui_runtime.domain.runs import Finished, RunInput


@define
class _Call:
    name: str
    pieces: list[str] = Factory(list[str])
    execution: asyncio.Task[str] | None = None
    agent: AgentCall | None = None


@frozen
class Toolbox:
    """Who answers which call: the server, another agent, the frontend, or nobody, since models invent names."""

    executor: ServerToolExecutor
    offered: frozenset[str]
    agents: Mapping[str, CalledAgent] = Factory(dict[str, CalledAgent])

    async def execute(self, call_id: str, name: str, arguments: str) -> str:
        """The result of a call that the frontend does not answer."""
        if self.executor.offers(name):
            return await self.executor.execute(call_id, name, arguments)
        return f"There is no tool of the name {name!r}."

    def is_for_frontend(self, name: str) -> bool:
        """Whether the frontend executes it."""
        return name in self.offered and not self.executor.offers(name) and name not in self.agents

    def agent(self, name: str) -> CalledAgent | None:
        """The agent that answers it; tools of the server go first."""
        return None if self.executor.offers(name) else self.agents.get(name)


class ModelTurn:
    """Reads one answer to its end.

    Attributes:
        error: the model's own RUN_ERROR, if it ended so.
        usage: what the model reported in its RUN_FINISHED.
    """

    def __init__(self, toolbox: Toolbox, run_input: RunInput, said: tuple[Message, ...] = ()) -> None:
        self.error: e.RunError | None = None
        self.usage: tuple[JsonObject, ...] = ()
        self._toolbox = toolbox
        self._input = run_input
        self._said = said
        self._lifecycle = Lifecycle()
        self._fold = MessageFold()
        self._calls: dict[str, _Call] = {}

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the answer adds to the conversation, the results that there are included."""
        return self._fold.messages()

    @property
    def is_for_model(self) -> bool:
        """Whether the model is to go on: it called tools, and none of the calls is the frontend's."""
        return bool(self._calls) and not any(self._waits_for_frontend(call) for call in self._calls.values())

    async def events(self, source: AsyncIterator[e.Event]) -> AsyncGenerator[e.Event, None]:
        """The answer, chunks expanded and without a run's boundary; what the model leaves open, its end completes."""
        async for event in source:
            for piece in self._lifecycle.feed(event):
                await self._note(piece)
                yield piece
        for piece in (*self._lifecycle.end_of_stream(), *self._closers()):
            await self._note(piece)
            yield piece
        match self._lifecycle.ending:
            case e.RunError() as error:
                self.error, self.usage = error, error.usage
            case e.RunFinished(usage=usage):
                self.usage = usage
            case None:
                pass

    async def results(self) -> AsyncGenerator[e.Event, None]:
        """The results of the calls that the frontend does not answer, in the order of the calls.

        What agents say goes before theirs. To the model it is their result alone.
        """
        for call_id, call in self._calls.items():
            if call.agent is not None:
                async with aclosing(call.agent.events(self._said)) as said:
                    async for event in said:
                        yield event
                yield self._result(call_id, call.agent.result)
            if call.execution is not None:
                yield self._result(call_id, await call.execution)

    async def cancel(self) -> None:
        """Stop the tools that still run."""
        running = [call.execution for call in self._calls.values() if call.execution is not None]
        for execution in running:
            execution.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _result(self, call_id: str, content: str) -> e.ToolCallResult:
        result = e.ToolCallResult(f"result-{call_id}", call_id, content)
        self._fold.apply((result,))
        return result

    def _waits_for_frontend(self, call: _Call) -> bool:
        return self._toolbox.is_for_frontend(call.name) or (call.agent is not None and call.agent.waits_for_frontend)

    async def _note(self, event: e.Event) -> None:
        self._fold.apply((event,))
        match event:
            case e.ToolCallStart(tool_call_id=call_id, tool_call_name=name):
                self._calls.setdefault(call_id, _Call(name))
            case e.ToolCallArgs(tool_call_id=call_id, delta=delta):
                self._calls[call_id].pieces.append(delta)
            case e.ToolCallEnd(tool_call_id=call_id):
                await self._execute(call_id, self._calls[call_id])
            case _:
                pass

    async def _execute(self, call_id: str, call: _Call) -> None:
        if call.execution is not None or self._toolbox.is_for_frontend(call.name):
            return
        agent = self._toolbox.agent(call.name)
        if agent is not None:
            call.agent = AgentCall(agent, self._input, self._toolbox.is_for_frontend)
            return
        execution = self._toolbox.execute(call_id, call.name, "".join(call.pieces))
        call.execution = asyncio.create_task(execution, name=f"tool {call.name}")
        # Begun before the call's end is told: whoever reads it would else execute the call itself, one after another.
        await asyncio.sleep(0)

    def _closers(self) -> Sequence[e.Event]:
        if self._lifecycle.ending is not None:
            return ()
        ids = self._input
        closers = self._lifecycle.finalize(Finished(), thread_id=ids.thread_id, run_id=ids.run_id)[:-1]
        return [evolve(event, closed_by_runtime=False) for event in closers if isinstance(event, e.ClosableEvent)]


def add_up(usage: Sequence[JsonObject]) -> tuple[JsonObject, ...]:
    """One entry for each provider and model, its counts added up."""
    totals: dict[tuple[str, str], dict[str, JsonValue]] = {}
    for entry in usage:
        total = totals.setdefault((str(entry.get("provider")), str(entry.get("model"))), {})
        for key, value in entry.items():
            known: JsonValue = total.get(key)
            total[key] = known + value if isinstance(value, int) and isinstance(known, int) else value
    return tuple(totals.values())
