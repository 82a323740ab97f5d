"""A language model as an agent: it answers, calls tools, reads their results, and answers again (design §4)."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from typing import Literal, get_args

from attrs import evolve

from agui_runtime.application.failures import failure_of, named
from agui_runtime.application.iterators import close
from agui_runtime.application.model_turn import ModelTurn, Toolbox, add_up
from agui_runtime.application.ports import LanguageModel
from agui_runtime.application.shared_state import SharedState, StateAccess
from agui_runtime.application.values import AgentDescription, AgentRun, CalledAgent, ModelRequest, RunContext
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import Event, RunFinished, ToolCallResult
from agui_runtime.domain.history_repair import repair_history
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.messages import Message, SystemMessage
from agui_runtime.domain.runs import ContextEntry, RunInput
from agui_runtime.domain.tools import Tool, first_of_each_name

DEFAULT_AGENT = AgentName("default")
"""The name that a frontend asks for where it names none (contract agui §2)."""

MAX_STEPS = 10
_FORCED = frozenset({"toolChoice", "toolChoiceFunctionName"})


class ModelAgent:
    """Makes an ``Agent`` of a ``LanguageModel``.

    Server tools are executed, those of one answer beside each other, and the model is asked again with their results.
    A call of a frontend's tool ends the run, so that the client executes it and comes back with the result (contract
    agui §8). What the model sees is the client's conversation, repaired, behind the instructions and the frontend's
    context.

    Args:
        model: who answers.
        name: as frontends address it.
        description: for people, and for models that use the agent as a tool.
        instructions: stand before every conversation.
        max_steps: how often the model is asked in one run; a run that has used them up ends with the last results.
        state: whether the model knows the state that the page shares (``read``), and may change it too (``edit``).
            ``hidden`` by default, since what the model knows its provider does.
        agents: names of the runtime's other agents that the model may call as tools, or ``"all"``; none by default.
            An agent that is called sees the conversation, and what the run has said before; what it says goes out
            with the run's events, is read by the model, and its state is kept under its own name.

    Raises:
        ConfigurationError: ``max_steps`` is less than 1, ``state`` is none of these, or ``agents`` is another text.
        InvalidError: the name is none for an agent.
    """

    def __init__(
        self,
        model: LanguageModel,
        name: str = DEFAULT_AGENT,
        *,
        description: str = "",
        instructions: str = "",
        max_steps: int = MAX_STEPS,
        state: StateAccess = "hidden",
        agents: Collection[str] | Literal["all"] = (),
    ) -> None:
        if max_steps < 1:
            raise ConfigurationError(f"max_steps of the agent {name!r} must be 1 or more, not {max_steps}.")
        if state not in get_args(StateAccess):
            raise ConfigurationError(f"state of the agent {name!r} must be hidden, read or edit, not {state!r}.")
        if isinstance(agents, str) and agents != "all":
            raise ConfigurationError(f'agents of the agent {name!r} must be a list of names or "all", not {agents!r}.')
        self._model = model
        self._agents = agents
        self._state: StateAccess = state
        self._description = AgentDescription(AgentName(name), description)
        self._instructions = instructions
        self._max_steps = max_steps

    def describe(self) -> AgentDescription:
        """Its name and description."""
        return self._description

    async def open(self) -> None:
        """Open the model, where it wants that."""
        await _call(self._model, "open")

    async def close(self) -> None:
        """Close the model, where it wants that."""
        await _call(self._model, "close")

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Ask the model.

        Raises:
            AguiError: it cannot be reached or refuses.
        """
        agents = await self._called(run_input, context)
        state = SharedState(run_input.state, self._state, context.tools, run_input.tools)
        request = ModelRequest(
            messages=self._conversation(run_input, state),
            tools=_tools(run_input, context, [agent.tool for agent in agents], state),
            thread_id=run_input.thread_id,
            run_id=run_input.run_id,
            forwarded_parameters=run_input.forwarded_props,
            properties=context.properties,
        )
        offered = frozenset(tool.name for tool in run_input.tools)
        toolbox = Toolbox(state, offered, {agent.tool.name: agent for agent in agents})
        loop = _Loop(self._model, str(self._description.name), self._max_steps, run_input, request, toolbox, state)
        await loop.begin()
        return AgentRun(loop)

    async def _called(self, run_input: RunInput, context: RunContext) -> Sequence[CalledAgent]:
        if not self._agents:
            return ()
        names = None if self._agents == "all" else frozenset(self._agents)
        return await context.agents.offered(run_input, context, names)

    def _conversation(self, run_input: RunInput, state: SharedState) -> tuple[Message, ...]:
        preface = "\n\n".join(filter(None, (self._instructions, _told(run_input.context), state.description)))
        messages = repair_history(run_input.messages)
        return (SystemMessage(id="instructions", content=preface), *messages) if preface else messages


class _Loop(AsyncIterator[Event]):
    """The run's events.

    A class and not a bare generator: closing a generator that was never started runs none of its code, and the
    model's connection would stay open.
    """

    def __init__(
        self,
        model: LanguageModel,
        name: str,
        max_steps: int,
        run_input: RunInput,
        request: ModelRequest,
        toolbox: Toolbox,
        state: SharedState,
    ) -> None:
        self._model = model
        self._name = name
        self._steps_left = max_steps
        self._input = run_input
        self._request = request
        self._toolbox = toolbox
        self._state = state
        self._source: AsyncIterator[Event] | None = None
        self._said: tuple[Message, ...] = ()
        self._usage: list[JsonObject] = []
        self._events = self._run()

    async def begin(self) -> None:
        """Ask the model for the next answer."""
        self._steps_left -= 1
        try:
            self._source = (await self._model.start(self._request)).events
        except Exception as error:
            raise named(failure_of(error), self._name) from error

    async def __anext__(self) -> Event:
        """The next event."""
        return await anext(self._events)

    async def aclose(self) -> None:
        """Stop tools, and the model's answer."""
        await self._events.aclose()
        await self._close_source()

    async def _run(self) -> AsyncGenerator[Event, None]:
        goes_on = True
        while goes_on:
            turn = ModelTurn(self._toolbox, self._input, self._said)
            async with aclosing(self._step(turn)) as said:
                async for event in said:
                    yield event
            self._usage.extend(turn.usage)
            if turn.error is not None:
                yield evolve(turn.error, usage=add_up(self._usage))
                return
            goes_on = turn.is_for_model and self._steps_left > 0
            if goes_on:
                self._said = (*self._said, *turn.messages)
                self._request = _next_request(self._request, turn.messages)
                await self.begin()
        yield RunFinished(self._input.thread_id, self._input.run_id, usage=add_up(self._usage))

    async def _step(self, turn: ModelTurn) -> AsyncGenerator[Event, None]:
        assert self._source is not None  # noqa: S101 - begun before it is read
        try:
            async with aclosing(turn.events(self._source)) as said:
                async for event in said:
                    yield event
            async with aclosing(turn.results()) as results:
                async for result in results:
                    yield result
                    if isinstance(result, ToolCallResult):
                        for change in self._state.changes_of(result.tool_call_id):
                            yield change
        except Exception as error:
            raise named(failure_of(error), self._name) from error
        finally:
            await self._close_source()
            await turn.cancel()

    async def _close_source(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            await close(source)


def _tools(run_input: RunInput, context: RunContext, agents: Sequence[Tool], state: SharedState) -> tuple[Tool, ...]:
    """The first of a name wins: the server's, agents, the frontend's (contract graphql §3)."""
    of_server = tuple(tool for tool in run_input.tools if context.tools.offers(tool.name))
    return first_of_each_name(of_server, tuple(agents), run_input.tools, state.tools)


def _next_request(request: ModelRequest, said: tuple[Message, ...]) -> ModelRequest:
    # A tool that the client forces is forced once; else the model would call it for ever.
    parameters = {key: value for key, value in request.forwarded_parameters.items() if key not in _FORCED}
    return evolve(request, messages=repair_history((*request.messages, *said)), forwarded_parameters=parameters)


def _told(context: tuple[ContextEntry, ...]) -> str:
    if not context:
        return ""
    return "Context from the application:\n" + "\n".join(f"- {entry.description}: {entry.value}" for entry in context)


async def _call(model: LanguageModel, name: str) -> None:
    method: Callable[[], Awaitable[None]] | None = getattr(model, name, None)
    if method is not None:
        await method()
